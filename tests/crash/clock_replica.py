"""What is stopped for a while: a replica whose clock is off, with the bot's own worker and messenger."""

import asyncio
import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from bot import discovery
from bot.core.deploy_targets import Command
from bot.core.jobs import Due, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message, Rendered
from bot.core.ports import Charts, Tools, Work
from bot.core.team import Environment, Service, Team
from bot.playground.options import Options
from bot.runtime import worker
from bot.slack.outbound import Messenger, Sender, SlackAddresses, slack_client
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.ports import Target
from bot.storage.engine.database import Database
from bot.storage.outbox.outbox import Outbox
from bot.storage.queues import leases
from bot.storage.queues.inbox import Inbox
from bot.storage.work.unit_of_work import UnitOfWork
from bot.vendors.local.command import LocalCommand
from tests.crash.runner import PACE, PATIENCE
from tests.fakes import FakeCharts, FakeDirectory

LEASE = timedelta(seconds=0.9)  # all is eleven times as fast as in earnest
ABSENT = LEASE * 2.5  # as 25 s are of 10 s
CHANNELS = 3

# Writes down that it runs, and goes on until it is told that whoever started it is back.
PROGRAM = """
import os, pathlib, time
place = pathlib.Path(os.environ["EIGHTBELLS_VERSION"])
with place.open("a") as mark:
    mark.write("begun\\n")
while not pathlib.Path("may-end").exists():
    time.sleep(0.01)
with place.open("a") as mark:
    mark.write("ended\\n")
"""


class OffClock:
    """The machine's clock, off by so much."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


def team(folder: str) -> Team:
    """One service, deployed by the program."""
    command = Command((sys.executable, "-c", PROGRAM), directory=folder)
    return Team(
        services={"web": Service("web", deploy=command)},
        environments={"staging": Environment("staging")},
        default_channel="C0000",
    )


def tools_on(database: Database, clock: OffClock, folder: str) -> Tools:
    """A replica's tools, with the real target."""
    unit: Any = UnitOfWork(database, team=team(folder), render=lambda template, context: Rendered(template))
    target = LocalCommand(grace=timedelta(0))
    return Tools(
        unit,
        clock,
        FakeDirectory(),
        team(folder),
        {Target: target, Charts: FakeCharts()},
    )


def live(database_url: str, api_url: str, folder: str, off_seconds: float, ready: Any) -> None:
    """Work and send until the file ``over`` is there. ``ready`` is told once both run."""
    leases.LEASE = worker.LEASE = LEASE
    deploy_run.PROGRESS_EVERY = timedelta(seconds=0.1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_live(database_url, api_url, folder, OffClock(timedelta(seconds=off_seconds)), ready))


async def _live(database_url: str, api_url: str, folder: str, clock: OffClock, ready: Any) -> None:
    name = str(os.getpid())
    database = await Database.open(database_url, clock=clock, replica_id=name)
    tools = tools_on(database, clock, folder)
    found = discovery.workflows()
    made = worker.Worker(
        database,
        tools.unit,  # type: ignore[arg-type]
        tools,
        inbox=Inbox(database, name),
        inside={**found.inside, "thing": do_thing},
        outside=found.outside,
        settle=_nothing,
    )
    async with aiohttp.ClientSession() as session:
        client = slack_client(Options().bot_token, session, api_url)
        sender = Sender(client, SlackAddresses(client, clock.now), clock.now, patience=PATIENCE)
        outbox = Outbox(database, name, pace=PACE, recheck=PATIENCE.recheck)
        messenger = Messenger(database, outbox, sender, clock)
        running = [asyncio.create_task(made.run()), asyncio.create_task(messenger.run())]
        ready.send_bytes(b"runs")
        while not Path(folder, "over").exists():
            for task in running:
                if task.done():
                    task.result()
            await asyncio.sleep(0.02)
        await made.stop(running[0])
        await messenger.stop(running[1])
    await database.close()


async def do_thing(work: Work, due: Due) -> Outcome:
    """Say and record something, slowly enough to be stopped in the middle."""
    work.record(Entry("thing.done", (Subject("thing", due.job.key),)))
    await asyncio.sleep(0.005)
    work.say(Message(due.job.key, f"C{int(due.job.args['n']) % CHANNELS:04}", "thing"))
    return Outcome.DONE


async def _nothing(work: Work, delivery: Any) -> str:
    return ""
