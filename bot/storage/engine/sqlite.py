"""SQLite as an embedded engine: statements run where they are called; what takes long or waits for the disk, apart.

A statement on a small, indexed table takes some 10 µs; handing it to a thread and back takes ten times that, and
far more while the event loop is busy, because the two threads then wait for each other's turn with the
interpreter. Since all writers share one transaction after the other, that wait would bound the whole bot. So the
connections below look like aiosqlite's, which SQLAlchemy's dialect expects, but call SQLite directly; COMMIT,
which waits for the disk, is handed to a thread. Of reading nobody knows beforehand how long it takes: it begins where
it is called, and after some ten thousand of SQLite's steps it is broken off and begun anew in a thread, which changes
nothing, as it reads the same snapshot.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.storage.engine.errors import AlreadyRunning

CACHE_KIB = 16_384
LOG_BYTES = 8 * 1024 * 1024  # to which the write-ahead log is cut off once a long reader has let it grow
AUTO_VACUUM = "INCREMENTAL"  # what is free can be given back in small pieces; only a new file takes it
# Of SQLite's virtual machine; some 0.3 ms. A statement may take up to twice as many where it is called.
STEPS = 10_000


class Cursor:
    """A cursor in aiosqlite's shape."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        self._cursor.execute(sql, parameters)  # type: ignore[arg-type]
        return self

    async def executemany(self, sql: str, rows: Iterable[Iterable[Any]]) -> Self:
        self._cursor.executemany(sql, rows)  # type: ignore[arg-type]
        return self

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid


class Connection:
    """A connection in aiosqlite's shape. ``isolation_level`` is None: we say BEGIN ourselves."""

    def __init__(self, raw: sqlite3.Connection, disk: Executor) -> None:
        self.raw = raw
        self._connection = raw  # what the dialect looks at to see whether it is open
        self._disk = disk

    @property
    def isolation_level(self) -> str | None:
        return self.raw.isolation_level

    @property
    def in_transaction(self) -> bool:
        """SQLite ends a transaction by itself when the disk is full."""
        return self.raw.in_transaction

    def cursor(self) -> Cursor:
        return Cursor(self.raw.cursor())

    async def create_function(self, *args: Any, **kw: Any) -> None:
        self.raw.create_function(*args, **kw)

    async def commit(self) -> None:
        if self.raw.in_transaction:
            await asyncio.get_running_loop().run_in_executor(self._disk, self.raw.commit)

    async def rollback(self) -> None:
        self.raw.rollback()

    async def close(self) -> None:
        self.raw.close()

    def stop(self) -> None:
        self.raw.close()


class Reader(Connection):
    """A connection that only reads. ``elsewhere`` counts what was read in a thread."""

    def __init__(self, raw: sqlite3.Connection, disk: Executor, threads: Executor) -> None:
        super().__init__(raw, disk)
        self._threads = threads
        self._spent: int | None = None  # how often the steps were used up since a statement began; None: no matter
        self._is_given_up = False
        self.elsewhere = 0
        raw.set_progress_handler(self._go_on, STEPS)

    def _go_on(self) -> int:
        # SQLite counts the steps of a prepared statement through all its uses, so the first time may come at once.
        if self._spent is None:
            return int(self._is_given_up)
        self._spent += 1
        return int(self._spent > 1)

    def cursor(self) -> "ReadingCursor":
        return ReadingCursor(self.raw.cursor(), self)

    async def rows(self, read: Callable[[], list[Any]]) -> list[Any]:
        """What this reads, here or in a thread."""
        self._spent = 0
        try:
            return read()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
        finally:
            self._spent = None
        self.elsewhere += 1
        reading = asyncio.get_running_loop().run_in_executor(self._threads, read)
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            # The connection goes back to its pool, so the thread must be done with it. (SQLite's own interrupt would
            # miss a statement that the thread has not begun yet.)
            self._is_given_up = True
            while not reading.done():
                with suppress(sqlite3.Error, asyncio.CancelledError):
                    await asyncio.shield(reading)
            self._is_given_up = False
            raise


