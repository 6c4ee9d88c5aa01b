"""Makes erased words leave the files as well: copies of what was said, the write-ahead log, PostgreSQL's dead rows."""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy import delete, func, or_, select, update

from bot.storage.database import Database
from bot.storage.errors import StorageUnavailable
from bot.storage.outbox_tables import DEAD, SENT, UNFINISHED, outbox

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

    async def erase_copies(self, before: datetime) -> str:
        """Forget what messages said that were put before this instant; gives what is left to wait for, or "".

        Slack shows them, so nobody needs our copy: a later edit brings its own words, and whether it changes anything
        is told by the digest, which stays. Dead letters cannot be told apart by whose words they hold; they go.
        """
        said = or_(outbox.c.text != "", func.length(outbox.c.blocks) > len("[]"))
        shown = (outbox.c.state == SENT, outbox.c.check_at.is_(None), said)
        older = outbox.c.put_at <= before
        async with self._database.write() as conn:
            await conn.execute(update(outbox).where(*shown).values(text="", blocks=[]))
            await conn.execute(delete(outbox).where(outbox.c.state == DEAD, older))
            # One that is looked at again (``check_at``), or that is not sent yet, still needs its words.
            unfinished = or_(outbox.c.state.in_(UNFINISHED), outbox.c.check_at.is_not(None))
            waiting = await conn.scalar(select(func.count()).select_from(outbox).where(unfinished, older))
        if waiting:
            return f"{waiting} messages from before are not sent yet"
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
