"""Rolling upgrades: whether a newer version has changed the tables under us, while we still run on them."""

from functools import cache
from pathlib import Path

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.engine.database import Database

FOLDER = Path(__file__).parent / "migrations" / "versions"
TOPIC = "revision"  # rung once tables were changed
EVERY_SECONDS = 15.0  # a look without being rung, in case that was lost

log = structlog.get_logger(__name__)


@cache
def newest() -> str:
    """The revision that this version needs; files in ``versions`` begin with their number."""
    return max(path.name.partition("_")[0] for path in FOLDER.glob("[0-9]*.py"))


async def has_successor(database: Database, conn: AsyncConnection) -> bool:
    """Whether the tables are newer than we are; noted in ``database.successor``, and from then on for ever.

    Nobody changes a SQLite file under us: there is one process.
    """
    if database.dialect == "sqlite" or database.successor:
        return bool(database.successor)
    found = str(await conn.scalar(text("SELECT version_num FROM alembic_version")))
    if found > newest():
        database.successor = found
        log.error("storage.taken_over", revision=found, ours=newest(), todo="stop this process")
        database.wake(TOPIC)
    return bool(database.successor)


async def taken_over(database: Database) -> None:
    """Wait until a newer version has taken over."""
    while not database.successor:
        await database.wait(TOPIC, EVERY_SECONDS)
        async with database.read() as conn:
            await has_successor(database, conn)
