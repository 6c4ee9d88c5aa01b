"""Copies of what messages said: the outbox's rows that hold somebody's words, and what becomes of them."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.erasing import Copy, Kinship, Traces
from bot.storage.outbox.steps import UPLOAD
from bot.storage.outbox.tables import DEAD, SENT, UNFINISHED, outbox

BATCH = 200  # messages; one may hold a file
_KEYS = ("round:%", "digest:%", "blocker:%", "change:%", "standup.%", "home:%")
_SAYS = or_(outbox.c.text != "", func.length(outbox.c.blocks) > len("[]"))


async def holding(conn: AsyncConnection, traces: Traces) -> list[Copy]:
    """Messages that hold somebody's words: theirs by their keys, those that they share by the words."""
    known = select(outbox.c.key, outbox.c.to, outbox.c.revision, outbox.c.state)
    rows = (await conn.execute(known.where(_SAYS, or_(*map(outbox.c.key.like, _KEYS))))).all()
    found: list[Copy] = []
    shared: list[str] = []
    for row in rows:
        kinship = traces.kinship(row.key, row.to)
        # Nobody needs our copy of what Slack shows; a letter that is still to be sent is somebody's.
        if kinship is Kinship.THEIRS or (kinship is Kinship.EDITED and row.state == SENT):
            found.append(Copy(row.key, row.revision))
        elif kinship is not None:
            shared.append(row.key)
    for first in range(0, len(shared), BATCH):
        said = select(outbox).where(outbox.c.key.in_(shared[first : first + BATCH]))
        rows = (await conn.execute(said)).all()
        found += [Copy(row.key, row.revision) for row in rows if traces.within(_texts(row))]
    return found


async def forget(conn: AsyncConnection, copies: Sequence[Copy]) -> int:
    """Blank those of these messages that Slack shows, remove the dead ones; gives how many are still needed.

    One that has been changed since was made without the words, and stays. A blanked one keeps its digest, so that
    a later edit, which brings its own words, is still told from none.
    """
    waiting = 0
    for first in range(0, len(copies), BATCH):
        batch = [(copy.key, copy.revision) for copy in copies[first : first + BATCH]]
        same = tuple_(outbox.c.key, outbox.c.revision).in_(batch)
        shown = and_(outbox.c.state == SENT, outbox.c.check_at.is_(None), _SAYS)
        await conn.execute(update(outbox).where(same, shown).values(text="", blocks=[]))
        await conn.execute(delete(outbox).where(same, outbox.c.state == DEAD))
        # One that is looked at again (``check_at``), or that is not sent yet, still needs its words.
        needed = or_(outbox.c.state.in_(UNFINISHED), outbox.c.check_at.is_not(None))
        waiting += await conn.scalar(select(func.count()).select_from(outbox).where(same, needed)) or 0
    return waiting


def _texts(row: Row[Any]) -> Iterator[str]:
    yield row.text
    for block in row.blocks:
        if block.get("type") == UPLOAD:
            content = base64.b64decode(block["content"]).decode("utf-8", "replace")
            yield content.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")  # as JSON writes them
        else:
            yield from _strings(block)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)
