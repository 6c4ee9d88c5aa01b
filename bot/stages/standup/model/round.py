"""One round of a stand-up: the same questions to several people, and what each of them answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core.durations import rounded
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.stages.standup.model.questions import USUAL_QUESTIONS, Question
from bot.stages.standup.model.setup import Posting, Standup
from bot.team.people.model.presence import Absence

ANSWER_WINDOW = timedelta(hours=3)
LATE_CLOSE = timedelta(minutes=5)  # a round that ends this long after its time says so
MOST_PEOPLE = 50  # more are hardly meant, and would be as many direct messages


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
        asked_in_time, asked_late: how many were asked so, counted at its end.
        missed_before: days of which this stand-up had a round that passed while the bot was down.
    """

    PREFIX: ClassVar[str] = "S"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "standup_id", "occasion", "channel+state", "standup_id+state")

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
    asked_in_time: int = 0
    asked_late: int = 0
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

    def opened_to_see(self, now: datetime) -> bool:
        """Whether its message is in the channel: as soon as the first of its people is asked."""
        return not self.prompts or self.prompts[0].at <= now

    def prompt_for(self, user_id: str) -> Prompt | None:
        """When somebody is asked, where that is planned."""
        return next((prompt for prompt in self.prompts if prompt.user_id == user_id), None)

    def until(self, user_id: str) -> datetime:
        """Until when somebody can answer in time."""
        prompt = self.prompt_for(user_id)
        return prompt.until if prompt else self.closes_at

    def late_by(self, user_id: str, at: datetime) -> timedelta | None:
        """How much too late they answer now; nothing where that is in time."""
        prompt = self.prompt_for(user_id)
        ends = [end for end in (prompt and prompt.until, self.closed_at) if end is not None and end <= at]
        return at - min(ends) if ends else None

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


def occasion(standup_id: str, day: date) -> str:
    """Names the round of a stand-up on a day, of which there is only one."""
    return f"{standup_id}/{day.isoformat()}"
