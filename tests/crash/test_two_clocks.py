"""Two replicas on PostgreSQL, one clock half a minute off, one replica absent: nothing is cut, nothing doubled."""

import asyncio
import os
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.core.jobs import Job
from bot.core.ledger import Subject
from bot.stages.deploy import request
from bot.stages.deploy.model.deployment import Deployment, State
from bot.storage.engine.database import Database
from bot.storage.outbox.outbox import Outbox
from bot.storage.queues.jobs import job_table
from bot.storage.queues.leases import RUNNING, WAITING
from tests.crash import clock_replica
from tests.crash.children import Children
from tests.crash.clock_replica import ABSENT, CHANNELS, LEASE, OffClock, tools_on
from tests.fakes import TOM
from tests.slack.workspace import workspace

pytestmark = pytest.mark.crash
THINGS = 60  # jobs, each with a message, while it goes on
PATIENCE_SECONDS = 60


@pytest.fixture
async def place(tmp_path, clock):
    async with workspace(tmp_path, clock, channels=CHANNELS) as made:
        made.play.clock.offset_seconds = 0.0  # the replicas live by the machine's clock
        yield made


@pytest.fixture
def database_url(postgres_server):
    return postgres_server.fresh()


@pytest.fixture
async def database(database_url):
    opened = await Database.open(database_url, clock=OffClock(timedelta()), replica_id="whoever looks on")
    yield opened
    await opened.close()


async def until(so: Any) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await so():
            await asyncio.sleep(0.02)


async def owner_of_the_run(database: Database) -> int:
    """The process that follows the program."""
    query = select(job_table.c.owner).where(job_table.c.kind == "deploy.run", job_table.c.state == RUNNING)
    async with database.read() as conn:
        return int(await conn.scalar(query) or 0)


async def owe_things(tools: Any, numbers: range) -> None:
    async def owe(work: Any) -> None:
        for n in numbers:
            work.owe(Job("thing", f"thing-{n}", work.now, {"n": n}))

    await tools.unit.run(owe)


async def all_said(database: Database) -> bool:
    owed = select(func.count()).where(
        job_table.c.kind.in_(("thing", "deploy.run")), job_table.c.state.in_((WAITING, RUNNING))
    )
    async with database.read() as conn:
        jobs = await conn.scalar(owed)
    depth, _ = await Outbox(database, "whoever looks on").depth()
    return not jobs and not sum(depth.values())


@pytest.mark.parametrize(
    ("absent", "first_off"), [("none", 0), ("none", -30), ("who runs it", 0), ("who does not", -30)]
)
async def test_a_clock_that_is_off_and_a_replica_that_is_absent_cut_nothing_and_double_nothing(
    database, database_url, place, tmp_path: Path, first_off: int, absent: str
):
    folder, api = str(tmp_path), f"{place.url}/api/"
    children = Children()
    tools = tools_on(database, OffClock(timedelta()), folder)
    mark = tmp_path / "v1"

    async def has_begun() -> bool:
        return mark.exists() and bool(await owner_of_the_run(database))

    # Whoever is half a minute behind begins: by its own clock the other one finds every lease lapsed.
    await children.start(clock_replica.live, database_url, api, folder, first_off)
    asked = await tools.unit.run(lambda work: request.request(work, "web", "v1", "staging", TOM))
    await until(has_begun)
    await children.start(clock_replica.live, database_url, api, folder, first_off + 30)
    pids = {child.pid for child in children.alive}
    await owe_things(tools, range(THINGS // 2))
    runs_it = await owner_of_the_run(database)
    if absent != "none":
        stopped = runs_it if absent == "who runs it" else (pids - {runs_it}).pop()
        os.kill(stopped, signal.SIGSTOP)
        await owe_things(tools, range(THINGS // 2, THINGS))
        await asyncio.sleep(ABSENT.total_seconds())
        os.kill(stopped, signal.SIGCONT)
    else:
        await owe_things(tools, range(THINGS // 2, THINGS))
        await asyncio.sleep(3 * LEASE.total_seconds())
    assert mark.read_text().split() == ["begun"]
    (tmp_path / "may-end").touch()

    async def has_ended() -> bool:
        async with tools.unit.reading() as work:
            known = await work.get(Deployment, asked.id)
        return known is not None and known.state is State.SUCCEEDED and await all_said(database)

    await until(has_ended)
    (tmp_path / "over").touch()
    assert await children.finish() == [0, 0]

    assert mark.read_text().split() == ["begun", "ended"]
    async with tools.unit.reading() as work:
        events = Counter(one.entry.kind for one in await work.history(Subject("deployment", asked.id)))
        done = [await work.history(Subject("thing", f"thing-{n}")) for n in range(THINGS)]
    assert (events["deployment.started"], events["deployment.succeeded"], events["deployment.failed"]) == (1, 1, 0)
    if absent != "who runs it":
        assert events["deployment.interrupted"] == 0
    assert [len(entries) for entries in done] == [1] * THINGS
    said = Counter(one["metadata"]["event_payload"]["key"] for one in await place.messages())
    assert {key: count for key, count in said.items() if count > 1} == {}
    assert {f"thing-{n}" for n in range(THINGS)} <= set(said)
