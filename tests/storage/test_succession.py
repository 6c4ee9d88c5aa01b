"""A rolling upgrade: an old replica runs on while a newer version changes the tables."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from bot.core.jobs import Job
from bot.core.team import Team
from bot.storage import succession
from bot.storage.engine.database import Database
from bot.storage.migrations import TablesTooNew, migrate
from bot.storage.outbox.outbox import Outbox
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON
from tests.storage.things import Rendering, message


@pytest.fixture
async def replicas(postgres_server: Any, open_database: Any) -> tuple[Database, Database]:
    """The old one and the new one."""
    url = postgres_server.fresh()
    return await open_database(url, "old"), await open_database(url, "new")


async def work_waits(database: Database) -> None:
    unit = UnitOfWork(database, team=Team(), render=Rendering())
    async with unit() as work:
        work.owe(Job("note", "k", NOON))
        work.say(message("card"))
    await Inbox(database, database.replica_id).receive("github", "d-1", {}, b"{}", NOON)


async def migrates(database: Database) -> None:
    """What a newer version does at its start."""
    async with database.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        database.wake(succession.TOPIC)


async def claimed(database: Database) -> tuple[int, int, int]:
    name = database.replica_id
    jobs = await Jobs(database, name).claim(NOON, 10)
    deliveries = await Inbox(database, name).claim(NOON, 10)
    return len(jobs), len(deliveries), len((await Outbox(database, name).claim(10)).steps)


async def test_an_old_replica_claims_nothing_from_the_migration_on(
    replicas: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = replicas
    await work_waits(old)
    await migrates(new)

    assert await claimed(old) == (0, 0, 0)
    assert old.successor == "9999"
    assert await Jobs(old, "old").next_due() is None
    assert await Inbox(old, "old").next_due() is None
    monkeypatch.setattr(succession, "newest", lambda: "9999")  # which the newer version knows
    assert await claimed(new) == (1, 1, 1)


async def test_an_old_replica_is_told_of_the_migration(replicas: tuple[Database, Database]) -> None:
    old, new = replicas
    waiting = asyncio.ensure_future(succession.taken_over(old))
    async with asyncio.timeout(20):
        while not old._listener.connected:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        await migrates(new)
        await waiting

    assert old.successor == "9999"


async def test_a_migration_tells_the_replicas(postgres_server: Any, open_database: Any) -> None:
    url = postgres_server.address(postgres_server.empty())
    old, new = await open_database(url, "old"), await open_database(url, "new")
    async with asyncio.timeout(20):
        while not old._listener.connected:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        await old.wait(succession.TOPIC, 0)
        await migrate(new)
        assert await old.wait(succession.TOPIC, None)


async def test_one_process_has_a_sqlite_file_and_refuses_one_from_the_future(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(TablesTooNew, match=r"revision 9999, this version knows .*Run the newer one"):
        await migrate(database)
