"""When somebody is there: their own zone, working days, public holidays and leave, as they told us."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Self, TypeAlias
from zoneinfo import ZoneInfo

from bot.core import text_limits
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale

# https://docs.github.com/en/enterprise-cloud@latest/admin/identity-and-access-management/iam-configuration-reference
# /username-considerations-for-external-authentication: at most 39 characters; GitLab's may hold dots and underscores.
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,37}[a-z0-9])?")
BECAUSE_MAX = 80  # characters; it stands beside a name in a list
AWAY_MAX_DAYS = 366 * 2

HolidayNames: TypeAlias = Mapping[date, str]  # of one place, for the days that were asked about


@dataclass(frozen=True, slots=True)
class Place:
    """A country, and perhaps a part of it, by their ISO 3166 codes: "DE" and "BY". Nowhere is ``Place()``."""

    country: str = ""
    subdivision: str = ""

    def __str__(self) -> str:
        return f"{self.country}-{self.subdivision}" if self.subdivision else self.country

    def __bool__(self) -> bool:
        return bool(self.country)


NOWHERE = Place()


class Why(StrEnum):
    """Why somebody is not asked on a day."""

    AWAY = "away"
    HOLIDAY = "holiday"
    DAY_OFF = "day off"  # never works on this day of the week


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody who is not asked on a day; ``holiday`` is its name where it is one. No words of theirs."""

    user_id: str
    why: Why
    holiday: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What somebody told us of when they are there; it can be erased with the row. Its id is their user id.

    Attributes:
        zone: their own choice, before Slack's; "" follows Slack.
        confirmed_zone: the zone of Slack's that they last said is right; "" where they were never asked.
        asked_zone, zone_asks: about which zone of Slack's they were last asked, and how often they ever were.
        place: whose public holidays they have; nowhere: those of the stand-up, if any.
        without_holidays: they work on public holidays, whatever the stand-up says.
        weekdays: on which days of the week they work at all (0 is Monday); nothing: on every one that asks.
        away_from, away_until: the first day of their leave, and the first day on which they are back.
        github_login: who they are on the code host, in lower case; "" where the team file says it, or nobody.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("id", "github_login")

    id: str
    zone: str = ""
    confirmed_zone: str = ""
    asked_zone: str = ""
    zone_asks: int = 0
    place: Place = NOWHERE
    without_holidays: bool = False
    weekdays: tuple[int, ...] = ()
    away_from: date | None = None
    away_until: date | None = None
    away_because: str = ""
    github_login: str = ""

    @property
    def user_id(self) -> str:
        """Whose it is."""
        return self.id

    def zone_of(self, person: Person) -> str:
        """In which zone their days are: their own choice, else Slack's."""
        return self.zone or person.zone

    def holidays_of(self, usual: Place) -> Place:
        """Whose public holidays they have, where ``usual`` are those of the stand-up."""
        return NOWHERE if self.without_holidays else self.place or usual

    def is_away(self, day: date) -> bool:
        """Whether they are on leave."""
        return (
            self.away_from is not None and self.away_until is not None and self.away_from <= day < self.away_until
        )

    def absence(self, day: date, holidays: HolidayNames) -> Absence | None:
        """Why they are not asked on this day, or nothing; ``holidays`` are those of their place."""
        if self.is_away(day):
            return Absence(self.id, Why.AWAY)
        if self.weekdays and day.weekday() not in self.weekdays:
            return Absence(self.id, Why.DAY_OFF)
        return Absence(self.id, Why.HOLIDAY, holidays[day]) if day in holidays else None

    def works(self, day: date, holidays: HolidayNames) -> bool:
        """Whether they are there on this day."""
        return self.absence(day, holidays) is None

    def live_in(self, zone: str) -> Self:
        """Their own choice of zone; "" follows Slack again."""
        return replace(self, zone=zone)

    def ask_about(self, zone: str, before: str) -> Self:
        """They are asked whether it is right that Slack has them in another zone; itself where that is settled.

        ``before`` is where they were last asked for a stand-up; "" where they never were.
        """
        known = self.confirmed_zone or before
        if self.zone or not known:
            return self
        if zone == known:
            return replace(self, asked_zone="") if self.asked_zone else self
        if zone == self.asked_zone:
            return self
        return replace(self, asked_zone=zone, zone_asks=self.zone_asks + 1)

    def confirm(self, zone: str) -> Self:
        """They say that this zone of Slack's is right: it is followed from now on."""
        return replace(self, zone="", confirmed_zone=zone)

    def take_holidays(self, place: Place) -> Self:
        """Whose public holidays they have; nowhere: they have none."""
        return replace(self, place=place, without_holidays=not place)

    def work_on(self, weekdays: tuple[int, ...]) -> Self:
        """On which days of the week they work; all seven of them is no different from none named."""
        return replace(self, weekdays=() if len(set(weekdays)) == 7 else tuple(sorted(set(weekdays))))

    def is_on_code_host(self, login: str) -> Self:
        """Who they are on the code host; "" is nobody. Raises ``Refusal`` where that can be no login."""
        name = login.strip().removeprefix("@").casefold()
        if name and not _LOGIN.fullmatch(name):
            raise Refusal(
                f"“{name[:40]}” can be no login: letters, digits, dashes and dots, at most 39 of them.",
                field="login",
            )
        return replace(self, github_login=name)

    def today(self, person: Person, now: datetime) -> date:
        """Which day it is for them."""
        return now.astimezone(ZoneInfo(self.zone_of(person))).date()

    def leave(self, today: date, until: date, because: str = "") -> Self:
        """Away from today, and back on the day ``until``. Raises ``Refusal`` where that is no leave."""
        if until <= today:
            raise Refusal(
                "That day has begun. Name the day on which you are back, such as “Monday”.", field="until"
            )
        if (until - today).days > AWAY_MAX_DAYS:
            raise Refusal("That is more than two years off. Name an earlier day; it can be moved.", field="until")
        reason = text_limits.optional(because, "because", "reason")
        if len(reason) > BECAUSE_MAX:
            raise Refusal(
                f"The reason has {len(reason)} characters, and {BECAUSE_MAX} is the most.", field="because"
            )
        begun = self.away_from if self.is_away(today) else today
        return replace(self, away_from=begun, away_until=until, away_because=reason)

    def come_back(self, today: date) -> Self:
        """Back today. Raises ``Stale`` where they were not away."""
        if self.away_until is None or self.away_until <= today:
            raise Stale("You are not away, so there is nothing to end.")
        return replace(self, away_from=None, away_until=None, away_because="")
