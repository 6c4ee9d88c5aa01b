"""What somebody's own clock will show when a stand-up asks them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.stages.standup.model.plan_day import Member, next_prompts
from bot.stages.standup.model.setup import Setup


@dataclass(frozen=True, slots=True)
class Local:
    """A day and a time as a clock shows them."""

    day: date
    clock: str

    @classmethod
    def of(cls, at: datetime, zone: str) -> "Local":
        """What the clocks of a zone show at an instant."""
        shown = at.astimezone(ZoneInfo(zone))
        return cls(shown.date(), f"{shown:%H:%M}")


@dataclass(frozen=True, slots=True)
class Row:
    """When one member is asked next. ``back_on`` is when their leave ends, where they are away."""

    user_id: str
    zone: str
    times: tuple[Local, ...]
    back_on: date | None = None


def preview_of(setup: Setup, members: Sequence[Member], now: datetime, count: int = 5) -> list[Row]:
    """The next times of each member in the zone that they are asked in, those who are asked first first."""
    found: list[tuple[datetime, Row]] = []
    for member in members:
        zone = setup.zone_for(member.zone)
        prompts = next_prompts(setup, member, now, count)
        away = member.presence.is_away(member.presence.today(member.person, now))
        times = tuple(Local.of(prompt.at, zone) for prompt in prompts)
        row = Row(member.person.id, zone, times, member.presence.away_until if away else None)
        found.append((prompts[0].at if prompts else datetime.max.replace(tzinfo=now.tzinfo), row))
    return [row for _, row in sorted(found, key=lambda pair: (pair[0], pair[1].user_id))]
