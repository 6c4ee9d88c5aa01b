"""Once a day: forget what has served its time (receipts, old deliveries, ended jobs, messages long shown)."""

import asyncio
from datetime import timedelta

import structlog

from bot.domain.refusals import Conflict
from bot.storage.database import Database
from bot.storage.errors import StorageUnavailable
from bot.storage.outbox import Outbox
from bot.storage.retention import Retention

DAY_SECONDS = 24 * 60 * 60
FIRST_AFTER_SECONDS = 5 * 60  # a start has better things to do
# A card that is forgotten can take no replies and no edits any more, so it is kept for longer than anybody works on it.
MESSAGES_KEPT = timedelta(days=400)

log = structlog.get_logger(__name__)


async def keep_tidy(database: Database, outbox: Outbox) -> None:
    """Tidy up daily, until cancelled. Every replica may do it: what is gone already is not missed."""
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        await tidy(database, outbox)
        await asyncio.sleep(DAY_SECONDS)


async def tidy(database: Database, outbox: Outbox) -> None:
    """Forget what has served its time; tomorrow is soon enough where the database is busy."""
    try:
        await Retention().forget(database)
        await outbox.sweep(database.clock.now() - MESSAGES_KEPT)
    except (StorageUnavailable, Conflict) as problem:
        log.warning("upkeep.put_off", reason=str(problem))
