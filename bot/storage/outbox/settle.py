"""Writes down how steps ended, many at once, and frees their lanes for the next message."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Boolean, Integer, Text, and_, bindparam, case, false, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.jobs import DIED, Job
from bot.storage.engine.schema import Instant, Json
from bot.storage.outbox.pauses import DIFFERENCE
from bot.storage.outbox.steps import Checked, Dead, Doing, Doubt, Ending, Gone, Later, Pace, Resolved, Sent
from bot.storage.outbox.tables import DEAD, DOUBT, FILE, HOME, PENDING, SENT, addresses, edits_of, lanes, outbox
from bot.storage.outbox.turns import edit_turn_of_row, first_turn_of_row, micros
from bot.storage.queues.jobs import Owed, owed, write_steps

E = TypeVar("E")
NO_TIME = timedelta(0)
_ID = outbox.c.id == bindparam("b_id")


def _at(name: str) -> Any:
    return bindparam(name, type_=Instant)


def _text(name: str) -> Any:
    return bindparam(name, type_=Text)


async def settle(
    conn: AsyncConnection, endings: Sequence[Ending], *, owner: str, pace: Pace, now: datetime, recheck: timedelta
) -> int:
    """Write these endings down; gives how many were ours no more, since the lease had run out, and were left alone.

    ``recheck`` is how long after a second post doubles are searched for.
    """
    wanted = sorted({ending.step.lane for ending in endings if ending.step.doing is not Doing.CHECK})
    held = select(lanes.c.lane).where(lanes.c.lane.in_(wanted), lanes.c.owner == owner).order_by(lanes.c.lane)
    ours = set((await conn.execute(held.with_for_update())).scalars())
    kept = [ending for ending in endings if ending.step.doing is Doing.CHECK or ending.step.lane in ours]
    rows = select(outbox.c.id).where(outbox.c.id.in_([ending.step.id for ending in kept])).order_by(outbox.c.key)
    await conn.execute(rows.with_for_update())  # in the order in which ``put`` takes them
    await _sent(conn, _only(kept, Sent), now + recheck)
    await _later(conn, _only(kept, Later))
    await _doubt(conn, _only(kept, Doubt))
    await _gone(conn, _only(kept, Gone), now)
    await _dead(conn, _only(kept, Dead))
    await write_steps(conn, [_telling(one, now) for one in _only(kept, Dead)])
    await _resolved(conn, _only(kept, Resolved), now)
    await _checked(conn, _only(kept, Checked), now)
    await _free(conn, kept, pace, now)
    return len(endings) - len(kept)


def _only(endings: Sequence[Ending], kind: type[E]) -> list[E]:
    return sorted((one for one in endings if isinstance(one, kind)), key=lambda one: one.step.key)  # type: ignore[attr-defined]


async def _sent(conn: AsyncConnection, endings: Sequence[Sent], check_at: datetime) -> None:
    if not endings:
        return
    revision = bindparam("b_revision", type_=Integer)
    checkable = and_(outbox.c.resent, outbox.c.kind != FILE)  # Slack shares a file later, and does not say where
    values = {
        "state": case((outbox.c.revision > revision, PENDING), else_=SENT),
        "sent_revision": revision,
        "channel": _text("b_channel"),
        "ts": _text("b_ts"),
        "lane": case((outbox.c.kind == HOME, outbox.c.lane), else_=_text("b_lane")),
        "turn": case((outbox.c.ts.is_(None), edit_turn_of_row("b_turn")), else_=outbox.c.turn),
        "ready_at": _at("b_at"),
        "sent_at": _at("b_at"),
        "check_at": case((checkable, bindparam("b_check", check_at, Instant)), else_=outbox.c.check_at),
        "resent": false(),
        # A file's bytes are not kept once they are sent: they may hold people's words.
        "blocks": case((outbox.c.kind == FILE, bindparam("b_none", [], Json)), else_=outbox.c.blocks),
        "since": null(),
        "reason": null(),
        "attempt": 0,
        "looks": 0,
        "refusals": 0,
    }
    rows = [
        {
            "b_id": one.step.id,
            "b_revision": one.revision,
            "b_channel": one.channel,
            "b_ts": one.ts,
            "b_lane": edits_of(one.channel or ""),
            "b_turn": micros(one.at),
            "b_at": one.at,
            "b_check": check_at,
        }
        for one in endings
    ]
    await conn.execute(update(outbox).where(_ID).values(**values), rows)


async def _later(conn: AsyncConnection, endings: Sequence[Later]) -> None:
    if not endings:
        return
    missing = bindparam("b_missing", type_=Boolean)
    # Blocks that were refused are left out, unless others have taken their place meanwhile.
    plain = and_(bindparam("b_plain", type_=Boolean), outbox.c.revision == bindparam("b_revision", type_=Integer))
    values = {
        "state": PENDING,
        "ready_at": _at("b_until"),
        "reason": _text("b_reason"),
        "refusals": outbox.c.refusals + bindparam("b_refused", type_=Integer),
        "plain": or_(outbox.c.plain, plain),
        "resent": or_(outbox.c.resent, missing),
        "since": case((or_(outbox.c.resent, missing), outbox.c.since), else_=null()),
        "looks": 0,
    }
    rows = [
        {
            "b_id": one.step.id,
            "b_until": one.until,
            "b_reason": one.reason,
            "b_refused": int(one.refused),
            "b_plain": one.plain,
            "b_revision": one.step.revision,
            "b_missing": one.missing,
        }
        for one in endings
    ]
    await conn.execute(update(outbox).where(_ID).values(**values), rows)


async def _doubt(conn: AsyncConnection, endings: Sequence[Doubt]) -> None:
    if not endings:
        return
    values = {
        "state": DOUBT,
        "ready_at": _at("b_until"),
        "reason": _text("b_reason"),
        "looks": bindparam("b_looks"),
    }
    rows = [
        {"b_id": one.step.id, "b_until": one.until, "b_reason": one.reason, "b_looks": one.looks} for one in endings
    ]
    await conn.execute(update(outbox).where(_ID).values(**values), rows)


async def _gone(conn: AsyncConnection, endings: Sequence[Gone], now: datetime) -> None:
    for one in endings:
        anew = {"generation": outbox.c.generation + 1, "ts": None, "sent_revision": 0, "state": PENDING}
        where = update(outbox).where(outbox.c.id == one.step.id)
        posted = {"lane": outbox.c.channel, "turn": first_turn_of_row()}
        await conn.execute(where.values(**anew, **posted, ready_at=now, since=None, attempt=0))


async def _dead(conn: AsyncConnection, endings: Sequence[Dead]) -> None:
    for one in endings:
        step = one.step
        if step.doing is Doing.RESOLVE:  # all that wait for this channel
            lost = update(outbox).where(
                outbox.c.lane == step.lane, outbox.c.channel.is_(None), outbox.c.state == PENDING
            )
            await conn.execute(lost.values(state=DEAD, reason=one.reason))
            continue
        values = {
            # What was changed meanwhile has not been tried yet.
            "state": case((outbox.c.revision > step.revision, PENDING), else_=DEAD),
            "reason": one.reason,
        }
        if step.doing is not Doing.LOOK:  # it is not there, unless an earlier attempt put it there
            values["since"] = case((outbox.c.resent, outbox.c.since), else_=null())
        await conn.execute(update(outbox).where(outbox.c.id == step.id).values(**values))
        if step.doing in (
            Doing.POST,
            Doing.LOOK,
            Doing.UPLOAD,
        ):  # "#deploys" may be another channel by the next try
            await conn.execute(addresses.delete().where(addresses.c.to == step.to))


def _telling(one: Dead, now: datetime) -> Owed:
    """The job by which a workflow hears of it, once for each content of the message."""
    step = one.step
    key = f"{DIED}:{step.key}:{step.generation}:{step.revision}"
    return owed(Job(DIED, key, now, {"key": step.key, "to": step.to, "reason": one.reason}), now)


async def _resolved(conn: AsyncConnection, endings: Sequence[Resolved], now: datetime) -> None:
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    for one in endings:
        found = {"channel": one.channel, "found_at": now}
        upsert = insert(addresses).values(to=one.step.to, **found)
        await conn.execute(upsert.on_conflict_do_update(index_elements=[addresses.c.to], set_=found))
        moved = update(outbox).where(outbox.c.lane == one.step.lane, outbox.c.channel.is_(None))
        await conn.execute(moved.values(lane=one.channel, channel=one.channel))


async def _checked(conn: AsyncConnection, endings: Sequence[Checked], now: datetime) -> None:
    for one in endings:
        row = update(outbox).where(outbox.c.id == one.step.id, outbox.c.ts == one.step.ts)
        await conn.execute(row.values(check_at=one.again))
        if one.ts != one.step.ts:  # the one that stayed may say something older: bring it up to date
            edit = {"revision": outbox.c.revision + 1, "state": PENDING, "ready_at": now}
            turn = edit_turn_of_row("b_turn")
            await conn.execute(row.values(ts=one.ts, turn=turn, **edit), {"b_turn": micros(now)})


async def _free(conn: AsyncConnection, endings: Sequence[Ending], pace: Pace, now: datetime) -> None:
    freed = [
        {"b_lane": one.step.lane, "b_ready": _ready_at(one, pace, now)}
        for one in endings
        if one.step.doing is not Doing.CHECK
    ]
    if freed:
        values = {"owner": null(), "lease_until": null(), "ready_at": _at("b_ready")}
        freed.sort(key=lambda row: row["b_lane"])
        await conn.execute(update(lanes).where(lanes.c.lane == _text("b_lane")).values(**values), freed)


def _ready_at(ending: Ending, pace: Pace, now: datetime) -> datetime:
    """When the next message may go: what is put meanwhile passes no pause that Slack asked for, as far as lanes' pauses
    are believed; in a longer one something urgent asks again after that.
    """
    gap = _gap(ending, pace)
    if isinstance(ending, Later) and ending.paced:
        return max(min(ending.until, now + DIFFERENCE), now + gap)
    return (ending.at if isinstance(ending, Sent) else now) + gap


def _gap(ending: Ending, pace: Pace) -> timedelta:
    match ending.step.doing:
        case Doing.POST | Doing.UPLOAD:
            return pace.post_gap
        case Doing.LOOK if isinstance(ending, Sent):  # it may have been posted a moment ago
            return pace.post_gap
        case Doing.EDIT | Doing.SHOW:
            return pace.edit_gap
        case _:
            return NO_TIME
