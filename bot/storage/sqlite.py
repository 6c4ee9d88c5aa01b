"""SQLite as an embedded engine: statements run where they are called, only what waits for the disk takes a thread.

A statement on a small, indexed table takes some 10 µs; handing it to a thread and back takes ten times that, and
far more while the event loop is busy, because the two threads then wait for each other's turn with the
interpreter. Since all writers share one transaction after the other, that wait would bound the whole bot. So the
connections below look like aiosqlite's, which SQLAlchemy's dialect expects, but call SQLite directly; COMMIT,
which waits for the disk, is handed to a thread.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.storage.errors import AlreadyRunning

CACHE_KIB = 16_384


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


def connect_raw(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection with our settings; never waits for another process (whoever opens a transaction does)."""
    raw = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256)
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    # What is deleted or written over is filled with zeros; else it stays in the file until the page is needed again.
    raw.execute("PRAGMA secure_delete=ON")
    raw.execute("PRAGMA temp_store=MEMORY")  # sorted rows hold people's words too
    if read_only:
        raw.execute("PRAGMA query_only=ON")
    return raw


def engine(path: Path, disk: Executor, *, read_only: bool, size: int) -> AsyncEngine:
    """An engine of ``size`` connections to the file."""

    async def connect(*_: Any, **__: Any) -> Any:
        return Connection(connect_raw(path, read_only=read_only), disk)

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
        raw.execute("PRAGMA journal_mode=WAL")
    finally:
        raw.close()


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
