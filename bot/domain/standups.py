"""One round of a stand-up: the same questions to several people, and what each of them answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.domain import words
from bot.domain.ledger import Subject
from bot.domain.people import Person
from bot.domain.presence import Absence
from bot.domain.questions import USUAL_QUESTIONS, Question
from bot.domain.refusals import Refusal, Stale
from bot.domain.spans import rounded
from bot.domain.standup_plans import Posting, Standup

ANSWER_WINDOW = timedelta(hours=3)
LATE_CLOSE = timedelta(minutes=5)  # a round that ends this long after its time says so
MOST_PEOPLE = 50  # more are hardly meant, and would be as many direct messages
NOT_A_BLOCKER = frozenset(
    {"", "-", "–", "no", "none", "nope", "nothing", "n/a", "na", "nothing today", "not blocked"}
)


class RoundState(StrEnum):
    """Whether answers are still awaited."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Prompt:
    """When somebody is asked, and until when they can answer in time, UTC; ``zone`` is where that was read."""

    user_id: str
    zone: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One stand-up of one day in one channel: of a stand-up that runs by itself, or asked for by somebody at once.

    Attributes:
        day: the day it is about, as whoever started it (or each of its members) reads the calendar.
        people: user ids of everybody that is asked.
        closed_late_by: how long after its time it was closed, where that was worth saying.
        standup_id, occasion: of which stand-up, and ``<stand-up>/<day>``; "" where somebody asked for it at once.
        name, questions, posting: those of the stand-up when the round was planned.
        prompts: when each of its people is asked; empty where all are asked as it opens.
        absent: members who are not asked on this day, and why.
        missed: user ids of people who could not be asked in time, since the bot was down.
        missed_before: days of which this stand-up had a round that passed while the bot was down.
    """

    PREFIX: ClassVar[str] = "S"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "channel", "standup_id", "occasion")

    channel: str
    day: date
    people: tuple[str, ...]
    opened_by: str
    opened_at: datetime
    closes_at: datetime
    state: RoundState = RoundState.OPEN
    closed_at: datetime | None = None
    closed_by_name: str = ""
    closed_late_by: timedelta | None = None
    standup_id: str = ""
    occasion: str = ""
    name: str = ""
    questions: tuple[Question, ...] = USUAL_QUESTIONS
    posting: Posting = Posting.AS_THEY_COME
    prompts: tuple[Prompt, ...] = ()
    absent: tuple[Absence, ...] = ()
    missed: tuple[str, ...] = ()
    missed_before: tuple[date, ...] = ()
    id: str = ""

    @classmethod
    def open(
        cls, channel: str, people: tuple[str, ...], by: Person, at: datetime, window: timedelta = ANSWER_WINDOW
    ) -> Self:
        """A new round. Raises ``Refusal`` where nobody, or too many, would be asked."""
        if not people:
            raise Refusal(
                "Nobody would be asked. Name people with “/standup start with @Ana @Tom”, "
                "or give the team file a role “standup”.",
                field="people",
            )
        if len(people) > MOST_PEOPLE:
            raise Refusal(
                f"That would ask {len(people):,} people, and {MOST_PEOPLE} is the most. Name them with "
                "“/standup start with @Ana @Tom”, or give the team file a role “standup”.",
                field="people",
            )
        return cls(
            channel=channel,
            day=at.astimezone(by.tz).date(),
            people=tuple(dict.fromkeys(people)),
            opened_by=by.id,
            opened_at=at,
            closes_at=at + window,
        )

    @classmethod
    def planned(
        cls, standup: Standup, day: date, prompts: Sequence[Prompt], absent: Sequence[Absence], at: datetime
    ) -> Self:
        """A round of a stand-up that runs by itself, opened before anybody is asked."""
        return cls(
            channel=standup.channel,
            day=day,
            people=(),
            opened_by="",
            opened_at=at,
            closes_at=at,
            standup_id=standup.id,
            occasion=occasion(standup.id, day),
            name=standup.name,
            questions=standup.setup.questions,
            posting=standup.setup.posting,
        ).replan(prompts, absent)

    def replan(self, prompts: Sequence[Prompt], absent: Sequence[Absence]) -> Self:
        """The round with other people or other times; who joined it by themselves stays in it."""
        planned = {prompt.user_id for prompt in self.prompts}
        joined = [user_id for user_id in self.people if user_id not in planned]
        return replace(
            self,
            prompts=tuple(prompts),
            absent=tuple(absent),
            people=tuple(dict.fromkeys((*(prompt.user_id for prompt in prompts), *joined))),
            closes_at=max((prompt.until for prompt in prompts), default=self.closes_at),
        )

    def prompt_for(self, user_id: str) -> Prompt | None:
        """When somebody is asked, where that is planned."""
        return next((prompt for prompt in self.prompts if prompt.user_id == user_id), None)

    def miss(self, *user_ids: str) -> Self:
        """The round with people who could not be asked in time; itself where that is known."""
        missed = tuple(dict.fromkeys((*self.missed, *user_ids)))
        return self if missed == self.missed else replace(self, missed=missed)

    @property
    def is_open(self) -> bool:
        """Whether answers are still awaited."""
        return self.state is RoundState.OPEN

    @property
    def subject(self) -> Subject:
        """How the ledger names it."""
        return Subject("round", self.id)

    def join(self, user_id: str) -> Self:
        """The round with somebody that was not asked but has something to say; itself where they were asked."""
        return self if user_id in self.people else replace(self, people=(*self.people, user_id))

    def close(self, at: datetime, by: Person | None = None) -> Self:
        """The round at its end; by nobody where its time is up, or everybody is in.

        Raises ``Stale`` where it was closed before.
        """
        if self.closed_at is not None:
            who = f"by {self.closed_by_name} " if self.closed_by_name else ""
            raise Stale(
                f"Stand-up {self.id} was closed {who}{rounded(at - self.closed_at)} ago. "
                f"Late answers are still welcome: “/standup answer {self.id}”."
            )
        late = at - self.closes_at
        return replace(
            self,
            state=RoundState.CLOSED,
            closed_at=at,
            closed_by_name=by.name if by else "",
            closed_late_by=late if late > LATE_CLOSE else None,
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """The three lines of an answer, as they were written."""

    since: str = ""
    next: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandupAnswer:
    """What one person said in one round, or that they pass; their words, which can be erased with the row.

    Its id is ``<round>/<user id>``, so nobody answers twice: an answer is edited instead.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("round_id", "user_id", "skipped")

    id: str
    round_id: str
    user_id: str
    at: datetime
    since: str = ""
    next: str = ""
    blocked: str = ""
    skipped: bool = False
    late_by: timedelta | None = None
    edited_at: datetime | None = None

    @classmethod
    def give(cls, round: Round, user_id: str, at: datetime, lines: Lines) -> Self:
        """An answer; late where the round is closed. Raises ``Refusal`` where it says nothing, or too much."""
        late_by = at - round.closed_at if round.closed_at is not None else None
        blank = cls(id=answer_id(round.id, user_id), round_id=round.id, user_id=user_id, at=at, late_by=late_by)
        return blank._saying(lines)

    @classmethod
    def skip(cls, round: Round, user_id: str, at: datetime) -> Self:
        """Word that somebody passes today."""
        return cls(id=answer_id(round.id, user_id), round_id=round.id, user_id=user_id, at=at, skipped=True)

    @property
    def is_late(self) -> bool:
        """Whether it came after the round was closed."""
        return self.late_by is not None

    @property
    def is_blocked(self) -> bool:
        """Whether it names something that holds them up."""
        return bool(self.blocked)

    def edit(self, round: Round, at: datetime, lines: Lines) -> Self:
        """The answer in other words; the first words after a skip count as given now."""
        if self.skipped:
            return self.give(round, self.user_id, at, lines)
        edited = self._saying(lines)
        return self if edited == self else replace(edited, edited_at=at)

    def _saying(self, lines: Lines) -> Self:
        kept = lines.blocked.strip()
        answer = replace(
            self,
            since=words.optional(lines.since, "since", "answer"),
            next=words.optional(lines.next, "next", "answer"),
            blocked="" if kept.lower().rstrip(".!") in NOT_A_BLOCKER else words.optional(kept, "blocked", "answer"),
        )
        if not (answer.since or answer.next or answer.blocked):
            raise Refusal("The answer says nothing yet. Fill one of the three lines, or skip today.", field="next")
        return answer


def occasion(standup_id: str, day: date) -> str:
    """Names the round of a stand-up on a day, of which there is only one."""
    return f"{standup_id}/{day.isoformat()}"


def answer_id(round_id: str, user_id: str) -> str:
    """The id of the answer that somebody gives in a round."""
    return f"{round_id}/{user_id}"
