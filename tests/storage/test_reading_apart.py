"""On SQLite a long reading keeps nobody waiting, a short one takes no detour, and both give the same."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.engine.database import READERS, Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.engine.sqlite import Reader
from tests.fakes import FakeClock

COUNTED = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :most) "
LONG = text(f"{COUNTED} SELECT sum(n) FROM numbers")  # noqa: S608  no words of others
ROWS = text(f"{COUNTED} SELECT n FROM numbers")  # noqa: S608  no words of others


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{tmp_path}/e.db", clock=FakeClock(), replica_id="r")
    async with opened.write() as conn:
        await conn.execute(text("CREATE TABLE thing (id INTEGER PRIMARY KEY)"))
        await conn.execute(text("INSERT INTO thing VALUES (1)"))
    yield opened
    await opened.close()


async def reader_of(conn: AsyncConnection) -> Reader:
    driver: Any = (await conn.get_raw_connection()).driver_connection
    assert isinstance(driver, Reader)
    return driver


async def test_a_long_reading_leaves_the_loop_to_others(database: Database) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with database.read() as conn:
        counting = asyncio.create_task(others())
        await asyncio.sleep(0)
        before = turns
        assert await conn.scalar(LONG, {"most": 1_000_000}) == 500_000_500_000
        counting.cancel()

        assert turns - before > 100
        assert (await reader_of(conn)).elsewhere == 1


async def test_a_short_reading_takes_no_thread_however_often_it_is_done(database: Database) -> None:
    async with database.read() as conn:
        for _ in range(2_000):  # its steps add up over all of them
            assert await conn.scalar(text("SELECT id FROM thing WHERE id = 1")) == 1

        assert (await reader_of(conn)).elsewhere == 0


async def test_a_long_reading_gives_every_row_once(database: Database) -> None:
    async with database.read() as conn:
        rows = (await conn.execute(ROWS, {"most": 50_000})).scalars().all()

        assert rows == list(range(1, 50_001))
        assert (await reader_of(conn)).elsewhere == 1


async def test_what_is_begun_anew_reads_the_same_snapshot(database: Database) -> None:
    async with database.read() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM thing")) == 1
        async with database.write() as writing:
            await writing.execute(text("INSERT INTO thing VALUES (2)"))
        await conn.scalar(LONG, {"most": 100_000})

        assert await conn.scalar(text("SELECT count(*) FROM thing")) == 1
    async with database.read() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM thing")) == 2


async def test_whoever_gives_up_leaves_a_connection_that_serves(database: Database) -> None:
    async def read() -> None:
        async with database.read() as conn:
            await conn.scalar(LONG, {"most": 1_000_000_000})

    for _ in range(READERS + 1):
        reading = asyncio.create_task(read())
        while not any(thread.name.startswith("sqlite-read") for thread in threading.enumerate()):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    async with database.read() as conn:
        assert await conn.scalar(LONG, {"most": 100_000}) == 5_000_050_000


async def test_writing_goes_on_beside_a_long_reading(database: Database) -> None:
    async with database.read() as conn:
        reading = asyncio.create_task(conn.scalar(LONG, {"most": 2_000_000}))
        await asyncio.sleep(0)
        async with database.write() as writing:
            await writing.execute(text("INSERT INTO thing VALUES (3)"))
        assert not reading.done()
        await reading


async def test_an_error_within_a_thread_is_told_as_one(database: Database) -> None:
    long_and_wrong = text(f"{COUNTED} SELECT json(CASE WHEN max(n) > 0 THEN 'no json' END) FROM numbers")  # noqa: S608  no words of others
    async with database.read() as conn:
        with pytest.raises(Exception, match="malformed JSON") as told:
            await conn.scalar(long_and_wrong, {"most": 100_000})

    assert not isinstance(told.value, StorageUnavailable)
