"""Writes what must be said beside the state that causes it, so that both are kept or neither."""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Band, File
from bot.storage.engine.schema import LONG_AGO, Instant, compact, storable
from bot.storage.outbox.steps import UPLOAD
from bot.storage.outbox.tables import DEAD, DOUBT, FILE, HOME, MESSAGE, PENDING, SENT, addresses, outbox
from bot.storage.outbox.turns import edit_turn, first_turn, lower

_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]+")
ADDRESS_HOLDS = timedelta(days=1)  # afterwards "#deploys" is looked up anew: channels are renamed
# A direct conversation stays the same for ever, and Slack opens only some 50 of them a minute.


@dataclass(frozen=True, slots=True)
class Put:
    """A message, or a Home tab (``kind`` "home", ``to`` a user id), as it should be shown from now on.

    The first with a key decides where it stands; later ones only change what it says.
    """

    key: str
    to: str
    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    kind: str = MESSAGE
    thread_of: str | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    band: Band = Band.NORMAL


def put_of_file(file: File, text: str) -> Put:
    """A file as the outbox holds it: its bytes stand where a message has its blocks."""
    content = base64.b64encode(file.content).decode("ascii")
    block = {"type": UPLOAD, "name": file.own_name, "title": file.name, "alt": file.alt, "content": content}
    return Put(file.key, file.to, text, (block,), kind=FILE, thread_of=file.thread_of, band=file.band)


def is_channel_id(to: str) -> bool:
    """Whether this is a channel's id and needs no looking up."""
    return bool(_CHANNEL_ID.fullmatch(to))


async def put(conn: AsyncConnection, puts: Sequence[Put], now: datetime) -> None:
    """Owe these messages, in this order; of one key the newest content wins.

    A changed payload of a message that Slack shows already becomes an edit; an unchanged one changes nothing; a
    dead letter that changes is tried again. Whoever commits wakes "outbox" afterwards.
    """
    newest: dict[str, Put] = {}
    for one in puts:
        first = newest.get(one.key)
        newest[one.key] = replace(first, text=one.text, blocks=one.blocks, band=one.band) if first else one
    urgency = _urgency_of_replies(newest.values())
    touched = {*newest, *urgency}
    if len(touched) > 1 and conn.dialect.name == "postgresql":
        # In one order, so that two transactions that change the same messages do not wait for each other.
        rows = select(outbox.c.id).where(outbox.c.key.in_(touched)).order_by(outbox.c.key)
        await conn.execute(rows.with_for_update())
    if newest:
        await conn.execute(_upsert(conn.dialect.name), [_row(one, now) for one in _parents_first(newest)])
    if urgency:
        parents = [
            {"b_parent": key, "b_turn": first_turn(band), "b_band": int(band)} for key, band in urgency.items()
        ]
        await conn.execute(_raise(), parents)


def _urgency_of_replies(puts: Iterable[Put]) -> dict[str, Band]:
    """How urgent the most urgent reply to each message is."""
    found: dict[str, Band] = {}
    for one in puts:
        if one.thread_of:
            found[one.thread_of] = min(one.band, found.get(one.thread_of, Band.BULK))
    return found


@cache
def _raise() -> Any:
    """A message that is not posted yet is as urgent as its most urgent reply, which waits for it."""
    turn, band = bindparam("b_turn", type_=BigInteger), bindparam("b_band", type_=SmallInteger)
    later = and_(outbox.c.key == bindparam("b_parent", type_=Text), outbox.c.ts.is_(None), outbox.c.turn > turn)
    return update(outbox).where(later).values(turn=turn, band=lower(outbox.c.band, band))


def _parents_first(puts: dict[str, Put]) -> list[Put]:
    """In the order given, but a reply never before the message that it answers."""
    ordered: dict[str, Put] = {}

    def take(one: Put, below: frozenset[str]) -> None:
        if one.key in ordered:
            return
        parent = puts.get(one.thread_of or "")
        if parent is not None and parent.key not in below:
            take(parent, below | {one.key})
        ordered[one.key] = one

    for one in puts.values():
        take(one, frozenset({one.key}))
    return list(ordered.values())


def _row(one: Put, now: datetime) -> dict[str, Any]:
    text = storable(one.text)
    payload = compact([text, list(one.blocks)])
    return {
        "b_key": one.key,
        "b_kind": one.kind,
        "b_to": one.to,
        "b_thread_of": one.thread_of,
        "b_thread_ts": one.thread_ts,
        "b_broadcast": one.broadcast,
        "b_band": int(one.band),
        "b_text": text,
        "b_blocks": list(one.blocks),
        "b_digest": hashlib.blake2b(payload.encode(), digest_size=16).hexdigest(),
        "b_lane": one.key if one.kind == HOME else one.to,
        "b_channel": one.to if one.kind != HOME and is_channel_id(one.to) else None,
        "b_fresh": now - ADDRESS_HOLDS if one.to.startswith("#") else LONG_AGO,
        "b_now": now,
        "b_turn": edit_turn(one.band, now),
        "b_first_turn": first_turn(one.band),
    }


