"""Once a day: forget what has served its time (receipts, old deliveries, ended jobs, messages long shown)."""

import asyncio
from collections.abc import Callable

import structlog

from bot.core.refusals import Conflict
from bot.core.retention import Retention
from bot.storage.engine.database import Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.engine.shrinking import shrink
from bot.storage.outbox.outbox import Outbox
from bot.storage.queues.retention import forget

DAY_SECONDS = 24 * 60 * 60
FIRST_AFTER_SECONDS = 5 * 60  # a start has better things to do
UNCONFIRMED_SECONDS = 60 * 60

log = structlog.get_logger(__name__)


async def keep_tidy(
    database: Database, outbox: Outbox, kept: Callable[[], Retention], is_confirmed: Callable[[], bool]
) -> None:
    """Tidy up daily until cancelled. Every replica may do it: what is gone already is not missed.

    Nothing goes while ``is_confirmed`` says that the time may be wrong: a clock that is a year ahead for a moment
    would take a year of what people want to keep.
    """
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        if is_confirmed():
            await tidy(database, outbox, kept())
            await asyncio.sleep(DAY_SECONDS)
        else:
            log.warning("upkeep.put_off", reason="no other clock confirms this machine's")
            await asyncio.sleep(UNCONFIRMED_SECONDS)


async def tidy(database: Database, outbox: Outbox, kept: Retention) -> None:
    """Forget what has served its time; tomorrow is soon enough where the database is busy."""
    try:
        rows = await forget(database, kept)
        rows += await outbox.sweep(database.clock.now() - kept.messages)
        given_back = await shrink(database)
    except (StorageUnavailable, Conflict) as problem:
        log.warning("upkeep.put_off", reason=str(problem))
    else:
        log.info("upkeep.done", rows=rows, bytes_given_back=given_back)
