"""Chooses what may be said next: the head of each free conversation, within the workspace's pace."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Row,
    Table,
    Text,
    bindparam,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Band
from bot.storage.engine.schema import LONG_AGO, Instant
from bot.storage.outbox.heads import Head, Holder
from bot.storage.outbox.pauses import believed, goes_at, lane_goes_at, longest_refill
from bot.storage.outbox.steps import Doing, Pace, Step
from bot.storage.outbox.tables import DEAD, DOUBT, FILE, HOME, SENDING, UNFINISHED, bucket, lanes, outbox

NO_PARENT = "the message whose thread it belongs to does not exist"
PARENT_DEAD = "the message whose thread it belongs to could not be sent"
A_HANDFUL = 8  # messages that the workspace's pace must have room for before others are looked for
CALLS = (Doing.POST, Doing.EDIT, Doing.SHOW, Doing.UPLOAD)
CHECK_AGAIN = timedelta(minutes=1)  # where whoever checks dies meanwhile


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
