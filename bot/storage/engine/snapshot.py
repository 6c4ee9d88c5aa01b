"""Reading a database beside the bot that works on it: one consistent snapshot, without a lock and without writing."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from bot.storage.engine import sqlite
from bot.storage.engine.errors import StorageUnavailable, translated
from bot.storage.engine.writers import give_back
from bot.storage.migrations import current, newest, refuse_newer


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[AsyncConnection]:
    """The database as it is now, for as long as it takes to read it; nobody waits for us.

    Raises ``ValueError`` for another kind of address, ``TablesTooNew``, and ``StorageUnavailable`` (also for tables
    that are older than ours: bringing them up to date is writing).
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("DATABASE_URL is not an address such as sqlite:///data/eightbells.db") from None
    opened = _of_sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _of_postgres(parsed)
    async with opened as conn:
        with translated():
            found = await conn.run_sync(current)
            refuse_newer(found)
            if found != newest():
                raise StorageUnavailable(
                    f"The tables are at revision {found or 'none'}, this version reads {newest()}. "
                    "Run `eightbells migrate`, or start the bot, first."
                )
            yield conn


@asynccontextmanager
async def _of_sqlite(url: URL) -> AsyncIterator[AsyncConnection]:
    path = Path(url.database or "").absolute()  # noqa: ASYNC240 -- nothing else runs yet
    if not path.is_file():
        raise StorageUnavailable(f"There is no database at {path}.")
    disk = ThreadPoolExecutor(1, thread_name_prefix="sqlite-disk")

    async def connect(*_: Any, **__: Any) -> Any:
        # https://www.sqlite.org/uri.html: mode=ro cannot create, change or checkpoint anything.
        raw = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5, isolation_level=None)
        raw.execute(f"PRAGMA cache_size=-{sqlite.CACHE_KIB}")
        return sqlite.Connection(raw, disk)

    engine = create_async_engine(
        "sqlite+aiosqlite://", async_creator=connect, poolclass=NullPool, hide_parameters=True
    )
    try:
        with translated(connecting=True):
            conn = await engine.connect()
        try:
            with translated():
                await conn.exec_driver_sql("BEGIN")
            yield conn
        finally:
            await give_back(conn)
    finally:
        await engine.dispose()
        disk.shutdown()


@asynccontextmanager
async def _of_postgres(url: URL) -> AsyncIterator[AsyncConnection]:
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError(f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {url.drivername}://")
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
        # No time limit: a statement over a large table may take longer than those that people wait for.
        return await asyncpg.connect(dsn, timeout=10, server_settings={"statement_timeout": "0"})

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, poolclass=NullPool, hide_parameters=True
    ).execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    try:
        with translated(connecting=True):
            conn = await engine.connect()
        try:
            yield conn
        finally:
            await asyncio.shield(asyncio.ensure_future(conn.close()))
    finally:
        await engine.dispose()
