"""Planning on real databases: two replicas, a change in the middle, and a start after a crash."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.core.jobs import Due, Job, Outcome
from bot.core.ports import Charts, Tools
from bot.runtime.worker import Worker
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Setup, Standup
from bot.stages.standup.plan_day import PLAN, PROMPT, plan_when_due
from bot.stages.standup.replan import REPLAN, follow, follow_person, replan_when_due
from bot.storage.engine.database import Database
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs, job_table
from bot.storage.work.unit_of_work import UnitOfWork
from bot.team.people.model.ports import Holidays
from bot.team.people.model.presence import Presence
from tests.fakes import ANA, MEI, TEAM, TOM, FakeCharts, FakeClock, FakeDirectory, FakeHolidays
from tests.rendered import RENDER

SETUP = Setup("Web", "#team-web", people=(ANA.id, TOM.id, MEI.id))


class Replica:
    """A worker that only plans, with a unit of its own."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.unit = database, UnitOfWork(database, team=TEAM, render=RENDER)
        self.tools = Tools(
            self.unit, clock, FakeDirectory(), TEAM, {Holidays: FakeHolidays(), Charts: FakeCharts()}
        )
        self.worker = Worker(
            database,
            self.unit,
            self.tools,
            inbox=Inbox(database, database.replica_id),
            inside={},
            outside={PLAN: plan_when_due, REPLAN: replan_when_due},
            settle=None,
        )

    async def owed(self, kind: str) -> list[Any]:
        """Jobs of a kind that wait: key, instant, arguments."""
        query = select(job_table).where(job_table.c.kind == kind, job_table.c.state == "waiting")
        async with self.database.read() as conn:
            return sorted(await conn.execute(query), key=lambda row: row.due)


async def begun(database: Database, clock: FakeClock) -> Replica:
    replica = Replica(database, clock)
    async with replica.unit() as work:
        follow(work, await work.add(Standup.make(SETUP, ANA.id, work.now)))
    await replica.worker.turn()
    return replica


async def test_a_plan_ends_as_done_and_the_next_one_waits(database: Database, clock: FakeClock):
    replica = await begun(database, clock)
    (plan,) = await replica.owed(PLAN)
    clock.at = plan.due
    await replica.worker.turn()

    assert await Jobs(database, "anybody").outcome(plan.key) is Outcome.DONE
    (following,) = await replica.owed(PLAN)
    assert following.args["day"] > plan.args["day"]
    assert [row.args["user"] for row in await replica.owed(PROMPT)] == [MEI.id, TOM.id, ANA.id]


async def test_two_replicas_that_plan_the_same_day_owe_it_once(
    database_url: str, open_database: Callable[..., Awaitable[Database]], clock: FakeClock
):
    one = await begun(await open_database(database_url), clock)
    same = database_url.startswith("sqlite")  # of an SQLite file there is one owner; then two plans run at once
    other = Replica(one.database if same else await open_database(database_url), clock)
    (plan,) = await one.owed(PLAN)
    clock.at = plan.due
    due = Due(job=_job(plan), late_by=timedelta(), attempt=1)
    ended = await asyncio.gather(plan_when_due(one.tools, due), plan_when_due(other.tools, due))

    assert sorted(ended) == [Outcome.DONE, Outcome.NOOP]
    async with one.unit() as work:
        assert len(await work.find(Round)) == 1
    assert len(await one.owed(PROMPT)) == 3


async def test_leave_that_is_told_while_a_day_is_planned_is_heeded(database: Database, clock: FakeClock):
    replica = await begun(database, clock)
    (plan,) = await replica.owed(PLAN)
    clock.at = plan.due
    today = clock.at.date()

    async def leave() -> None:
        async with replica.unit() as work:
            await work.add(Presence(id=ANA.id).leave(today, today + timedelta(days=5)))
            follow_person(work, ANA.id)

    await asyncio.gather(replica.worker.turn(), leave())
    await replica.worker.turn()

    assert [row.args["user"] for row in await replica.owed(PROMPT)] == [MEI.id, TOM.id]
    async with replica.unit() as work:
        (round,) = await work.find(Round)
    assert round.people == (MEI.id, TOM.id)


def _job(row: Any) -> Any:
    return Job(row.kind, row.key, row.due, row.args)
