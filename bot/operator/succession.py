"""What a replica does once a newer version has changed the tables: nothing new, and it says so."""

import asyncio
from collections.abc import Sequence

import structlog

from bot.slack.inbound import SlackEdge
from bot.storage.engine.database import Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.succession import taken_over

TAKEN_OVER = (
    "A newer version of me has taken over, and this one does nothing any more. Nothing was done. Do it once more: the "
    "newer one answers."
)
AGAIN_SECONDS = 5.0

log = structlog.get_logger(__name__)


async def step_back(database: Database, edge: SlackEdge, tending: Sequence["asyncio.Task[None]"]) -> None:
    """Once there is a successor: refuse gestures, hang up on Slack, and end what writes by itself.

    Jobs, deliveries and messages are not claimed any more by then: ``bot.storage``. What is under way goes on to its
    end, and the process stays until it is stopped, since whoever restarts what ends would start the old version again.
    """
    while not database.successor:
        try:
            await taken_over(database)
        except StorageUnavailable as problem:
            log.warning("succession.cannot_look", reason=str(problem))
            await asyncio.sleep(AGAIN_SECONDS)
    edge.doors.closed = TAKEN_OVER
    for task in tending:
        task.cancel()
    await edge.hang_up()
