"""How long a pause is believed: a clock may be put back, while an instant that was written down stays where it is.

Whatever is further ahead than a pause of its kind can be long was written by a clock that was ahead, and is over. A
call too early costs an answer of 429; a pause of two hours costs the news.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, func, literal, or_

from bot.storage.engine.schema import LONG_AGO, Instant
from bot.storage.outbox.steps import Pace
from bot.storage.outbox.tables import lanes

LONGEST_WAIT = timedelta(hours=1)  # of a message: what Slack may ask for (``verdicts``), and more than we ever take
DIFFERENCE = timedelta(seconds=5)  # between replicas' clocks that need not trouble anybody


def believed(pace: Pace, now: datetime) -> dict[str, datetime]:
    """What ``lane_goes_at`` and ``goes_at`` need to be executed."""
    return {
        "lane_by": now + max(pace.post_gap, pace.edit_gap) + DIFFERENCE,
        "row_by": now + LONGEST_WAIT,
        "begun_by": now + DIFFERENCE,
    }


def lane_goes_at() -> Any:
    """When its conversation lets a message go: a second or so after the last one, never later."""
    ready_at = func.coalesce(lanes.c.ready_at, _long_ago())
    return case((ready_at > _by("lane_by"), _long_ago()), else_=ready_at)


def goes_at(row: Any) -> Any:
    """When a message itself may go: at once, unless it waits for a reason; and that began before now."""
    over = or_(
        row.reason.is_(None),
        row.ready_at > _by("row_by"),
        # The pause followed this attempt, which by the clock has not been made yet.
        func.coalesce(row.attempt_started_at, _long_ago()) > _by("begun_by"),
    )
    return case((over, _long_ago()), else_=row.ready_at)


def longest_refill(pace: Pace) -> timedelta:
    """How long the workspace's bucket takes from its lowest to its full."""
    return timedelta(seconds=(pace.burst + pace.overdraft) / pace.per_second)


def _by(name: str) -> Any:
    return bindparam(name, type_=Instant)


def _long_ago() -> Any:
    return literal(LONG_AGO, Instant)
