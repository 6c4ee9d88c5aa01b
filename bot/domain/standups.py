"""A stand-up: one round of the same three questions to several people, and what each of them answered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.domain import words
from bot.domain.ledger import Subject
from bot.domain.people import Person
from bot.domain.refusals import NotUnderstood, Refusal, Stale, Unknown
from bot.domain.spans import rounded
from bot.domain.team import Team

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One stand-up of one day in one channel.

    Attributes:
        day: the day it is about, as whoever started it reads the calendar.
        people: user ids of everybody that is asked.
        closed_late_by: how long after its time it was closed, where that was worth saying.
    """

    PREFIX: ClassVar[str] = "S"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "channel")

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


def answer_id(round_id: str, user_id: str) -> str:
    """The id of the answer that somebody gives in a round."""
    return f"{round_id}/{user_id}"


def who_is_asked(everybody: Sequence[Person], team: Team, by: Person, named: str | None = None) -> tuple[str, ...]:
    """User ids of whom a stand-up asks: who is named, else the role "standup", else every full member.

    Raises ``Unknown`` for a name that nobody has, ``NotUnderstood`` for one that several have.
    """
    members = [person for person in everybody if person.is_member]
    if named and named.strip():
        return _people_named(named, members, by)
    role = team.roles.get("standup")
    if role is not None:
        members = [person for person in members if person.id in role.people or person.groups & role.groups]
    return tuple(person.id for person in members)


def _people_named(text: str, members: Sequence[Person], by: Person) -> tuple[str, ...]:
    names: dict[str, list[Person]] = {"me": [by]}
    for person in members:
        # By the whole name, its first part, or the id; a set, since these can be one and the same.
        for name in {person.name.casefold(), person.name.casefold().partition(" ")[0], person.id.casefold()}:
            names.setdefault(name, []).append(person)
    places: dict[str, int] = {}
    rest = text.casefold()
    for name in sorted(names, key=len, reverse=True):
        for hit in re.finditer(rf"(?<!\w)@?{re.escape(name)}(?!\w)", rest):
            if len(names[name]) > 1:
                who = ", ".join(person.name for person in names[name])
                raise NotUnderstood(f"“{name}” could be {who}. Write the whole name.", field="people")
            places.setdefault(names[name][0].id, hit.start())
            rest = rest[: hit.start()] + " " * len(hit[0]) + rest[hit.end() :]
    unknown = re.sub(r"\band\b|[,;&@]", " ", rest).split()
    if unknown:
        raise Unknown("person", unknown[0], tuple(sorted(person.name for person in members)), field="people")
    return tuple(sorted(places, key=places.__getitem__))
