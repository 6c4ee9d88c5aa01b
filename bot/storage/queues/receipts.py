"""Which gestures were handled, so that one that is delivered twice is done once."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.engine.schema import Instant, metadata, storable
from bot.storage.engine.writers import Block

receipt_table = Table(
    "receipt", metadata, Column("key", Text, primary_key=True), Column("at", Instant, nullable=False, index=True)
)

_NOTE_SQLITE = sqlite.insert(receipt_table).on_conflict_do_nothing()
_NOTE_POSTGRES = postgresql.insert(receipt_table).on_conflict_do_nothing()


async def seen_before(block: Block, key: str, at: datetime) -> tuple[bool, list[dict[str, Any]]]:
    """Whether the gesture with this key was handled already, and what to defer to ``note`` if it is handled now.

    Where writers run side by side the key is noted at once, which waits for whoever is noting the same one.
    """
    row = {"key": storable(key), "at": at}
    driver = block.group.driver
    if driver is None:
        return (await block.conn.execute(_NOTE_POSTGRES, row)).rowcount == 0, []
    if any(waiting["key"] == row["key"] for waiting in block.deferred(note)):
        return True, []
    # Every gesture asks this, so it goes the short way, past SQLAlchemy.
    seen = driver.raw.execute("SELECT 1 FROM receipt WHERE key = ?", (row["key"],)).fetchone() is not None
    return seen, [] if seen else [row]


async def note(conn: AsyncConnection, rows: list[Any]) -> None:
    """Write receipts; for ``Block.defer``."""
    await conn.execute(_NOTE_SQLITE, rows)
