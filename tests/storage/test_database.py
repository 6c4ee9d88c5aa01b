"""Transactions: all or nothing, in groups, and what happens when the database cannot serve."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bot.storage.engine.database import Database
from bot.storage.engine.schema import pulse
from tests.fakes import FakeClock


async def texts(database: Database) -> list[str]:
    async with database.read() as conn:
        return list((await conn.execute(select(pulse.c.ballast).order_by(pulse.c.id))).scalars())


async def test_what_a_block_wrote_is_there_after_it_and_what_a_raising_block_wrote_is_not(database: Database):
    async def write(text: str, *, fail: bool) -> None:
        async with database.write() as conn:
            await conn.execute(pulse.insert(), {"ballast": text})
            if fail:
                raise KeyError(text)

    results = await asyncio.gather(*(write(str(n), fail=n % 3 == 0) for n in range(30)), return_exceptions=True)

    assert sum(isinstance(result, KeyError) for result in results) == 10
    assert sorted(await texts(database), key=int) == [str(n) for n in range(30) if n % 3]


async def test_a_transaction_inside_of_a_transaction_is_an_error_and_not_a_standstill(database: Database):
    async with database.write():
        with pytest.raises(RuntimeError, match="inside of a transaction"):
            async with database.write():
                pass


async def test_a_task_that_was_started_in_a_transaction_may_have_its_own(database: Database):
    async def own() -> None:
        async with database.write() as conn:
            await conn.execute(pulse.insert(), {"ballast": "own"})
            database.wake("jobs")

    async with database.write() as conn:
        task = asyncio.create_task(own())
        await conn.execute(pulse.insert(), {"ballast": "outer"})
    await task

    assert await texts(database) == ["outer", "own"]
    assert await database.wait("jobs", 5)


async def test_readers_do_not_wait_for_a_writer_and_see_only_what_is_committed(database: Database):
    async with database.write() as conn:
        await conn.execute(pulse.insert(), {"ballast": "one"})
        assert await asyncio.wait_for(texts(database), 5) == []
    assert await texts(database) == ["one"]


async def test_a_reader_sees_one_moment_however_many_statements_it_asks(database: Database):
    ballast = select(pulse.c.ballast)
    async with database.read() as reader:
        assert list((await reader.execute(ballast)).scalars()) == []
        async with database.write() as conn:
            await conn.execute(pulse.insert(), {"ballast": "committed meanwhile"})
        assert list((await reader.execute(ballast)).scalars()) == []
    assert await texts(database) == ["committed meanwhile"]


async def quiet(database: Database, topic: str) -> None:
    """PostgreSQL's listener rings every topic once it is connected."""
    while await database.wait(topic, 0.2):
        pass


async def test_a_wake_before_the_wait_counts_and_only_after_the_commit(database: Database):
    await quiet(database, "outbox")
    async with database.write():
        database.wake("outbox")
        assert not await database.wait("outbox", 0.01)
    assert await database.wait("outbox", 5)


async def test_a_transaction_that_was_rolled_back_wakes_nobody(database: Database):
    await quiet(database, "outbox")
    with pytest.raises(KeyError):  # noqa: PT012 -- a transaction raises at its end
        async with database.write():
            database.wake("outbox")
            raise KeyError
    assert not await database.wait("outbox", 0.2)


async def test_a_cancelled_block_is_rolled_back_and_the_next_goes_on(database: Database):
    started = asyncio.Event()

    async def hang() -> None:
        async with database.write() as conn:
            await conn.execute(pulse.insert(), {"ballast": "hangs"})
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as conn:
        await conn.execute(pulse.insert(), {"ballast": "next"})

    assert await texts(database) == ["next"]


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "eightbells.db"])
async def test_an_address_of_another_kind_is_refused(url: str, clock: FakeClock):
    with pytest.raises(ValueError, match=r"sqlite:///"):
        await Database.open(url, clock=clock, replica_id="a")


async def test_errors_do_not_show_what_people_wrote(database: Database):
    with pytest.raises(IntegrityError) as caught:  # noqa: PT012 -- a transaction raises at its end
        async with database.write() as conn:
            await conn.execute(pulse.insert(), {"id": 1, "ballast": "a secret"})
            await conn.execute(pulse.insert(), {"id": 1, "ballast": "a secret"})
    assert "a secret" not in str(caught.value)


async def test_concurrent_transactions_are_committed_as_a_group(
    sqlite_template: Path, tmp_path: Path, open_database: Any
):
    shutil.copyfile(sqlite_template, tmp_path / "group.db")
    database = await open_database(f"sqlite:///{tmp_path}/group.db")
    commits = 0
    committed = database._writer._committed

    def count(topics: set[str]) -> None:
        nonlocal commits
        commits += 1
        committed(topics)

    database._writer._committed = count

    async def write(n: int) -> None:
        async with database.write() as conn:
            await conn.execute(pulse.insert(), {"ballast": str(n)})

    await asyncio.gather(*(write(n) for n in range(64)))
    assert len(await texts(database)) == 64
    assert commits <= 4
