"""Write transactions: one after the other and committed in groups on SQLite, side by side on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Any, Protocol, TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.core.refusals import Conflict
from bot.storage.engine import sqlite
from bot.storage.engine.connections import give_back, throw_away
from bot.storage.engine.errors import StorageUnavailable, committing, translated
from bot.storage.engine.turns import Turn

Flush: TypeAlias = Callable[[AsyncConnection, list[Any]], Awaitable[None]]

# A gesture must be answered within Slack's 3 s; whoever could not begin by then is told so instead.
PATIENCE_SECONDS = 2.5
GESTURES_A_GROUP = 64  # blocks in a group that waits for one more gesture
CHANNEL = "eightbells"  # of NOTIFY


class Group:
    """One database transaction, which several blocks may share."""

    def __init__(self, conn: AsyncConnection, driver: sqlite.Connection | None = None) -> None:
        self.conn = conn
        self.driver = driver
        self.done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.deferred: dict[Flush, list[Any]] = {}
        self.topics: set[str] = set()
        self.numbers: dict[str, int] = {}  # the last one given, by table, where one writer gives them all
        self.blocks = 0  # that wrote something
        self.committer: asyncio.Task[None] | None = None

    async def flush(self) -> None:
        """Write what was deferred."""
        while self.deferred:
            write, rows = next(iter(self.deferred.items()))
            del self.deferred[write]
            await write(self.conn, rows)


class Block:
    """One caller's part of a transaction."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.wrote = False
        self.guarded = False
        self.topics: set[str] = set()

    @property
    def conn(self) -> AsyncConnection:
        return self.group.conn

    def defer(self, write: Flush, rows: Iterable[Any]) -> None:
        """Have these rows written right before the commit, together with those of other blocks.

        Only for what cannot fail by itself, and only at the end of a block: deferred rows of a block that
        raises later are written all the same.
        """
        self.wrote = True
        self.group.deferred.setdefault(write, []).extend(rows)

    def deferred(self, write: Flush) -> list[Any]:
        """What is waiting to be written so, by whichever block."""
        return self.group.deferred.get(write, [])

    async def flush(self) -> None:
        """Write now what was deferred, so that statements see it."""
        await self.group.flush()

    def guard(self) -> None:
        """Must be called before the first statement that writes, so that this block can be undone alone."""
        self.wrote = True
        if self.group.driver is not None and not self.guarded:
            self.group.driver.raw.execute("SAVEPOINT block")
            self.guarded = True


class Writer(Protocol):
    """Opens blocks."""

    def block(self, *, first: bool = False) -> Any: ...

    async def close(self) -> None: ...


class PostgresWriter:
    """A connection and a transaction for each block."""

    def __init__(self, engine: AsyncEngine, replica_id: str, committed: Callable[[set[str]], None]) -> None:
        self._engine = engine
        self._replica_id = replica_id
        self._committed = committed

    @asynccontextmanager
    async def block(self, *, first: bool = False) -> AsyncIterator[Block]:
        del first  # nobody waits for another's turn here
        with translated(connecting=True):
            conn = await self._engine.connect()
        try:
            block = Block(Group(conn))
            with translated():
                yield block
                await block.flush()
                if block.topics:
                    payload = " ".join(sorted(block.topics)) + "|" + self._replica_id
                    await conn.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})
            with committing():
                await conn.commit()
        finally:
            await give_back(conn)
        self._committed(block.topics)

    async def close(self) -> None:
        await self._engine.dispose()


