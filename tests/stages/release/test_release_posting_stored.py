"""A scheduled publication on real databases, with two workers at it: everybody reads the notes once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select

from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Subject
from bot.core.ports import Charts, Tools
from bot.runtime.worker import Worker
from bot.stages.code.model.ports import CodeHost
from bot.stages.release import draft_and_approve, publish
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import ReleaseState
from bot.storage.engine.database import Database
from bot.storage.outbox.tables import outbox
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs, job_table
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import ANA, TOM, FakeCharts, FakeClock, FakeDirectory
from tests.rendered import RENDER
from tests.stages.deploy.deploying import HISTORY, HOUR, ScriptedHost
from tests.stages.release.releasing import THREE

PUBLISH = publish.PUBLISH
NOTES = ["#ops", "#releases", "#support"]


class Replica:
    """A worker that drafts and publishes, with a unit of its own."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.unit = database, UnitOfWork(database, team=THREE, render=RENDER)
        nothing: Any = None
        host = cast("CodeHost", ScriptedHost(*HISTORY))
        self.tools = Tools(
            self.unit,
            clock,
            FakeDirectory(),
            THREE,
            {CodeHost: host, Charts: FakeCharts()},
        )
        self.worker = Worker(
            database,
            self.unit,
            self.tools,
            inbox=Inbox(database, database.replica_id),
            inside={},
            outside={"release.draft": draft_and_approve.read_and_draft, PUBLISH: publish.publish_when_due},
            settle=nothing,
        )

    async def job(self) -> Job:
        """The publication that is owed."""
        query = select(job_table).where(job_table.c.kind == PUBLISH, job_table.c.state == "waiting")
        async with self.database.read() as conn:
            (row,) = await conn.execute(query)
        return Job(row.kind, row.key, row.due, row.args)

    async def told(self) -> list[str]:
        """Where the notes are to be read."""
        async with self.database.read() as conn:
            keys = (await conn.execute(select(outbox.c.key))).scalars()
            return sorted(key.rpartition(":")[2] for key in keys if ":notes:" in key)

    async def published(self, id: str) -> int:
        """How often the ledger says that it was published."""
        async with self.unit() as work:
            entries = await work.history(Subject("release", id))
        return [one.entry.kind for one in entries].count("release.published")


@pytest.fixture
async def replicas(
    database_url: str, open_database: Callable[..., Awaitable[Database]], clock: FakeClock
) -> tuple[Replica, Replica]:
    """Two of them; an SQLite file has one owner, so there the two workers share it."""
    one = Replica(await open_database(database_url), clock)
    is_shared = database_url.startswith("sqlite")
    return one, Replica(one.database if is_shared else await open_database(database_url), clock)


async def scheduled(replica: Replica, clock: FakeClock) -> str:
    """A release that is due now."""
    asked = await replica.unit.run(
        lambda work: draft_and_approve.draft(work, "web", TOM, since="v1.3.9", until="v1.4.0")
    )
    await replica.worker.turn()
    at = clock.now() + HOUR
    await replica.unit.run(lambda work: publish.schedule(work, asked.id, at, ANA))
    clock.move(HOUR)
    return asked.id


async def test_of_two_workers_one_publishes_it(replicas: tuple[Replica, Replica], clock: FakeClock) -> None:
    one, other = replicas
    id = await scheduled(one, clock)
    job = await one.job()

    await asyncio.gather(one.worker.turn(), other.worker.turn())

    assert await Jobs(one.database, "anybody").outcome(job.key) is Outcome.DONE
    async with other.unit() as work:
        done = await work.get(Release, id)
    assert done is not None
    assert (done.state, done.published_by, done.late_by) == (ReleaseState.PUBLISHED, ANA.id, None)
    assert await one.published(id) == 1
    assert await one.told() == NOTES


async def test_a_worker_that_was_taken_for_dead_and_the_one_in_its_place_publish_it_once(
    replicas: tuple[Replica, Replica], clock: FakeClock
) -> None:
    id = await scheduled(replicas[0], clock)
    it = Due(await replicas[0].job(), timedelta(), 1)

    ended = await asyncio.gather(*(publish.publish_when_due(each.tools, it) for each in replicas))

    assert sorted(ended) == [Outcome.DONE, Outcome.NOOP]
    assert await replicas[0].published(id) == 1
    assert await replicas[0].told() == NOTES


async def test_whoever_publishes_by_hand_at_that_instant_and_the_worker_publish_it_once(
    replicas: tuple[Replica, Replica], clock: FakeClock
) -> None:
    one, other = replicas
    id = await scheduled(one, clock)

    by_hand = one.unit.run(lambda work: publish.publish(work, id, TOM))
    await asyncio.gather(by_hand, other.worker.turn(), return_exceptions=True)

    assert await one.published(id) == 1
    assert await one.told() == NOTES