class ReadingCursor(Cursor):
    """Reads everything at once, so that it can be begun anew as a whole."""

    __slots__ = ("_reader", "_rows")

    def __init__(self, cursor: sqlite3.Cursor, reader: Reader) -> None:
        super().__init__(cursor)
        self._reader = reader
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        given: Any = tuple(parameters)
        self._rows = await self._reader.rows(lambda: self._cursor.execute(sql, given).fetchall())
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows


def connect_raw(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection with our settings; never waits for another process (whoever opens a transaction does)."""
    raw = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256)
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    raw.execute(f"PRAGMA journal_size_limit={LOG_BYTES}")
    # What is deleted or written over is filled with zeros; else it stays in the file until the page is needed again.
    raw.execute("PRAGMA secure_delete=ON")
    raw.execute("PRAGMA temp_store=MEMORY")  # sorted rows hold people's words too
    if read_only:
        raw.execute("PRAGMA query_only=ON")
    return raw


def engine(path: Path, disk: Executor, *, size: int, threads: Executor | None = None) -> AsyncEngine:
    """An engine of ``size`` connections to the file; with ``threads`` they only read, and there if it takes long."""

    async def connect(*_: Any, **__: Any) -> Any:
        raw = connect_raw(path, read_only=threads is not None)
        return Connection(raw, disk) if threads is None else Reader(raw, disk, threads)

    return create_async_engine(
        "sqlite+aiosqlite:///" + str(path),
        async_creator=connect,
        pool_size=size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,  # errors are logged; people's words are not
    )


def lock_process(path: Path) -> Callable[[], None]:
    """Make this process the only one on the file; returns what ends that.

    The lock is SQLite's own, on a file beside the database, so that it works wherever SQLite does and ends with
    the process, however that ends. Raises ``AlreadyRunning``.
    """
    lock_path = path.with_name(path.name + ".lock")
    lock = sqlite3.connect(lock_path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        raise AlreadyRunning(
            f"Another Eightbells already works on {path} (it holds {lock_path}). Stop it first, or give this one "
            "a database of its own with DATABASE_URL."
        ) from error
    return lock.close


def switch_to_wal(path: Path) -> None:
    """Create the file where it is missing; readers and the writer do not wait for each other in it."""
    raw = sqlite3.connect(path, timeout=2, isolation_level=None)
    try:
        raw.execute(f"PRAGMA auto_vacuum={AUTO_VACUUM}")  # before anything is in it
        raw.execute("PRAGMA journal_mode=WAL")
    finally:
        raw.close()


def give_back_all(path: Path) -> tuple[int, int]:
    """Write the file anew without what is free in it (VACUUM); gives its size before and after, in bytes.

    Nobody can write meanwhile, and it takes up to twice the file's size beside it for as long. Raises
    ``AlreadyRunning`` while the bot works on it, and ``sqlite3.Error``.
    """
    unlock = lock_process(path)
    try:
        # https://www.sqlite.org/tempfiles.html: the copy holds people's words, so it is made where the file is.
        os.environ["SQLITE_TMPDIR"] = str(path.parent)
        raw = sqlite3.connect(path, timeout=2, isolation_level=None)
        try:
            before = os.stat(path).st_size
            raw.execute("PRAGMA secure_delete=ON")
            raw.execute(f"PRAGMA auto_vacuum={AUTO_VACUUM}")
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return before, os.stat(path).st_size
        finally:
            raw.close()
    finally:
        unlock()


def truncate_log(path: Path) -> bool:
    """Bring the write-ahead log into the file and cut it off to nothing; False where a reader still needs it.

    https://www.sqlite.org/pragma.html#pragma_wal_checkpoint: its first column is 1 where it was kept from it. While it
    waits, nobody can write, so it does not wait for long.
    """
    raw = sqlite3.connect(path, timeout=0.5, isolation_level=None)
    try:
        raw.execute("PRAGMA secure_delete=ON")
        (busy, *_) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.close()
    return not busy


def identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, or None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
