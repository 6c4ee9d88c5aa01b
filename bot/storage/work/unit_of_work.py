"""Opens works: for a gesture, a job, a delivery, or just so; and starts one again when it met a conflict."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.ports import Render
from bot.core.refusals import Conflict
from bot.core.team import Team
from bot.storage.engine.database import Database
from bot.storage.engine.until_stored import until_stored
from bot.storage.queues import inbox, jobs
from bot.storage.work.remembered_views import Memory
from bot.storage.work.rows import Rows
from bot.storage.work.work import Reading, Transaction

TRIES = 5


class UnitOfWork:
    """``bot.core.ports.Unit`` on a database.

    ``team`` may be replaced while running: works that are opened afterwards see the new one.
    """

    def __init__(self, database: Database, *, team: Team, render: Render, owner: str = "") -> None:
        """``owner`` is whose claims ``for_job`` and ``for_delivery`` settle; by default the replica's id."""
        self._database = database
        self._render = render
        self.team = team
        owner = owner or database.replica_id
        self._jobs = jobs.Jobs(database, owner)
        self._inbox = inbox.Inbox(database, owner)
        self._memory = Memory(lambda: database.generation)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Transaction]:
        """A work that commits when its block ends, and is rolled back when the block raises.

        Raises ``Conflict`` (begin again) and ``StorageUnavailable`` (nothing was kept).
        """
        async with self._database.block() as block:
            work = self._transaction(block)
            yield work
            await work.finish(None)

    @asynccontextmanager
    async def for_call(self, key: str) -> AsyncIterator[Transaction]:
        """A work for a gesture; ``work.repeated`` is True if the gesture with this key was handled before."""
        async with self._database.block(first=True) as block:
            work = self._transaction(block)
            await work.note_gesture(key)
            yield work
            await work.finish(None)

    @asynccontextmanager
    async def for_job(self, claimed: jobs.Claimed) -> AsyncIterator[Transaction]:
        """A work whose commit also ends the job, with ``work.outcome``. Raises ``LeaseLost``: nothing was kept."""
        async with self._database.block() as block:
            work = self._transaction(block)
            yield work

            async def settle(conn: AsyncConnection) -> None:
                await self._jobs.settle(conn, claimed, work.outcome, work.note)

            await work.finish(settle, claimed.job.key)

    @asynccontextmanager
    async def for_delivery(self, *claimed: inbox.Claimed) -> AsyncIterator[Transaction]:
        """A work whose commit also marks the delivery, or several, as worked on.

        Raises ``LeaseLost``: nothing was kept.
        """
        async with self._database.block() as block:
            work = self._transaction(block)
            yield work

            async def settle(conn: AsyncConnection) -> None:
                await self._inbox.settle(conn, claimed, work.note)

            await work.finish(settle)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """A work that only reads, and never waits for whoever writes; its writing methods raise ``TypeError``."""
        async with AsyncExitStack() as stack:
            now = self._database.clock.now()

            async def connect() -> Rows:
                conn = await stack.enter_async_context(self._database.read())
                return Rows(conn, now, {}, _never, lock=False)

            yield Reading(connect, now, self.team, self._memory)

    async def run(
        self,
        step: Callable[[Any], Awaitable[Any]],
        *,
        opening: Callable[[], AbstractAsyncContextManager[Transaction]] | None = None,
    ) -> Any:
        """Run ``step`` in one work; begin again (up to 5 times) when it meets a ``Conflict``.

        ``opening`` opens the work, such as ``lambda: unit.for_call(key)``; by default a plain one.
        """
        for again in reversed(range(TRIES)):
            try:
                async with (opening or self)() as work:
                    result = await step(work)
            except Conflict:
                if not again:
                    raise
            else:
                return result
        raise AssertionError("unreachable")

    async def until_kept(self, step: Callable[[Any], Awaitable[Any]]) -> Any:
        """As ``run``, again and again while the database is away: for what has happened and must be written down."""
        return await until_stored(lambda: self.run(step))

    def _transaction(self, block: Any) -> Transaction:
        return Transaction(block, self._database.clock.now(), self.team, self._render)


def _never() -> None:
    raise TypeError("this work only reads")
