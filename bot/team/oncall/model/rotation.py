"""Who is on call: people take turns by the day or the week, by the clocks of one zone; covers go before turns."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.core.wall_clock import DAY, SHORT_NAMES, instant

# A Monday. Turns are counted from here where nothing says who is first, so that a restart changes nobody's turn.
EPOCH = date(2024, 1, 1)
LONGEST_COVER = timedelta(days=92)


class Every(StrEnum):
    """How often a rotation hands over."""

    DAY = "day"
    WEEK = "week"

    @property
    def days(self) -> int:
        """Days of one turn."""
        return 1 if self is Every.DAY else 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """How people take turns, as the team file or a form says it.

    Attributes:
        people: user ids, in the order of their turns.
        at: when it is handed over, by the clocks of ``zone``; weekly ones on ``weekday`` (0 is Monday).
        starts_on: the day on which the first of them had the first turn.
        user_group: a Slack user group that holds whoever is on call, or "".
        channel: where hand-overs are told, or "": where alerts are.
        services: those that it is on call for; empty: all of them.
    """

    people: tuple[str, ...]
    every: Every = Every.WEEK
    at: time = time(9)
    weekday: int = 0
    zone: str = "UTC"
    starts_on: date = EPOCH
    user_group: str = ""
    channel: str = ""
    services: tuple[str, ...] = ()

    @property
    def rhythm(self) -> str:
        """ "every Mon at 09:00 (Europe/Berlin)"."""
        day = "day" if self.every is Every.DAY else SHORT_NAMES[self.weekday]
        return f"every {day} at {self.at:%H:%M} ({self.zone})"

    def turn_at(self, now: datetime) -> "Turn":
        """The turn that this instant lies in. Clocks that jump make a turn shorter or longer, and leave no gap."""
        first = self._first_day
        today = now.astimezone(ZoneInfo(self.zone)).date()
        number = (today - first).days // self.every.days
        while self._begins(number) > now:
            number -= 1
        while self._begins(number + 1) <= now:
            number += 1
        return self.turn(number)

    def turn(self, number: int) -> "Turn":
        """The turn with this number; 0 is that of ``starts_on``, those before it have numbers below."""
        who = self.people[number % len(self.people)]
        return Turn(who, self._begins(number), self._begins(number + 1), number)

    def next_turn_of(self, who: str, now: datetime) -> "Turn | None":
        """The turn that somebody has or will have next; nothing where they take none."""
        if who not in self.people:
            return None
        number = self.turn_at(now).number
        return next(self.turn(n) for n in range(number, number + len(self.people)) if self.turn(n).who == who)

    @property
    def _first_day(self) -> date:
        if self.every is Every.DAY:
            return self.starts_on
        return self.starts_on + timedelta(days=(self.weekday - self.starts_on.weekday()) % 7)

    def _begins(self, number: int) -> datetime:
        return instant(self._first_day + number * self.every.days * DAY, self.at, self.zone)


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's time on call, by the rota alone."""

    who: str
    begins: datetime
    ends: datetime
    number: int


class CoverState(StrEnum):
    """Whether somebody takes over."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Somebody is on call in another's place for a while: asked for, or simply so."""

    PREFIX: ClassVar[str] = "W"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("rotation+state", "by+state")

    rotation: str
    by: str
    by_name: str
    begins: datetime
    ends: datetime
    asked_by: str
    at: datetime
    id: str = ""
    state: CoverState = CoverState.AGREED

    @classmethod
    def arrange(
        cls, rotation: str, by: Person, begins: datetime, ends: datetime, asked_by: str, at: datetime, *, asks: bool
    ) -> Self:
        """A new one; ``asks``: only once they agree. Raises ``Refusal`` where it is over, or no time at all."""
        if ends <= max(begins, at):
            raise Refusal("A cover ends after it begins, and in the future. Name a later end.", field="end")
        if ends - begins > LONGEST_COVER:
            raise Refusal(
                f"A cover lasts {LONGEST_COVER.days} days at most. Change who takes turns instead.", field="end"
            )
        state = CoverState.ASKED if asks else CoverState.AGREED
        return cls(
            rotation=rotation,
            by=by.id,
            by_name=by.name,
            begins=begins,
            ends=ends,
            asked_by=asked_by,
            at=at,
            state=state,
        )

    def holds(self, at: datetime) -> bool:
        """Whether it decides who is on call at this instant."""
        return self.state is CoverState.AGREED and self.begins <= at < self.ends

    def answer(self, by: str, at: datetime, *, agrees: bool) -> Self:
        """With the answer of whoever was asked. Raises ``Refusal``."""
        if by != self.by:
            raise Refusal(f"Only {self.by_name} can answer that.")
        self._must_be_asked(at)
        return replace(self, state=CoverState.AGREED if agrees else CoverState.DECLINED)

    def take_back(self, at: datetime) -> Self:
        """Not to be, or no longer. Raises ``Stale``."""
        if self.state not in (CoverState.ASKED, CoverState.AGREED) or at >= self.ends:
            raise Stale(f"{self.id} is over or was {self.state} already.")
        return replace(self, state=CoverState.TAKEN_BACK)

    def _must_be_asked(self, at: datetime) -> None:
        if self.state is not CoverState.ASKED:
            raise Stale(f"{self.id} was {self.state} already.")
        if at >= self.ends:
            raise Stale(f"{self.id} was about a time that is over.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A rota by its name, and who was on call when it was last handed over."""

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("from_file",)

    id: str  # its name
    rota: Rota
    from_file: bool = False
    on_call: str = ""
    since: datetime | None = None

    def who_at(self, at: datetime, covers: Iterable[Cover]) -> str:
        """Who is on call at this instant: the cover that was arranged last, else whose turn it is."""
        holding = [one for one in covers if one.holds(at)]
        return max(holding, key=lambda one: one.at).by if holding else self.rota.turn_at(at).who

    def changes_after(self, at: datetime, covers: Iterable[Cover]) -> datetime:
        """When the next turn or cover begins or ends."""
        edges = [edge for one in covers if one.state is CoverState.AGREED for edge in (one.begins, one.ends)]
        return min(edge for edge in (*edges, self.rota.turn_at(at).ends) if edge > at)

    def changed_before(self, at: datetime, covers: Iterable[Cover]) -> datetime:
        """When the turn or cover that holds at this instant began, or the cover before it ended."""
        edges = [edge for one in covers if one.state is CoverState.AGREED for edge in (one.begins, one.ends)]
        return max(edge for edge in (*edges, self.rota.turn_at(at).begins) if edge <= at)

    def handed(self, to: str, at: datetime) -> Self:
        """With somebody on call from then on."""
        return replace(self, on_call=to, since=at)
