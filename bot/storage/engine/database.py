"""The database as everything else sees it: read, write, wake, wait, and whether it is healthy."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Self

import asyncpg
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.core.ports import Clock
from bot.storage.engine import sqlite
from bot.storage.engine.connections import give_back
from bot.storage.engine.errors import StorageUnavailable, translated
from bot.storage.engine.lease_clock import LeaseClock, OwnClock, ServerClock
from bot.storage.engine.private_files import make_private
from bot.storage.engine.signals import Listener, Signals
from bot.storage.engine.writers import Block, PostgresWriter, SqliteWriter, Writer

READERS = 4  # connections that only read, on SQLite
CONNECTIONS = 10  # at once and kept, on PostgreSQL
STATEMENT_SECONDS = 10.0
TRUST_SECONDS = 5.0  # a commit that lately says as much as a probe

_block: ContextVar[tuple[Block, asyncio.Task[Any] | None] | None] = ContextVar("block", default=None)


class Database:
    """One database and this process's connections to it. Open it with ``Database.open``."""

    def __init__(
        self,
        dialect: str,
        *,
        clock: Clock,
        replica_id: str,
        signals: Signals,
        writer: Writer,
        readers: AsyncEngine,
        listener: Listener | None = None,
        lease_clock: LeaseClock | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.dialect = dialect
        self.clock = clock
        self.lease_clock = lease_clock or OwnClock()
        self.replica_id = replica_id
        self._signals = signals
        self._writer = writer
        self._readers = readers
        self._listener = listener
        self._release = release
        self.successor = ""  # the revision of tables that are newer than we are: ``bot.storage.succession``
        self._failures = 0
        self._trusted_until = 0.0

    @classmethod
    async def open(cls, url: str, *, clock: Clock, replica_id: str, lease_clock: LeaseClock | None = None) -> Self:
        """Connect to ``sqlite:///path`` or ``postgresql://…``.

        ``replica_id`` must be another one at every start of a process: what an earlier process had claimed is
        told from what we have claimed by it. ``lease_clock`` is the server's on PostgreSQL, unless a test has another.

        Raises ``ValueError`` for another kind of address, ``AlreadyRunning``, ``StorageUnavailable``.
        """
        try:
            parsed = make_url(url)
        except (
            ArgumentError,
            ValueError,
        ):  # the latter shows a part of a password with "@" or ":" in it, as a port
            raise ValueError("DATABASE_URL is not an address such as sqlite:///data/eightbells.db") from None
        kind = parsed.get_backend_name()
        if kind == "sqlite":
            return cls._open_sqlite(parsed.database, clock, replica_id)
        if kind in ("postgresql", "postgres"):
            dsn = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
            return await cls._open_postgres(dsn, clock, replica_id, lease_clock or ServerClock())
        raise ValueError(f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {kind}://")

    @classmethod
    def _open_sqlite(cls, name: str | None, clock: Clock, replica_id: str) -> Self:
        if not name or name == ":memory:":
            raise ValueError("SQLite needs a file: sqlite:///data/eightbells.db")
        path = Path(name).absolute()
        with translated(connecting=True):
            make_private(path)
            unlock = sqlite.lock_process(path)
        disk = ThreadPoolExecutor(1, thread_name_prefix="sqlite-disk")
        threads = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")

        def release() -> None:
            disk.shutdown()
            threads.shutdown()
            unlock()

        try:
            with translated(connecting=True):
                sqlite.switch_to_wal(path)
            signals = Signals()
            writer = SqliteWriter(sqlite.engine(path, disk, size=1), path, signals.ring)
            readers = sqlite.engine(path, disk, size=READERS, threads=threads)
        except BaseException:
            release()
            raise
        return cls(
            "sqlite",
            clock=clock,
            replica_id=replica_id,
            signals=signals,
            writer=writer,
            readers=readers,
            release=release,
        )

    @classmethod
    async def _open_postgres(cls, dsn: str, clock: Clock, replica_id: str, lease_clock: LeaseClock) -> Self:
        async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
            # The address as it is, so that all that libpq's addresses can say (sslmode, host=/socket) works.
            return await asyncpg.connect(dsn, timeout=10, command_timeout=STATEMENT_SECONDS)

        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=2.5,
            pool_use_lifo=True,
            hide_parameters=True,  # errors are logged; people's words are not
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        signals = Signals()
        database = cls(
            "postgresql",
            clock=clock,
            replica_id=replica_id,
            signals=signals,
            writer=PostgresWriter(engine, replica_id, signals.ring),
            readers=engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
            lease_clock=lease_clock,
            listener=(listener := Listener(dsn, replica_id, signals)),
        )
        try:
            async with database.read() as conn:
                await conn.execute(text("SELECT 1"))
            await listener.started(5.0)
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Commit what is under way and let go of every connection and lock."""
        if self._listener is not None:
            await self._listener.close()
        await self._writer.close()
        await self._readers.dispose()
        self._release()

    @property
    def generation(self) -> int:
        """Rises with every commit that recorded ledger entries, here or elsewhere; readers may cache on it."""
        if self._listener is not None and not self._listener.connected:
            self._signals.generation += 1  # we would not hear of the others' commits
        return self._signals.generation

    @asynccontextmanager
    async def block(self, *, first: bool = False) -> AsyncIterator[Block]:
        """A write transaction for the unit of work, which defers its rows; everybody else uses ``write``.

        With ``first``, for gestures, it goes before all that wait for their turn where one writes at a time.

        Raises ``StorageUnavailable`` (nothing was kept) and ``Conflict`` (begin again).
        """
        if _open_block() is not None:
            raise RuntimeError("a transaction inside of a transaction would wait for itself for ever")
        failures = self._failures
        try:
            async with self._writer.block(first=first) as block:
                token = _block.set((block, asyncio.current_task()))
                try:
                    yield block
                finally:
                    _block.reset(token)
        except StorageUnavailable:
            self._failures += 1
            self._trusted_until = 0.0
            self.lease_clock.missed()
            raise
        if self._failures == failures:
            self._trusted_until = asyncio.get_running_loop().time() + TRUST_SECONDS

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A write transaction; the block's exit returns only after the commit that holds it.

        Raises ``StorageUnavailable`` (nothing was kept) and ``Conflict`` (begin again).
        """
        async with self.block() as block:
            await block.flush()
            block.guard()
            yield block.conn

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """What was committed when the first statement ran, one snapshot for all of them; never waits for a writer."""
        with translated(connecting=True):
            conn = await self._readers.connect()
        try:
            with translated():
                if self.dialect == "sqlite":
                    await conn.exec_driver_sql("BEGIN")
                yield conn
        finally:
            await give_back(conn)

    def truncate_log(self) -> bool:
        """Empty SQLite's write-ahead log, which keeps what was overwritten; False where a reader still needs it."""
        with translated(connecting=True):
            return sqlite.truncate_log(Path(self._readers.url.database or ""))

    async def vacuum(self, tables: Sequence[str]) -> None:
        """Have PostgreSQL clear dead rows out of these tables; where we may not, it warns and leaves it."""
        with translated(connecting=True):
            async with self._readers.connect() as conn:
                auto = await conn.execution_options(isolation_level="AUTOCOMMIT")
                for table in tables:
                    await auto.execute(text(f"VACUUM {table}"))

    def wake(self, topic: str) -> None:
        """Wake who waits for this topic, in every replica, once the transaction that we are in is committed."""
        block = _open_block()
        if block is None:
            self._signals.ring([topic])
        else:
            block.topics.add(topic)

    async def wait(self, topic: str, timeout_seconds: float | None) -> bool:
        """Return when somebody wakes this topic (True; one since the last wait counts) or the time is up (False).

        One waiter a topic and process: whoever wakes up takes the signal with it.
        """
        return await self._signals.wait(topic, timeout_seconds)

    async def healthy(self) -> bool:
        """Whether a transaction could be committed now (or was, in the last seconds)."""
        if asyncio.get_running_loop().time() < self._trusted_until:
            return True
        try:
            await self._probe()
        except StorageUnavailable:
            return False
        return True

    async def _probe(self) -> None:
        # Taking and giving back some pages finds a full disk, which changing a row in place may not.
        async with self.write() as conn:
            await conn.execute(text("INSERT INTO pulse (ballast) VALUES (:ballast)"), {"ballast": "·" * 16_384})
            await conn.execute(text("DELETE FROM pulse"))


def _open_block() -> Block | None:
    """The transaction that this task is in; one that it was started in is its parent's and not its own."""
    block, task = _block.get() or (None, None)
    return block if task is asyncio.current_task() else None


def _refuse_closed(connection: Any, *_: Any) -> None:
    """Have the pool make a new connection for one that the server closed meanwhile; asks nobody, costs nothing."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
