"""How long blockers hold: of each team together, never of a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from bot.stages.code.model.blocker import Blocker

SPAN = timedelta(days=30)
FEWEST = 4  # blockers that make a figure of a team; fewer would tell of one person's week


@dataclass(frozen=True, slots=True)
class UnblockTime:
    """How long the blockers of a team held that were closed of late: half of them not longer than ``median``."""

    team: str
    median: timedelta
    count: int


def unblock_times(blockers: Iterable[Blocker], at: datetime) -> tuple[UnblockTime, ...]:
    """Of the last 30 days, by team in the order of their names; teams with too few are left out."""
    spans: dict[str, list[timedelta]] = {}
    for blocker in blockers:
        if blocker.closed_at is not None and at - SPAN <= blocker.closed_at <= at:
            spans.setdefault(blocker.team, []).append(blocker.age(at))
    return tuple(
        UnblockTime(team, _median(held), len(held)) for team, held in sorted(spans.items()) if len(held) >= FEWEST
    )


def _median(spans: list[timedelta]) -> timedelta:
    return timedelta(seconds=median(span.total_seconds() for span in spans))