_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class SqliteWriter:
    """One connection; blocks run one after the other on the open transaction and are committed together.

    The first block of a group starts a committer, which queues for its turn like everybody else: whoever was
    waiting before it joins the group, whoever comes later joins the next one. Gestures (``first``) go before all
    others, and the last of them that waits commits at once, so that people wait for who has the turn and no more.
    """

    def __init__(self, engine: AsyncEngine, path: Path, committed: Callable[[set[str]], None]) -> None:
        self._engine = engine
        self._path = path
        self._identity = sqlite.identity(path)
        self._committed = committed
        self._turn = Turn()
        self._conn: AsyncConnection | None = None
        self._group: Group | None = None
        self._alone = 0  # so many next blocks are committed one by one, to find out which of them fails
        self.patience_seconds = PATIENCE_SECONDS

    @asynccontextmanager
    async def block(self, *, first: bool = False) -> AsyncIterator[Block]:
        until = asyncio.get_running_loop().time() + self.patience_seconds
        await self._wait_for_turn(until, first=first)
        try:
            group = self._group or await self._begin(until)
            block = Block(group)
            try:
                with translated():
                    yield block
                self._keep(block)
            except BaseException:
                await self._undo(block)
                raise
            if not group.blocks:  # nothing written, nothing seen that is not committed yet
                await self._drop(group)
                return
            is_last = first and (not self._turn.is_wanted_first or group.blocks >= GESTURES_A_GROUP)
            if self._alone or is_last:
                self._alone = max(self._alone - 1, 0)
                await self._commit(group)
            elif group.committer is None:
                group.committer = asyncio.create_task(self._commit_in_turn(group))
        finally:
            self._turn.release()
        error = await asyncio.shield(group.done)
        if error is not None:
            raise error.with_traceback(None)

    async def close(self) -> None:
        async with self._turn:
            if self._group is not None:
                await self._commit(self._group)
            await self._forget_connection()
        await self._engine.dispose()

    async def _wait_for_turn(self, until: float, *, first: bool) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._turn.acquire(first=first)
        except TimeoutError as error:
            raise StorageUnavailable("the database is busy: no turn to write came up in time") from error

    async def _begin(self, until: float) -> Group:
        if sqlite.identity(self._path) != self._identity:
            raise StorageUnavailable(f"{self._path} is gone, or was replaced by another file")
        if self._conn is None:
            with translated(connecting=True):
                self._conn = await self._engine.connect()
        loop = asyncio.get_running_loop()
        while True:
            try:
                with translated():
                    await self._conn.exec_driver_sql("BEGIN IMMEDIATE")
                break
            except StorageUnavailable:  # another program holds the lock, a backup perhaps
                await self._conn.rollback()
                if loop.time() >= until:
                    await self._forget_connection()
                    raise
                await asyncio.sleep(0.01)
        driver: Any = (await self._conn.get_raw_connection()).driver_connection
        self._group = Group(self._conn, driver)
        return self._group

    def _keep(self, block: Block) -> None:
        group = block.group
        if block.guarded and group.driver is not None:
            with translated():
                group.driver.raw.execute("RELEASE block")
        if block.wrote or block.topics:
            group.blocks += 1
            group.topics |= block.topics

    async def _undo(self, block: Block) -> None:
        group = block.group
        driver = group.driver
        try:
            if driver is None or not driver.in_transaction:  # SQLite gave all of it up by itself
                raise SqliteError("the transaction was rolled back")
            if block.guarded:
                driver.raw.execute("ROLLBACK TO block")
                driver.raw.execute("RELEASE block")
        except SqliteError as error:
            await self._lose(group, StorageUnavailable(f"SQLite says: {error}"))
        else:
            if not group.blocks:
                await self._drop(group)

    async def _commit_in_turn(self, group: Group) -> None:
        async with self._turn:
            if self._group is group:
                await self._commit(group)

    async def _commit(self, group: Group) -> None:
        try:
            with translated():
                await group.flush()
                await group.conn.commit()
        except Exception as error:  # noqa: BLE001 -- every block of the group is told, none may wait for ever
            await self._lose(group, self._blame(group, error))
        else:
            self._group = None
            group.done.set_result(None)
            self._committed(group.topics)

    def _blame(self, group: Group, error: Exception) -> Exception:
        """What to tell the blocks of a group that could not be committed."""
        if isinstance(error, StorageUnavailable) or group.blocks == 1:
            return error
        # One of them made it fail. Tried again one by one, only that one fails.
        self._alone = group.blocks
        conflict = Conflict(f"a transaction in the same group failed: {error}")
        conflict.__cause__ = error
        return conflict

    async def _lose(self, group: Group, error: Exception) -> None:
        self._group = None
        await self._forget_connection()
        group.done.set_result(error)

    async def _drop(self, group: Group) -> None:
        self._group = None
        await group.conn.rollback()

    async def _forget_connection(self) -> None:
        if self._conn is not None:
            conn, self._conn = self._conn, None
            await throw_away(conn)
