"""Wall-clock schedules: which days, at what o'clock, in whose zone, and which instant that is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from bot.core.refusals import NotUnderstood

DAY = timedelta(days=1)
SHORT_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WORKDAYS = (0, 1, 2, 3, 4)  # Monday to Friday, as ``date.weekday`` counts
WORK_BEGINS, WORK_ENDS = time(9), time(17)
FARTHEST = 400  # days that are looked through; whoever has no working day in more than a year has none

Works: TypeAlias = Callable[[date], bool]


def instant(day: date, at: time, zone: str) -> datetime:
    """When a zone's clocks show this time on this day, UTC.

    A time that clocks skip (they go forward over it) counts at the next minute that they do show, which is the one
    that they go forward to; a time that they show twice (they go back over it) counts the first time only. So each
    day has exactly one.
    """
    tz = ZoneInfo(zone)
    wall = datetime.combine(day, at)
    first = wall.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if _wall(first, tz) == wall:
        return first
    # Skipped: read with the offset from before the jump it lies after it, with the one from after it before.
    before, after = wall.replace(tzinfo=tz, fold=1).astimezone(UTC), first
    while (gap := int((after - before).total_seconds())) > 1:
        middle = before + timedelta(seconds=gap // 2)
        before, after = (before, middle) if _wall(middle, tz) >= wall else (middle, after)
    return after


def _wall(at: datetime, tz: ZoneInfo) -> datetime:
    return at.astimezone(tz).replace(tzinfo=None, fold=0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Days of the week (0 is Monday) and a time of day, for whichever zone it is read in."""

    weekdays: tuple[int, ...]
    at: time

    def is_on(self, day: date) -> bool:
        """Whether it falls on this day."""
        return day.weekday() in self.weekdays

    def days(self, start: date) -> Iterator[date]:
        """Its days from this one on, without end; none where it has no weekdays."""
        day = start
        while self.weekdays:
            if self.is_on(day):
                yield day
            day += DAY

    def day_after(self, day: date) -> date | None:
        """Its first day after this one; nothing where it has no weekdays."""
        return next(self.days(day + DAY), None)

    def instant(self, day: date, zone: str) -> datetime:
        """When it is due on this day in this zone, UTC."""
        return instant(day, self.at, zone)

    def first_day_ahead(self, now: datetime, zones: Sequence[str]) -> date | None:
        """Its first day that has begun in none of these zones: each of them still sees the whole of it."""
        start = min((now.astimezone(ZoneInfo(zone)).date() for zone in zones), default=now.date())
        return next((day for day in self.days(start) if all(self.instant(day, each) > now for each in zones)), None)

    def following(self, now: datetime, zone: str, works: Works = lambda _: True) -> Iterator[tuple[date, datetime]]:
        """Days and instants after now for somebody in this zone who works on the days that ``works`` names."""
        start = now.astimezone(ZoneInfo(zone)).date() - DAY  # a skipped late evening may count as the next day's
        for day in self.days(start):
            if day > start + FARTHEST * DAY:
                return
            if works(day) and (due := self.instant(day, zone)) > now:
                yield day, due


def in_working_hours(
    at: datetime, zone: str, works: Works = lambda day: day.weekday() in WORKDAYS, begins: time = WORK_BEGINS
) -> datetime:
    """This instant if it lies in the working hours of somebody in this zone, else when they next begin, UTC.

    Where they work on no day within more than a year, it is the instant as it is.
    """
    today = at.astimezone(ZoneInfo(zone)).date()
    for day in (today + ahead * DAY for ahead in range(FARTHEST)):
        if works(day) and at < instant(day, WORK_ENDS, zone):
            return max(at, instant(day, begins, zone))
    return at


def days_named(text: str) -> tuple[int, ...]:
    """ "Mon-Fri", "Mon, Wed and Fri", "every day", "weekdays" as numbers in order. Raises ``NotUnderstood``."""
    words = text.casefold().replace("–", "-").replace(",", " ").replace(" and ", " ").replace(" to ", "-")
    words = words.replace(" - ", "-").strip()
    if words in {"every day", "daily", "all"}:
        return tuple(range(7))
    if words in {"weekdays", "workdays", "working days"}:
        return WORKDAYS
    found: set[int] = set()
    for word in words.split():
        first, _, last = word.partition("-")
        begin, end = _weekday(first), _weekday(last or first)
        found |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    if not found:
        raise NotUnderstood("No day is named. Write days such as “Mon-Fri” or “Mon, Wed, Fri”.", field="days")
    return tuple(sorted(found))


def days_shown(weekdays: Sequence[int]) -> str:
    """ "Mon–Fri", "Mon, Wed, Fri", "every day"."""
    days = sorted(weekdays)
    if len(days) == 7:
        return "every day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{SHORT_NAMES[days[0]]}–{SHORT_NAMES[days[-1]]}"
    return ", ".join(SHORT_NAMES[day] for day in days)


def _weekday(word: str) -> int:
    for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
        if len(word) >= 2 and name.startswith(word.removesuffix(".").removesuffix("s")):
            return number
    raise NotUnderstood(
        f"“{word}” is no day of the week. Write days such as “Mon-Fri” or “Mon, Wed, Fri”.", field="days"
    )
