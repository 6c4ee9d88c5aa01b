"""Brings a database to the tables that this version needs."""

from bot.storage.database import Database
from bot.storage.schema import metadata


async def migrate(database: Database) -> None:
    """Create or change the tables, under a lock, so that replicas may start together."""
    async with database.write() as conn:
        await conn.run_sync(metadata.create_all)
