"""What goes next in each free conversation: what has begun, else the most urgent, else the oldest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    TextClause,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Band
from bot.storage.engine.schema import Instant
from bot.storage.outbox.pauses import believed, goes_at, lane_goes_at
from bot.storage.outbox.steps import Pace
from bot.storage.outbox.tables import IS_BEGUN, IS_UNFINISHED, PENDING, UNFINISHED, lanes, outbox
from bot.storage.outbox.turns import lower


@dataclass(frozen=True, slots=True)
class Head:
    """What goes next in a lane that nobody holds: what has begun, else the most urgent, else the oldest."""

    id: int
    lane: str
    urgency: Band  # of the most urgent message in the lane: it can only be helped by serving the head
    paid: bool  # whether it takes a message from the workspace's bucket


@dataclass(frozen=True, slots=True)
class Holder:
    """Who claims, and which lanes it has under way: those it leaves alone, however the clock was moved.

    A lane that is ours by its lease but not under way was claimed by a commit whose answer was lost.
    """

    owner: str
    held: frozenset[str]
    lease_now: datetime  # by the clock that leases run on
    lapsed: datetime  # leases that ended before are over; long ago, where owners had no chance to renew them

    @property
    def elsewhere(self) -> ColumnElement[bool]:
        """Whether a lane is somebody else's."""
        return _elsewhere(literal(self.owner, Text), literal(self.lapsed, Instant))


def _elsewhere(owner: ColumnElement[str], lease_now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(lanes.c.owner.is_not(None), lanes.c.owner != owner, lanes.c.lease_until >= lease_now)


async def heads(
    conn: AsyncConnection, holder: Holder, pace: Pace, until: datetime, limit: int
) -> tuple[list[Head], datetime | None]:
    """Heads that may go until then, the most urgent first, and the next instant at which another may."""
    wanted = {
        "owner": holder.owner,
        "lease_now": holder.lapsed,
        "until": until,
        "held": list(holder.held),
        "most": limit,
        **believed(pace, until),
    }
    found = (await conn.execute(_heads(), wanted)).all()
    ready = [Head(row.id, row.lane, Band(row.urgency), bool(row.paid)) for row in found if row.ready]
    return ready, found[0].next_at if found else None


def fitting(ready: Sequence[Head], rooms: Mapping[Band, int]) -> list[Head]:
    """Those there is room for: of each band in ``rooms`` or a later one at most so many."""
    left = dict(rooms)
    taken: list[Head] = []
    for head in ready:
        shared = [band for band in left if band <= head.urgency]
        if all(left[band] > 0 for band in shared):
            left.update((band, left[band] - 1) for band in shared)
            taken.append(head)
    return taken


def _of(condition: TextClause, alias: str) -> TextClause:
    """As the partial index says it, so that SQLite uses it."""
    return text(f"{alias}.{condition.text}")


def _later(one: Any, other: Any) -> Any:
    return case((one > other, one), else_=other)


def _waits(reply: Any, parent: Any) -> ColumnElement[bool]:
    """Whether it is a reply that nobody can post before what it answers."""
    return and_(reply.c.ts.is_(None), parent.c.ts.is_(None), func.coalesce(parent.c.state, "").in_(UNFINISHED))


@cache
def _busy() -> Any:
    """Every lane in which something is unfinished, each found by one look into the index, however much waits there."""
    first, after = outbox.alias("first"), outbox.alias("after")
    busy = (
        select(func.min(first.c.lane).label("lane")).where(_of(IS_UNFINISHED, "first")).cte("busy", recursive=True)
    )
    next_one = select(func.min(after.c.lane)).where(after.c.lane > busy.c.lane, _of(IS_UNFINISHED, "after"))
    return busy.union_all(select(next_one.scalar_subquery()).where(busy.c.lane.is_not(None)))


def _first(lane: Any, condition: TextClause, alias: str) -> Any:
    """The id of the first of these in a lane that does not wait for what it answers."""
    one, answered = outbox.alias(alias), outbox.alias(f"answered_by_{alias}")
    return (
        select(one.c.id)
        .select_from(one.outerjoin(answered, answered.c.key == one.c.thread_of))
        .where(one.c.lane == lane, _of(condition, alias), ~_waits(one, answered))
        .order_by(one.c.turn, one.c.id)
        .limit(1)
        .correlate(_busy())
        .scalar_subquery()
    )


@cache  # made once: composing it takes longer than running it
def _heads() -> Select[*tuple[Any, ...]]:
    until = bindparam("until", type_=Instant)
    elsewhere = _elsewhere(bindparam("owner", type_=Text), bindparam("lease_now", type_=Instant))
    busy, head, best = _busy(), outbox.alias("head"), outbox.alias("best")
    # A row that is being sent stays the head: the next one must not overtake it when its sender died.
    head_id = func.coalesce(_first(busy.c.lane, IS_BEGUN, "begun"), _first(busy.c.lane, IS_UNFINISHED, "waiting"))
    urgency = (
        select(best.c.band)
        .where(best.c.lane == busy.c.lane, _of(IS_UNFINISHED, "best"))
        .order_by(best.c.turn, best.c.id)
        .limit(1)
        .correlate(busy)
        .scalar_subquery()
    )
    paced = _later(goes_at(head.c), lane_goes_at())
    due = case((elsewhere, _later(paced, lanes.c.lease_until)), else_=paced)
    ready = and_(~elsewhere, paced <= until)
    is_ready = case((ready, 1), else_=0)
    return (
        select(
            head.c.id,
            head.c.lane,
            case((and_(head.c.state == PENDING, head.c.channel.is_not(None)), 1), else_=0).label("paid"),
            lower(head.c.band, urgency).label("urgency"),
            is_ready.label("ready"),
            func.min(case((ready, null()), else_=due), type_=Instant).over().label("next_at"),
        )
        .select_from(busy.join(head, head.c.id == head_id).outerjoin(lanes, lanes.c.lane == busy.c.lane))
        .where(busy.c.lane.not_in(bindparam("held", expanding=True)))
        .order_by(is_ready.desc(), text("urgency"), head.c.id)
        .limit(bindparam("most", type_=Integer))
    )
