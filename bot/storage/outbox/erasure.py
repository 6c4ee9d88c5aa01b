"""Makes erased words leave the files as well: copies of what was said, the write-ahead log, PostgreSQL's dead rows."""

import asyncio
from collections.abc import Sequence

import structlog

from bot.core.erasing import Copy
from bot.storage.engine.database import Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.outbox import copies

log = structlog.get_logger(__name__)

# What held the words: the answers' own rows, and what was said of them.
TABLES = (
    "noun_standup_answer",
    "noun_blocker",
    "noun_presence",
    "noun_sent_prompt",
    "noun_reader_digest",
    "outbox",
)


class Eraser:
    """The second half of an erasure: what transactions leave behind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase_copies(self, messages: Sequence[Copy]) -> str:
        """Forget what these messages said, and nothing else; gives what is left to wait for, or ""."""
        async with self._database.write() as conn:
            waiting = await copies.forget(conn, messages)
        if waiting:
            return f"{waiting} messages with the words are not sent yet"
        return await self._scrub()

    async def _scrub(self) -> str:
        """Have the files forget it too; gives what stood in the way, or ""."""
        if self._database.dialect == "sqlite":
            done = await asyncio.to_thread(self._database.truncate_log)
            return "" if done else "somebody reads the database, so its log cannot be emptied yet"
        try:
            await self._database.vacuum(TABLES)
        except StorageUnavailable as problem:
            log.warning("erasure.not_vacuumed", reason=str(problem))  # autovacuum does it, later
        return ""
