"""The ledger as JSON lines that a stranger's script can verify alone; the format stands in ``docs/auditing.md``."""

from collections.abc import AsyncIterator

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.engine.schema import compact
from bot.storage.ledger.ledger import ledger_table
from bot.storage.ledger.seals import BATCH, START, head_of

FORMAT = 1


async def lines(conn: AsyncConnection) -> AsyncIterator[str]:
    """A line about the format, one for each sealed entry in the order of the chain, and one for its head."""
    yield compact({"ledger": "eightbells", "format": FORMAT, "start": START})
    head, last, place = await head_of(conn), 0, ledger_table.c.place
    while True:
        query = select(ledger_table).where(place > last).order_by(place).limit(BATCH)
        rows = (await conn.execute(query)).all()
        for row in rows:
            yield compact(
                {
                    "place": row.place,
                    "id": row.id,
                    "at": row.at.isoformat(),
                    "kind": row.kind,
                    "by": row.by,
                    "subjects": row.subjects,
                    "facts": row.facts,
                    "digest": row.digest,
                }
            )
        if len(rows) < BATCH:
            break
        last = rows[-1].place
    yield compact({"head": {"place": head.place, "digest": head.digest}})
