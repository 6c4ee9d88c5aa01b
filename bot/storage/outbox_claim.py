"""Chooses what may be said next: the head of each free conversation, within the workspace's pace."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Table,
    Text,
    TextClause,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.messages import Band
from bot.storage.outbox_pauses import LONG_AGO, believed, goes_at, lane_goes_at, longest_refill
from bot.storage.outbox_steps import Doing, Pace, Step
from bot.storage.outbox_tables import DEAD, DOUBT, FILE, HOME, PENDING, SENDING, UNFINISHED, bucket, lanes, outbox
from bot.storage.schema import Instant

NO_PARENT = "the message whose thread it belongs to does not exist"
PARENT_DEAD = "the message whose thread it belongs to could not be sent"
A_HANDFUL = 8  # messages that the workspace's pace must have room for before others are looked for
CALLS = (Doing.POST, Doing.EDIT, Doing.SHOW, Doing.UPLOAD)
CHECK_AGAIN = timedelta(minutes=1)  # where whoever checks dies meanwhile


@dataclass(frozen=True, slots=True)
class Head:
    """The oldest unfinished message of a lane that nobody holds."""

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

    @property
    def elsewhere(self) -> ColumnElement[bool]:
        """Whether a lane is somebody else's."""
        return _elsewhere(literal(self.owner, Text), literal(self.lease_now, Instant))


