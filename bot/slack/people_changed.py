"""Has whatever is planned for people follow what Slack tells of them: their zones, their groups, who left."""

import asyncio
from collections.abc import Sequence

import structlog

from bot.core.ports import Unit, Work
from bot.core.refusals import Conflict
from bot.stages.standup.replan import follow_people
from bot.storage.engine.errors import StorageUnavailable

log = structlog.get_logger(__name__)


class Following:
    """Owes the planning anew, in the background: an event from Slack waits for nothing."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._tasks: set[asyncio.Task[None]] = set()

    def changed(self, user_ids: Sequence[str]) -> None:
        """These people have changed."""
        task = asyncio.get_running_loop().create_task(self._owe(tuple(user_ids)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks)

    async def _owe(self, user_ids: Sequence[str]) -> None:
        async def step(work: Work) -> None:
            follow_people(work, user_ids)

        try:
            await self._unit.run(step)
        except (StorageUnavailable, Conflict) as problem:  # the next day is planned with what is so then anyway
            log.warning("change not followed", people=len(user_ids), reason=str(problem))