def sought_anew() -> ColumnElement[bool]:
    """Whether a dead letter's channel is looked up again: behind "#deploys" may stand another one by now."""
    undoubted = and_(outbox.c.ts.is_(None), outbox.c.since.is_(None))
    return and_(outbox.c.state == DEAD, undoubted, outbox.c.thread_of.is_(None), outbox.c.to != outbox.c.channel)


def _address() -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Channel (where known) and lane of a new row: its parent's, else what its name was last found to be."""
    parent = outbox.alias("parent")
    of_parent = parent.c.key == bindparam("b_thread_of", type_=Text)
    known = and_(
        addresses.c.to == bindparam("b_to", type_=Text), addresses.c.found_at > bindparam("b_fresh", type_=Instant)
    )
    channel = func.coalesce(
        select(parent.c.channel).where(of_parent).scalar_subquery(),
        select(addresses.c.channel).where(known).scalar_subquery(),
        bindparam("b_channel", type_=Text),
    )
    parents_lane = select(parent.c.lane).where(of_parent).scalar_subquery()
    own = bindparam("b_lane", type_=Text)
    # A Home tab is no message: views.publish has a rate of its own (https://docs.slack.dev/apis/web-api/rate-limits),
    # so it never stands behind what its owner is told, though their direct conversation is known.
    is_home = bindparam("b_kind", type_=Text) == HOME
    return case((is_home, null()), else_=channel), case(
        (is_home, own), else_=func.coalesce(channel, parents_lane, own)
    )


def _moved(shown: ColumnElement[bool]) -> dict[str, ColumnElement[str]]:
    """Where a row stands once it says something else."""
    is_home = outbox.c.kind == HOME
    lane = case(
        (is_home, outbox.c.key),  # also one that an earlier version put behind direct messages
        (shown, outbox.c.channel + " edits"),
        (sought_anew(), outbox.c.to),
        else_=outbox.c.lane,
    )
    return {"lane": lane, "channel": case((or_(is_home, sought_anew()), null()), else_=outbox.c.channel)}


def _placed(
    anew: ColumnElement[bool], shown: ColumnElement[bool], band: ColumnElement[int]
) -> dict[str, ColumnElement[int]]:
    """Its place in the lane: what waits already keeps it, or goes further forward."""
    first, edit = (bindparam(name, type_=BigInteger) for name in ("b_first_turn", "b_turn"))
    turn = case((anew, edit), (shown, lower(outbox.c.turn, edit)), else_=lower(outbox.c.turn, first))
    return {"turn": turn, "band": case((anew, band), else_=lower(outbox.c.band, band))}


@cache
def _upsert(dialect: str) -> Any:
    insert = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(outbox)
    columns = ("key", "kind", "to", "thread_of", "thread_ts", "broadcast", "band", "text", "blocks", "digest")
    values = {name: bindparam(f"b_{name}", type_=outbox.c[name].type) for name in columns}
    now = bindparam("b_now", type_=Instant)
    channel, lane = _address()
    insert = insert.values(
        **values,
        revision=1,
        state=PENDING,
        turn=bindparam("b_first_turn", type_=BigInteger),
        channel=channel,
        lane=lane,
        ready_at=now,
        put_at=now,
    )
    new, is_dead = insert.excluded, outbox.c.state == DEAD
    rests = or_(outbox.c.state == SENT, is_dead)
    shown = outbox.c.ts.is_not(None)
    doubtful = and_(is_dead, ~shown, outbox.c.since.is_not(None))
    return insert.on_conflict_do_update(
        index_elements=[outbox.c.key],
        set_={
            "text": new.text,
            "blocks": new.blocks,
            "digest": new.digest,
            "revision": outbox.c.revision + 1,
            "plain": false(),
            "state": case((doubtful, DOUBT), (rests, PENDING), else_=outbox.c.state),
            **_moved(shown),
            **_placed(and_(rests, shown), shown, new.band),
            "ready_at": case((rests, now), else_=outbox.c.ready_at),
            "refusals": case((is_dead, 0), else_=outbox.c.refusals),
            "looks": case((is_dead, 0), else_=outbox.c.looks),
            "reason": case((is_dead, null()), else_=outbox.c.reason),
        },
        where=and_(outbox.c.digest != new.digest, outbox.c.kind != FILE),
    )