def _elsewhere(owner: ColumnElement[str], lease_now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(lanes.c.owner.is_not(None), lanes.c.owner != owner, lanes.c.lease_until >= lease_now)


async def heads(
    conn: AsyncConnection, holder: Holder, pace: Pace, until: datetime, limit: int
) -> tuple[list[Head], datetime | None]:
    """Heads that may go until then, the most urgent first, and the next instant at which another may."""
    wanted = {
        "owner": holder.owner,
        "lease_now": holder.lease_now,
        "until": until,
        "held": list(holder.held),
        "most": limit,
        **believed(pace, until),
    }
    found = (await conn.execute(_heads(), wanted)).all()
    ready = [Head(row.id, row.lane, Band(row.urgency), bool(row.paid)) for row in found if row.ready]
    return ready, found[0].next_at if found else None


def _unfinished(alias: str) -> TextClause:
    """As the partial index says it, so that SQLite uses it."""
    return text(f"{alias}.state IN ('pending', 'sending', 'doubt')")


def _later(one: Any, other: Any) -> Any:
    return case((one > other, one), else_=other)


@cache  # made once: composing it takes longer than running it
def _heads() -> Select[*tuple[Any, ...]]:
    until = bindparam("until", type_=Instant)
    elsewhere = _elsewhere(bindparam("owner", type_=Text), bindparam("lease_now", type_=Instant))
    # A row that is being sent stays the head: the next one must not overtake it when its sender died.
    head, older, other = outbox.alias("head"), outbox.alias("older"), outbox.alias("other")
    earlier = tuple_(older.c.turn, older.c.id) < tuple_(head.c.turn, head.c.id)
    overtaken = select(older.c.id).where(older.c.lane == head.c.lane, earlier, _unfinished("older")).exists()
    urgency = select(func.min(other.c.band)).where(other.c.lane == head.c.lane, _unfinished("other"))
    parent = outbox.alias("parent")
    waits = and_(head.c.ts.is_(None), parent.c.ts.is_(None), parent.c.state.in_(UNFINISHED))
    paced = _later(goes_at(head.c), lane_goes_at())
    due = case((elsewhere, _later(paced, lanes.c.lease_until)), else_=paced)
    ready = and_(~elsewhere, paced <= until)
    is_ready = case((ready, 1), else_=0)
    return (
        select(
            head.c.id,
            head.c.lane,
            case((and_(head.c.state == PENDING, head.c.channel.is_not(None)), 1), else_=0).label("paid"),
            urgency.scalar_subquery().label("urgency"),
            is_ready.label("ready"),
            func.min(case((ready, null()), else_=due), type_=Instant).over().label("next_at"),
        )
        .select_from(
            head.outerjoin(lanes, lanes.c.lane == head.c.lane).outerjoin(parent, parent.c.key == head.c.thread_of)
        )
        .where(_unfinished("head"), ~overtaken, or_(parent.c.id.is_(None), ~waits))
        .where(head.c.lane.not_in(bindparam("held", expanding=True)))
        .order_by(is_ready.desc(), text("urgency"), head.c.id)
        .limit(bindparam("most", type_=Integer))
    )


async def afford(
    conn: AsyncConnection, wanted: Sequence[Head], pace: Pace, now: datetime
) -> tuple[list[Head], datetime | None]:
    """Those that the workspace's pace has room for, and when there is room for one more of the others."""
    insert = _insert(conn, bucket).values(name="messages", tokens=pace.burst, at=now).on_conflict_do_nothing()
    await conn.execute(insert)
    row = (await conn.execute(select(bucket).where(bucket.c.name == "messages").with_for_update())).one()
    # One that was filled in a future further off than it takes to fill was filled by a clock that was ahead.
    at = row.at if row.at <= now + longest_refill(pace) else now
    elapsed = max((now - at).total_seconds(), 0.0)
    tokens = min(row.tokens + elapsed * pace.per_second, pace.burst)
    floors = {Band.NOW: float("-inf"), Band.NORMAL: -pace.overdraft, Band.BULK: 0.0}
    taken: list[Head] = []
    room_at: datetime | None = None
    for head in wanted:
        if head.paid and tokens - 1 < floors[head.urgency]:
            # Not for each single message: finding the next ones costs the same for one as for a handful.
            missing = (floors[head.urgency] + min(A_HANDFUL, pace.burst) - tokens) / pace.per_second
            room_at = min(room_at or datetime.max.replace(tzinfo=UTC), now + timedelta(seconds=missing))
            continue
        tokens -= head.paid
        taken.append(head)
    await conn.execute(update(bucket).where(bucket.c.name == "messages").values(tokens=tokens, at=max(now, at)))
    return taken, room_at


async def take(
    conn: AsyncConnection,
    wanted: Sequence[Head],
    holder: Holder,
    *,
    pace: Pace,
    now: datetime,
    until: datetime,
) -> list[Step]:
    """Lease these lanes and mark what is about to be sent, leaving out what somebody else got hold of.

    ``until`` is up to when a lane's pace may still run: now, or a little later.
    """
    lane_of = {head.id: head.lane for head in sorted(wanted, key=lambda head: head.lane)}
    missing = [{"lane": lane, "ready_at": LONG_AGO} for lane in lane_of.values()]
    await conn.execute(_insert(conn, lanes).on_conflict_do_nothing(), missing)
    by = believed(pace, until)
    free = select(lanes.c.lane, lane_goes_at().label("goes_at"))
    free = free.where(lanes.c.lane.in_(lane_of.values()), ~holder.elsewhere)
    locked = (await conn.execute(free.with_for_update(skip_locked=True), by)).all()
    leased = {row.lane: row.goes_at for row in locked if row.goes_at <= until}
    # A row that a transaction is changing right now is left for its commit, which wakes us.
    rows = select(outbox, goes_at(outbox.c).label("goes_at"))
    rows = rows.where(outbox.c.id.in_(lane_of), outbox.c.state.in_(UNFINISHED))
    found = (await conn.execute(rows.with_for_update(skip_locked=True), by)).all()
    rank = {head.id: place for place, head in enumerate(wanted)}
    heads = [row for row in found if row.lane in leased and lane_of[row.id] == row.lane and row.goes_at <= until]
    heads.sort(key=lambda row: rank[row.id])
    parents = await _parents(conn, [row.thread_of for row in heads if row.thread_of])
    steps = [
        replace(step, not_before=max(row.goes_at, leased[row.lane]))
        for row in heads
        if (step := _step(row, parents, now))
    ]
    orphans = {row.id for row in heads} - {step.id for step in steps}
    for row in heads:
        if row.id in orphans:
            reason = PARENT_DEAD if row.thread_of in parents else NO_PARENT
            await conn.execute(update(outbox).where(outbox.c.id == row.id).values(state=DEAD, reason=reason))
    await _mark(conn, steps, holder.owner, now, holder.lease_now + pace.lease)
    return steps


async def _parents(conn: AsyncConnection, keys: Sequence[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    if not keys:
        return {}
    found = await conn.execute(select(outbox.c.key, outbox.c.ts, outbox.c.channel).where(outbox.c.key.in_(keys)))
    return {row.key: row for row in found}


def _step(
    row: Row[*tuple[Any, ...]], parents: dict[str, Row[*tuple[Any, ...]]], now: datetime, doing: Doing | None = None
) -> Step | None:
    """What is to be done for this row; None where it is a reply to nothing."""
    doing, thread_ts, channel = doing or _doing(row), row.thread_ts, row.channel
    if row.thread_of:
        parent = parents.get(row.thread_of)
        if parent is not None and parent.ts is not None:
            thread_ts = parent.ts
            if row.ts is None:
                channel, doing = parent.channel, Doing.POST if doing is Doing.RESOLVE else doing
        elif row.ts is None:
            return None
    return Step(
        doing=doing,
        id=row.id,
        key=row.key,
        lane=row.lane,
        to=row.to,
        channel=channel,
        ts=row.ts,
        thread_ts=thread_ts,
        broadcast=row.broadcast,
        band=Band(row.band),
        text=row.text,
        blocks=() if row.plain else tuple(row.blocks),
        revision=row.revision,
        attempt=row.attempt + (doing in CALLS),
        generation=row.generation,
        since=row.since or now,
        not_before=now,
        refusals=row.refusals,
        looks=row.looks,
    )


def _doing(row: Row[*tuple[Any, ...]]) -> Doing:
    if row.kind == HOME:
        return Doing.SHOW
    if row.ts is not None:
        return Doing.EDIT
    if row.state in (SENDING, DOUBT):
        return Doing.LOOK
    if not row.channel:
        return Doing.RESOLVE
    return Doing.UPLOAD if row.kind == FILE else Doing.POST


async def checks(conn: AsyncConnection, now: datetime, limit: int, longest: timedelta) -> list[Step]:
    """Messages that were posted again after a doubt and must be searched for doubles now; put off meanwhile.

    One that would be searched for later than ``longest`` from now was put off by a clock that was ahead.
    """
    is_due = or_(outbox.c.check_at <= now, outbox.c.check_at > now + longest)
    due = select(outbox).where(is_due, outbox.c.ts.is_not(None)).limit(limit)
    rows = (await conn.execute(due.with_for_update(skip_locked=True))).all()
    if not rows:
        return []
    put_off = update(outbox).where(outbox.c.id.in_([row.id for row in rows]))
    await conn.execute(put_off.values(check_at=now + CHECK_AGAIN))
    parents = await _parents(conn, [row.thread_of for row in rows if row.thread_of])
    return [step for row in rows if (step := _step(row, parents, now, Doing.CHECK))]


async def _mark(conn: AsyncConnection, steps: Sequence[Step], owner: str, now: datetime, lease: datetime) -> None:
    calls = [{"b_id": step.id, "b_channel": step.channel} for step in steps if step.doing in CALLS]
    looks = [{"b_id": step.id} for step in steps if step.doing is Doing.LOOK]
    of_id = outbox.c.id == bindparam("b_id")
    if calls:
        sending = {
            "state": SENDING,
            "channel": bindparam("b_channel", type_=Text),
            "attempt": outbox.c.attempt + 1,
            "attempt_started_at": literal(now, Instant),
            "since": func.coalesce(outbox.c.since, literal(now, Instant)),
        }
        await conn.execute(update(outbox).where(of_id).values(**sending), calls)
    if looks:
        await conn.execute(update(outbox).where(of_id).values(state=DOUBT), looks)
    if steps:
        held = update(lanes).where(lanes.c.lane.in_([step.lane for step in steps]))
        await conn.execute(held.values(owner=owner, lease_until=lease))


def _insert(conn: AsyncConnection, table: Table) -> Any:
    return (sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert)(table)
