"""The ledger's hash chain: each entry is sealed with a digest over it and the digest of the one before."""

import asyncio
import hashlib
from datetime import datetime
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

import structlog
from sqlalchemy import BigInteger, Column, Integer, Row, Table, Text, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.ledger_heads import Head
from bot.storage.engine.database import Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.engine.schema import compact, metadata
from bot.storage.ledger.ledger import ledger_table

log = structlog.get_logger(__name__)

# One row: the end of the chain. Without it, entries cut off the end would not be missed.
head_table = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

START = hashlib.sha256(b"eightbells ledger").hexdigest()
BATCH = 500
PAUSE_SECONDS = 0.25  # so that a burst is sealed as a few batches and not entry by entry
POLL_SECONDS = 30.0


def digest_of(row: Row[Any], place: int, before: str) -> str:
    """SHA-256 over an entry, its place and the digest of the entry before it, as hex."""
    words = [before, place, row.id, row.at.isoformat(), row.kind, row.by, row.subjects, row.facts]
    return hashlib.sha256(compact(words).encode("ascii")).hexdigest()


def digest_of_text(
    before: str, place: int, id: int, at: datetime, kind: str, by: str, subjects: str, facts: str
) -> str:
    """The same, of an entry whose ``subjects`` and ``facts`` are the canonical JSON as which they are stored."""
    text = f'["{before}",{place},{id},"{at.isoformat()}",{_quoted(kind)},{_quoted(by)},{subjects},{facts}]'
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class Sealer:
    """Seals what was committed, in the order in which it became visible; ``bot.storage.ledger.audits`` checks it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seal(self) -> int:
        """Seal the entries that wait for it, at most ``BATCH``; gives how many.

        Entries of one transaction may become visible after entries with higher ids; the place, and not the id,
        is the order of the chain. The head's row lets one sealer at a time through.
        """
        async with self._database.write() as conn:
            head = await self._locked_head(conn)
            rows = await conn.execute(
                select(ledger_table).where(ledger_table.c.place.is_(None)).order_by(ledger_table.c.id).limit(BATCH)
            )
            seals: list[dict[str, Any]] = []
            place, digest = head.place, head.digest
            for row in rows:
                place += 1
                digest = digest_of(row, place, digest)
                seals.append({"entry": row.id, "to_place": place, "to_digest": digest})
            if seals:
                await conn.execute(_SEAL, seals)
                await conn.execute(update(head_table).values(place=place, digest=digest))
            return len(seals)

    async def _locked_head(self, conn: AsyncConnection) -> Head:
        row = (await conn.execute(select(head_table).with_for_update())).first()
        if row is not None:
            return Head(row.place, row.digest)
        new = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
        await conn.execute(new(head_table).on_conflict_do_nothing(), {"id": 1, "place": 0, "digest": START})
        return await self._locked_head(conn)

    async def keep_sealing(self) -> None:
        """Seal whenever something was recorded, until cancelled."""
        while True:
            await self._database.wait("ledger", POLL_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                while await self.seal() == BATCH:
                    pass
            except StorageUnavailable as error:
                log.warning("entries wait to be sealed", error=str(error))

    async def head(self) -> Head:
        """The end of the chain."""
        async with self._database.read() as conn:
            return await head_of(conn)


async def head_of(conn: AsyncConnection) -> Head:
    """The end of the chain, as this connection sees it."""
    row = (await conn.execute(select(head_table))).first()
    return Head(row.place, row.digest) if row is not None else Head(0, START)


_SEAL = (
    update(ledger_table)
    .where(ledger_table.c.id == bindparam("entry"), ledger_table.c.place.is_(None))
    .values(place=bindparam("to_place"), digest=bindparam("to_digest"))
)
