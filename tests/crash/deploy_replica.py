"""What is killed: a process with the bot's own worker on a database that others work on too, and people who click."""

import asyncio
import logging
import os
import sys
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from pathlib import Path
from random import Random
from typing import Any

import structlog

from bot import discovery
from bot.core.jobs import Due
from bot.core.ports import Charts, Tools
from bot.runtime import worker
from bot.slack.rendering.render import Rendering
from bot.stages.code.model.ports import CodeHost
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Target
from bot.storage.engine.database import Database
from bot.storage.ledger.seals import Sealer
from bot.storage.queues import leases
from bot.storage.queues.inbox import Inbox
from bot.storage.work.unit_of_work import UnitOfWork
from tests.crash.deploy_people import People
from tests.crash.deploy_world import CROWD, RUN, TEAM, FileTarget, Phase, Shared, SharedHost
from tests.fakes import FakeCharts, FakeDirectory

PEOPLE = 4  # at a time, in each process
LEASE = timedelta(seconds=1.5)
UNDER_WAY = (State.RUNNING, State.UNKNOWN)
STUCK = 3  # exit code: something can come to no end


class CountingUnit(UnitOfWork):
    """Notes how often a step began again after a conflict."""

    shared: Shared

    async def run(self, step: Any, *, opening: Any = None) -> Any:
        tries = 0

        async def counted(work: Any) -> Any:
            nonlocal tries
            tries += 1
            if tries > 1:
                self.shared.note("conflict")
            return await step(work)

        return await super().run(counted, opening=opening)


def live(database_url: str, folder: str, seed: int, driver: int, ready: Any) -> None:
    """Work, and have people click, until all of it has come to its end, or the process ``driver`` is gone.

    ``ready`` is told once the worker runs.
    """
    leases.LEASE = worker.LEASE = LEASE
    deploy_run.PROGRESS_EVERY = timedelta(seconds=0.1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ended_well = asyncio.run(_live(database_url, Shared(Path(folder)), Random(seed), driver, ready))  # noqa: S311
    sys.exit(0 if ended_well else STUCK)


async def _live(database_url: str, shared: Shared, chance: Random, driver: int, ready: Any) -> bool:
    name = f"{os.getpid()}-{chance.random()}"
    database = await Database.open(database_url, clock=shared, replica_id=name)
    tools = _tools(database, shared, chance)
    found = discovery.workflows()
    made = worker.Worker(
        database,
        tools.unit,  # type: ignore[arg-type]
        tools,
        inbox=Inbox(database, name),
        inside=found.inside,
        outside={kind: _knowing_its_run(handler) for kind, handler in found.outside.items()},
        settle=_nothing,
    )
    people = People(tools, database, shared, chance, found.takers)
    running = asyncio.create_task(made.run())
    aside = [asyncio.create_task(one) for one in (Sealer(database).keep_sealing(), _wake(database, shared, driver))]
    ready.send_bytes(b"runs")
    ending = asyncio.create_task(_until_the_end(people, shared, made))
    await asyncio.wait({running, ending, *aside}, return_when=asyncio.FIRST_COMPLETED)
    ended_well = await ending if ending.done() else False  # the worker must not end before
    await made.stop(running)
    for task in aside:
        task.cancel()
    await asyncio.gather(*aside, return_exceptions=True)
    await database.close()
    return ended_well


async def _until_the_end(people: People, shared: Shared, made: worker.Worker) -> bool:
    async with asyncio.TaskGroup() as group:
        for _ in range(PEOPLE):
            group.create_task(people.click_while(lambda: shared.phase is Phase.LIVE))
    return await people.come_to_an_end(made)


def _tools(database: Database, shared: Shared, chance: Random) -> Tools:
    unit = CountingUnit(database, team=TEAM, render=Rendering())
    unit.shared = shared

    async def pause(most_seconds: float) -> None:
        await asyncio.sleep(chance.random() * most_seconds)

    async def look(id: str, run: int) -> dict[str, Any] | None:
        return await _held(unit, id, run)

    host, target = SharedHost(shared, chance, pause), FileTarget(shared, chance, look, pause)
    ports = {CodeHost: host, Target: target, Charts: FakeCharts()}
    return Tools(unit, shared, FakeDirectory(CROWD), TEAM, ports)


async def _held(unit: UnitOfWork, id: str, run: int) -> dict[str, Any] | None:
    """What the database holds of this run as it starts; None where somebody took it over in these milliseconds."""
    before = await _read(unit, id)
    async with unit.reading() as work:
        same: dict[str, Any] = {"service": before.service, "environment": before.environment}
        beside = [one.id for one in await work.find(Deployment, state=UNDER_WAY, **same) if one.id != id]
    after = await _read(unit, id)
    if any(one.state is not State.RUNNING or one.run != run for one in (before, after)):
        return None
    return {
        "sha": before.sha,
        "asked_by": before.asked_by,
        "overrides": before.overrides,
        "votes": [[vote.by, str(vote.decision), vote.sha] for vote in before.approval.votes],
        "beside": beside,
    }


async def _read(unit: UnitOfWork, id: str) -> Deployment:
    async with unit.reading() as work:
        found = await work.get(Deployment, id)
    assert found is not None
    return replace(found)


def _knowing_its_run(handler: Any) -> Any:
    @wraps(handler)  # with what it is marked with
    async def told(tools: Tools, due: Due) -> Any:
        RUN.set(int(due.job.args.get("run", 0)))
        return await handler(tools, due)

    return told


async def _wake(database: Database, shared: Shared, driver: int) -> None:
    """Look at what is due whenever the clock was moved; end when nobody moves it any more."""
    seen = shared.offset
    while _is_there(driver):
        await asyncio.sleep(0.01)
        if shared.offset != seen:
            seen = shared.offset
            database.wake("jobs")


async def _nothing(work: Any, delivery: Any) -> str:
    return ""


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
