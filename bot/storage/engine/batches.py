"""Sweeps in batches: removes many rows, a few in each transaction, so that nobody waits long behind one."""

import asyncio
from typing import Any

from sqlalchemy import Column, Select, Table, delete

from bot.storage.engine.database import Database

# Rows a transaction. On SQLite nobody else does anything meanwhile, and what is removed is filled with zeros:
# benchmarks/size.py prints how long the longest one takes.
BATCH = 100
PAUSE_SECONDS = 0.02  # between two, in which everybody else has their turn


async def delete_in_batches(database: Database, table: Table, key: Column[Any], old: Select[Any]) -> int:
    """Remove the rows whose keys ``old`` selects; gives how many. Raises ``StorageUnavailable`` with the rest there."""
    removed, batch = 0, delete(table).where(key.in_(old.limit(BATCH)))
    while True:
        async with database.write() as conn:
            gone = (await conn.execute(batch)).rowcount
        removed += gone
        if gone < BATCH:
            return removed
        await asyncio.sleep(PAUSE_SECONDS)
