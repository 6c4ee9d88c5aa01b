"""kill -9 while a deployment's command runs: it is asked about, and never started a second time by itself."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.deploy_targets import Command
from bot.core.jobs import Due, Job, Outcome
from bot.core.messages import Rendered
from bot.core.ports import Tools
from bot.core.team import Environment, Service, Team
from bot.stages.code.model.ports import CodeHost
from bot.stages.deploy import request
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Target
from bot.stages.deploy.model.slot import Slot
from bot.storage.engine.database import Database
from bot.storage.work.unit_of_work import UnitOfWork
from bot.vendors.local.command import LocalCommand
from tests.fakes import TOM, FakeClock, FakeDirectory

HANGS = """
import os, time
with open(os.environ["EIGHTBELLS_VERSION"], "a") as mark:
    print(os.getpid(), file=mark)
time.sleep(60)
"""
BOT = """
import asyncio
from tests.crash.test_deploy_crash import be_killed
asyncio.run(be_killed({url!r}, {directory!r}))
"""


def team(directory: str) -> Team:
    """A team whose one service is deployed by a command that writes a mark and hangs."""
    command = Command((sys.executable, "-c", HANGS), directory=directory)
    return Team(services={"web": Service("web", deploy=command)}, environments={"staging": Environment("staging")})


async def world(database: Any, directory: str) -> Tools:
    """Tools on a real database, with the real target."""
    clock = FakeClock()
    unit: Any = UnitOfWork(database, team=team(directory), render=lambda template, context: Rendered(template))
    no_host: Any = None
    return Tools(
        unit, clock, FakeDirectory(), team(directory), {CodeHost: no_host, Target: LocalCommand(grace=timedelta(0))}
    )


def job_of(deployment: str) -> Due:
    """What the worker would claim."""
    args = {"deployment": deployment, "run": 1}
    return Due(Job("deploy.run", f"deploy.run:{deployment}:1", FakeClock().now(), args), timedelta(), 1)


async def be_killed(url: str, directory: str) -> None:
    """Ask for a deployment and carry it out, until somebody kills us."""
    database = await Database.open(url, clock=FakeClock(), replica_id="killed")
    tools = await world(database, directory)
    deployment = await tools.unit.run(lambda work: request.request(work, "web", "v1", "staging", TOM))
    await deploy_run.run(tools, job_of(deployment.id))


@pytest.mark.crash
async def test_killed_while_the_command_runs(database_url: str, open_database: Any, tmp_path: Path):
    code = BOT.format(url=database_url, directory=str(tmp_path))
    mark = tmp_path / "v1"
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as bot:
        while bot.poll() is None and not (mark.exists() and mark.read_text()):
            time.sleep(0.01)
        bot.kill()

    tools = await world(await open_database(database_url, "after"), str(tmp_path))
    assert await deploy_run.run(tools, job_of("D-1")) is Outcome.NOOP
    assert await deploy_run.run(tools, job_of("D-1")) is Outcome.NOOP

    async with tools.unit() as work:
        deployment, slot = await work.get(Deployment, "D-1"), await work.get(Slot, "web/staging")
    assert deployment is not None
    assert slot is not None
    assert deployment.state is State.UNKNOWN
    assert slot.taken_by == "D-1"
    (command,) = mark.read_text().split()  # it was started once, and outlived us
    os.kill(int(command), signal.SIGKILL)
