"""Who can be asked to unblock somebody, and when: nine to five on their working days, where they are."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.core.people import Person
from bot.core.refusals import Refusal
from bot.core.wall_clock import DAY, FARTHEST, WORKDAYS, Works, in_working_hours, instant


def on_weekdays(day: date) -> bool:
    """Whether it is a day on which people work who said nothing else."""
    return day.weekday() in WORKDAYS


@dataclass(frozen=True, slots=True)
class Hours:
    """Somebody's working hours. ``works`` says of a day of theirs whether they work on it."""

    zone: str = "UTC"
    works: Works = on_weekdays

    def next_open(self, at: datetime) -> datetime:
        """This instant where they work, else when they next begin, UTC."""
        return in_working_hours(at, self.zone, self.works)

    def is_open(self, at: datetime) -> bool:
        """Whether they work now."""
        return self.next_open(at) == at

    def next_morning(self, at: datetime) -> datetime:
        """When they begin on their next working day after the one that it is for them now, UTC."""
        tomorrow = at.astimezone(ZoneInfo(self.zone)).date() + DAY
        return in_working_hours(instant(tomorrow, time(0), self.zone), self.zone, self.works)

    def after_days(self, at: datetime, days: int) -> datetime:
        """The same time of day after so many working days, counted from when they first work, UTC."""
        begun = self.next_open(at).astimezone(ZoneInfo(self.zone))
        day, left = begun.date(), days
        for _ in range(FARTHEST):
            if left == 0:
                return instant(day, begun.time(), self.zone)
            day += DAY
            left -= self.works(day)
        return at + timedelta(days=days)  # somebody who never works, as far as we know


def must_be_askable(who: Person, owner_id: str) -> None:
    """Raises ``Refusal`` where somebody cannot be asked to unblock this owner."""
    if who.id == owner_id:
        raise Refusal(
            f"{who.name} is the one who is held up, and cannot be asked to change that. Name somebody else.",
            field="unblocker",
        )
    if why := why_not_askable(who):
        raise Refusal(f"{who.name} {why}, so they cannot be asked. Name a full member.", field="unblocker")


def why_not_askable(who: Person) -> str:
    """Why nobody can ask them ("is a guest"), or ""."""
    if who.is_gone:
        return "is no longer here"
    if who.is_bot:
        return "is a bot"
    if who.is_stranger:
        return "is from another workspace"
    return "is a guest" if who.is_guest else ""
