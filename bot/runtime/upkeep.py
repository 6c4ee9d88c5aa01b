"""Once a day: forget what has served its time (receipts, old deliveries, ended jobs)."""

import asyncio

import structlog

from bot.domain.refusals import Conflict
from bot.storage.database import Database
from bot.storage.errors import StorageUnavailable
from bot.storage.retention import Retention

DAY_SECONDS = 24 * 60 * 60
FIRST_AFTER_SECONDS = 5 * 60  # a start has better things to do

log = structlog.get_logger(__name__)


async def keep_tidy(database: Database, retention: Retention | None = None) -> None:
    """Forget daily, until cancelled. Every replica may do it: what is gone already is not missed."""
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        try:
            await (retention or Retention()).forget(database)
        except (StorageUnavailable, Conflict) as problem:
            log.warning("upkeep.put_off", reason=str(problem))
        await asyncio.sleep(DAY_SECONDS)
