"""When an environment is kept still by the calendar: windows of a week or of the year, on a zone's clocks."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Self
from zoneinfo import ZoneInfo

from bot.core.refusals import NotUnderstood
from bot.core.wall_clock import DAY, days_named, instant

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{1,2}:\d{2}))?")
_WEEKLY = re.compile(r"([A-Za-z]+)\.? (\d{1,2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of day on a day of the week, or on one day."""

    at: time
    weekday: int | None = None  # 0 is Monday
    day: date | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """ "Fri 16:00", "2026-12-20 18:00", "2026-12-20" (its beginning). Raises ``NotUnderstood``."""
        try:
            if dated := _DATED.fullmatch(text.strip()):
                return cls(_clock(dated[2] or "00:00"), day=date.fromisoformat(dated[1]))
            if weekly := _WEEKLY.fullmatch(text.strip()):
                return cls(_clock(weekly[2]), weekday=days_named(weekly[1])[0])
        except ValueError as fault:
            raise NotUnderstood(f"“{text}” is no moment: {fault}.") from fault
        raise NotUnderstood(f"“{text}” is no moment. Write “Fri 16:00” for every week, or “2026-12-20 18:00”.")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch in which nothing new is deployed; every week, or once."""

    name: str
    begins: Moment
    ends: Moment
    zone: str = "UTC"

    def __post_init__(self) -> None:
        """Raises ``NotUnderstood`` where its two ends do not fit each other."""
        if (self.begins.day is None) != (self.ends.day is None):
            raise NotUnderstood(f"{self.name} begins on a weekday and ends on a date, or the other way round.")
        span = self.span_on(self.begins.day) if self.begins.day else None
        if span and span[0] >= span[1]:
            raise NotUnderstood(f"{self.name} ends before it begins.")

    def span_on(self, day: date) -> tuple[datetime, datetime]:
        """From when to when it lasts, where it begins on this day (UTC)."""
        until = self.ends.day
        if until is None:
            ahead = ((self.ends.weekday or 0) - day.weekday()) % 7
            is_past = ahead == 0 and self.ends.at <= self.begins.at
            until = day + (7 if is_past else ahead) * DAY
        return instant(day, self.begins.at, self.zone), instant(until, self.ends.at, self.zone)

    def over(self, at: datetime) -> tuple[datetime, datetime] | None:
        """The stretch that this instant lies in, UTC; nothing outside of one."""
        if self.begins.day is not None:
            spans = [self.span_on(self.begins.day)]
        else:
            today = at.astimezone(ZoneInfo(self.zone)).date()
            days = (today - ago * DAY for ago in range(-1, 8))
            spans = [self.span_on(day) for day in days if day.weekday() == self.begins.weekday]
        return next((span for span in spans if span[0] <= at < span[1]), None)

    def next_after(self, at: datetime) -> datetime | None:
        """When it begins next; None where it was once, and has begun."""
        if self.begins.day is not None:
            begins = [self.span_on(self.begins.day)[0]]
        else:
            today = at.astimezone(ZoneInfo(self.zone)).date()
            days = (today + ahead * DAY for ahead in range(8))
            begins = [self.span_on(day)[0] for day in days if day.weekday() == self.begins.weekday]
        return next((begin for begin in begins if at < begin), None)


def next_turn(windows: Iterable[Window], at: datetime) -> datetime | None:
    """When a freeze of these begins, or one that is on ends, next."""
    turns: list[datetime] = []
    for window in windows:
        if begins := window.next_after(at):
            turns.append(begins)
        if span := window.over(at):
            turns.append(span[1])
    return min(turns, default=None)


def _clock(text: str) -> time:
    hour, _, minute = text.partition(":")
    return time(int(hour), int(minute))
