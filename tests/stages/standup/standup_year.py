"""A workspace of 200 members in 24 zones, and an independent reading of when each of them should be asked."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from bot.core.people import Person
from bot.stages.standup.model.setup import Setup
from bot.team.people.model.presence import Place, Presence

YEAR = 2026
ZONES = (
    "Pacific/Honolulu", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York",
    "America/Halifax", "America/St_Johns", "America/Sao_Paulo", "America/Santiago", "America/Nuuk",
    "Atlantic/Azores", "Europe/London", "Europe/Berlin", "Europe/Helsinki", "Africa/Cairo", "Asia/Dubai",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Australia/Adelaide", "Australia/Sydney",
    "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham",
)  # fmt: skip
PLACES = {
    "America/New_York": Place("US"), "Europe/Berlin": Place("DE", "BY"), "Europe/London": Place("GB", "SCT"),
    "Asia/Tokyo": Place("JP"), "Australia/Sydney": Place("AU", "NSW"), "America/Sao_Paulo": Place("BR"),
    "Pacific/Auckland": Place("NZ"),
}  # fmt: skip
# The second is in the hour that clocks skip or show twice, where they do so on a day of the week that it asks on.
SETUPS = (
    Setup("Morning", "#morning", groups=("S0A",), at=time(9)),
    Setup("Night", "#night", groups=("S0B",), at=time(2, 30), weekdays=(0, 1, 2, 3, 4, 5, 6)),
    Setup("One zone", "#one", groups=("S0C",), at=time(16, 45), zone="Europe/Berlin", weekdays=(0, 2, 4)),
    Setup("Midnight", "#midnight", groups=("S0D",), at=time(0, 15), weekdays=(6, 0), holidays=Place("DE")),
)


@dataclass(frozen=True)
class Workspace:
    """People, and what they told of when they are there."""

    people: tuple[Person, ...]
    presences: tuple[Presence, ...]


def workspace(seed: int) -> Workspace:
    """200 members: of every group 50, with leave, own zones, public holidays and days off."""
    chance = random.Random(seed)  # noqa: S311
    people: list[Person] = []
    presences: list[Presence] = []
    for number in range(200):
        zone = ZONES[number % len(ZONES)]
        group = "S0" + "ABCD"[number // 50]
        people.append(Person(f"U{number:03}", f"Member {number}", zone=zone, groups=frozenset({group})))
        own = chance.choice(ZONES) if chance.random() < 0.1 else ""
        begin = date(YEAR, 1, 1) + timedelta(days=chance.randrange(340))
        presence = Presence(
            id=f"U{number:03}",
            zone=own,
            place=PLACES.get(zone, Place()),
            without_holidays=chance.random() < 0.1,
            weekdays=(0, 1, 2, 3, 6) if chance.random() < 0.1 else (),
            away_from=begin if chance.random() < 0.5 else None,
            away_until=begin + timedelta(days=chance.randrange(1, 25)),
        )
        if presence != Presence(id=presence.id):
            presences.append(presence)
    return Workspace(tuple(people), tuple(presences))


class Oracle:
    """Reads the clocks of each zone minute by minute (quarter by quarter, since no clock jumps by less)."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self._shown: dict[str, dict[datetime, datetime]] = {}
        self._holidays: dict[str, set[date]] = {}

    def expected(self, there: Workspace, setups: tuple[Setup, ...]) -> list[tuple[str, str, datetime]]:
        """Stand-up, member and instant of every prompt, sorted."""
        told = {presence.id: presence for presence in there.presences}
        found = [
            (setup.name, person.id, self._instant(setup.zone or self._zone(person, told), day, setup.at))
            for setup in setups
            for person in there.people
            if person.groups & set(setup.groups)
            for day in self._days()
            if day.weekday() in setup.weekdays and self._is_there(told.get(person.id), setup, day)
        ]
        return sorted(found)

    def _days(self) -> list[date]:
        return [self.first + timedelta(days=step) for step in range((self.last - self.first).days + 1)]

    @staticmethod
    def _zone(person: Person, told: dict[str, Presence]) -> str:
        presence = told.get(person.id)
        return presence.zone if presence and presence.zone else person.zone

    def _is_there(self, presence: Presence | None, setup: Setup, day: date) -> bool:
        place = presence.place if presence and presence.place.country else setup.holidays
        if presence is not None:
            if presence.weekdays and day.weekday() not in presence.weekdays:
                return False
            if presence.away_from and presence.away_until and presence.away_from <= day < presence.away_until:
                return False
            if presence.without_holidays:
                return True
        return day not in self._holidays_of(place)

    def _holidays_of(self, place: Place) -> set[date]:
        if not place.country:
            return set()
        if str(place) not in self._holidays:
            calendar = holidays.country_holidays(
                place.country, subdiv=place.subdivision or None, years=[YEAR, YEAR + 1]
            )
            self._holidays[str(place)] = set(calendar)
        return self._holidays[str(place)]

    def _instant(self, zone: str, day: date, at: time) -> datetime:
        shown = self._clock(zone)
        wanted = datetime.combine(day, at)
        while wanted not in shown:  # skipped: the next time that the clock does show
            wanted += timedelta(minutes=15)
        return shown[wanted]

    def _clock(self, zone: str) -> dict[datetime, datetime]:
        if zone not in self._shown:
            shown: dict[datetime, datetime] = {}
            at = datetime.combine(self.first, time(), UTC) - timedelta(days=2)
            while at.date() <= self.last + timedelta(days=2):
                shown.setdefault(at.astimezone(ZoneInfo(zone)).replace(tzinfo=None), at)
                at += timedelta(minutes=15)
            self._shown[zone] = shown
        return self._shown[zone]
