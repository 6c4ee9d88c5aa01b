"""For what has happened already and must be written down, however long the database is away meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.core.refusals import Conflict
from bot.storage.engine.errors import StorageUnavailable

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0

T = TypeVar("T")


async def until_stored(write: Callable[[], Awaitable[T]]) -> T:
    """Call ``write`` until it is neither in conflict nor without a database; gives what it gives."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await write()
        except (StorageUnavailable, Conflict) as problem:
            log.warning("storing.waits", reason=str(problem), again_in_seconds=pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
