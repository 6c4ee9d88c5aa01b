"""500 jobs while the worker is killed at 20 random instants: each done, and what it wrote written once."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.core.jobs import Job, Outcome
from bot.core.messages import Rendered
from bot.core.team import Team
from bot.storage.ledger.ledger import ledger_table
from bot.storage.outbox.tables import outbox
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork
from tests.crash import runner
from tests.crash.children import Children

pytestmark = pytest.mark.crash
KILLS, INSIDE, OUTSIDE = 20, 400, 100


async def owe(url: str, open_database) -> None:
    database = await open_database(url)
    unit = UnitOfWork(database, team=Team(), render=lambda template, context: Rendered(template))
    now = datetime.now(UTC)
    async with unit() as work:
        for n in range(INSIDE):
            work.owe(Job("inside", f"inside:{n}", now + timedelta(milliseconds=8 * n)))
        for n in range(OUTSIDE):
            work.owe(Job("outside", f"outside:{n}", now + timedelta(milliseconds=30 * n)))
    await database.close()


async def run_and_kill(url: str, chance: random.Random, *, replicas: int) -> None:
    children = Children()
    for _ in range(KILLS):
        while len(children.alive) < replicas:
            await children.start(runner.work, url)
        await asyncio.sleep(chance.uniform(0.0, 0.2))
        await children.kill(chance.choice(children.alive))
    while len(children.alive) < replicas:
        await children.start(runner.work, url)
    assert await children.finish() == [0] * replicas


async def check(url: str, open_database) -> None:
    database = await open_database(url)
    jobs = Jobs(database, "the test")
    keys = [f"inside:{n}" for n in range(INSIDE)] + [f"outside:{n}" for n in range(OUTSIDE)]
    assert {await jobs.outcome(key) for key in keys} == {Outcome.DONE}
    async with database.read() as conn:
        written = Counter((row.kind, *row.subjects) for row in await conn.execute(select(ledger_table)))
        said = (await conn.execute(select(func.count()).select_from(outbox))).scalar_one()
    once = {("thing.done", f"thing:inside:{n}"): 1 for n in range(INSIDE)}
    once |= {(f"thing.{part}", f"thing:outside:{n}"): 1 for part in ("begun", "ended") for n in range(OUTSIDE)}
    assert written == once
    assert said == INSIDE


async def test_every_job_is_done_once_however_often_the_bot_is_killed(database_url, open_database, chance):
    await owe(database_url, open_database)
    await run_and_kill(database_url, chance, replicas=1)
    await check(database_url, open_database)


async def test_every_job_is_done_once_by_two_replicas_that_are_killed(postgres_server, open_database, chance):
    url = postgres_server.fresh()
    await owe(url, open_database)
    await run_and_kill(url, chance, replicas=2)
    await check(url, open_database)
