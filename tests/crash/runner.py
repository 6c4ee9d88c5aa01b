"""What the crash tests kill: a process with the bot's own messenger, or its own worker, on a database."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from sqlalchemy import text

from bot.core.jobs import Due, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message, Rendered
from bot.core.ports import Tools, Work
from bot.core.team import Team
from bot.playground.options import Options
from bot.runtime import worker
from bot.slack.outbound import Messenger, Patience, Sender, SlackAddresses, slack_client
from bot.slack.rendering.render import Rendering
from bot.stages.standup import plan_day, prompts
from bot.storage.engine.database import Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.outbox.outbox import Outbox, Pace, put
from bot.storage.queues import leases
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork
from tests.crash.plan import transactions

# Everything faster than in earnest, in the same proportions.
PACE = Pace(
    post_gap=timedelta(seconds=0.08),
    edit_gap=timedelta(seconds=0.08),
    burst=10_000,
    lease=timedelta(seconds=0.9),
)
PATIENCE = Patience(
    looks=(timedelta(seconds=0.05), timedelta(seconds=0.1)),
    recheck=timedelta(seconds=1),
    call=timedelta(seconds=0.5),
)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def send(database_url: str, api_url: str, ready: Any) -> None:
    """Owe the plan from where it stands, and send until all is said. ``ready`` is told once the messenger runs."""
    asyncio.run(_send(database_url, api_url, ready))


async def _send(database_url: str, api_url: str, ready: Any) -> None:
    clock = SystemClock()
    name = f"{os.getpid()}-{clock.now().timestamp()}"
    database = await Database.open(database_url, clock=clock, replica_id=name)
    async with aiohttp.ClientSession() as session:
        client = slack_client(Options().bot_token, session, api_url)
        sender = Sender(client, SlackAddresses(client, clock.now), clock.now, patience=PATIENCE)
        outbox = Outbox(database, name, pace=PACE, recheck=PATIENCE.recheck)
        messenger = Messenger(database, outbox, sender, clock)
        running = asyncio.create_task(messenger.run())
        ready.send_bytes(b"runs")
        await _owe(database, clock)
        while sum((await outbox.depth())[0].values()):
            if running.done():
                running.result()
            await asyncio.sleep(0.05)
        await messenger.stop(running)
    await database.close()


async def _owe(database: Database, clock: SystemClock) -> None:
    """Owe one transaction after the other; how far it came is part of each."""
    locked = "" if database.dialect == "sqlite" else " FOR UPDATE"
    for n, puts in enumerate(transactions()):
        async with database.write() as conn:
            done = (await conn.execute(text(f"SELECT n FROM crash_progress{locked}"))).scalar_one()  # noqa: S608
            if done == n:
                await put(conn, puts, clock.now())
                await conn.execute(text("UPDATE crash_progress SET n = n + 1"))
                database.wake("outbox")
        if done == n:
            await asyncio.sleep(0.03)


def work(database_url: str, ready: Any) -> None:
    """Do the jobs that are owed until none is left. ``ready`` is told once the worker runs."""
    leases.LEASE = worker.LEASE = timedelta(seconds=0.9)
    asyncio.run(_work(database_url, ready))


async def _work(database_url: str, ready: Any) -> None:
    clock = SystemClock()
    name = f"{os.getpid()}-{clock.now().timestamp()}"
    database = await Database.open(database_url, clock=clock, replica_id=name)
    unit = UnitOfWork(database, team=Team(), render=lambda template, context: Rendered(template))
    tools = Tools(unit, clock, None, Team())  # type: ignore[arg-type]
    jobs = Jobs(database, name)
    made = worker.Worker(
        database,
        unit,
        tools,
        inbox=Inbox(database, name),
        inside={"inside": _inside},
        outside={"outside": _outside},
        settle=_nothing,
    )
    running = asyncio.create_task(made.run())
    ready.send_bytes(b"runs")
    while await _anything_owed(jobs) or made.busy:
        if running.done():
            running.result()
        await asyncio.sleep(0.05)
    await made.stop(running)
    await database.close()


def ask(database_url: str, api_url: str, ready: Any) -> None:
    """Ask everybody who is due in a stand-up, with the bot's own worker and messenger, until all is said."""
    leases.LEASE = worker.LEASE = timedelta(seconds=0.9)
    asyncio.run(_ask(database_url, api_url, ready))


async def _ask(database_url: str, api_url: str, ready: Any) -> None:
    clock = SystemClock()
    name = f"{os.getpid()}-{clock.now().timestamp()}"
    database = await Database.open(database_url, clock=clock, replica_id=name)
    unit = UnitOfWork(database, team=Team(), render=Rendering())
    tools = Tools(unit, clock, None, Team())  # type: ignore[arg-type]
    jobs = Jobs(database, name)
    made = worker.Worker(
        database,
        unit,
        tools,
        inbox=Inbox(database, name),
        inside={plan_day.PROMPT: prompts.prompt_when_due, plan_day.OPEN: plan_day.open_when_due},
        outside={},
        settle=_nothing,
    )
    async with aiohttp.ClientSession() as session:
        client = slack_client(Options().bot_token, session, api_url)
        sender = Sender(client, SlackAddresses(client, clock.now), clock.now, patience=PATIENCE)
        outbox = Outbox(database, name, pace=PACE, recheck=PATIENCE.recheck)
        messenger = Messenger(database, outbox, sender, clock)
        running = [asyncio.create_task(made.run()), asyncio.create_task(messenger.run())]
        ready.send_bytes(b"runs")
        while await _anything_due(jobs, clock) or made.busy or sum((await outbox.depth())[0].values()):
            for task in running:
                if task.done():
                    task.result()
            await asyncio.sleep(0.05)
        await made.stop(running[0])
        await messenger.stop(running[1])
    await database.close()


async def _anything_owed(jobs: Jobs) -> bool:
    try:
        return await jobs.next_due() is not None
    except StorageUnavailable:  # the server is restarting: nobody knows
        return True


async def _anything_due(jobs: Jobs, clock: SystemClock) -> bool:
    due = await jobs.next_due()
    return due is not None and due <= clock.now() + timedelta(seconds=5)


async def _inside(work: Work, due: Due) -> Outcome:
    work.record(Entry("thing.done", (Subject("thing", due.job.key),)))
    await asyncio.sleep(0.005)
    work.say(Message(due.job.key, "C0000", "done"))
    return Outcome.DONE


async def _outside(tools: Tools, due: Due) -> Outcome:
    """Two transactions with the world between them; it looks how far an earlier try came."""
    for part in ("begun", "ended"):
        async with tools.unit() as work:
            if not any(
                one.entry.kind == f"thing.{part}" for one in await work.history(Subject("thing", due.job.key))
            ):
                work.record(Entry(f"thing.{part}", (Subject("thing", due.job.key),)))
        await asyncio.sleep(0.03)
    return Outcome.DONE


async def _nothing(work: Work, delivery: Any) -> str:
    return ""
