"""A database that is away for a while neither ends what it runs nor loses how it ended."""

import asyncio
from datetime import timedelta

import pytest

from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.stages.deploy.model.ports import Finished
from tests.fakes import ANA
from tests.stages.deploy.deploying import Harbour, ask, card, press


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy_run, "PROGRESS_EVERY", timedelta(milliseconds=1))


async def test_a_command_runs_on_while_its_progress_cannot_be_told():
    world = Harbour()
    id = await ask(world)
    await press(world, "approve", id, ANA)

    async def away() -> None:
        world.unit.away = 3
        while world.unit.away:  # each look for news meets it once
            await asyncio.sleep(0.001)

    world.target.meanwhile = away
    await world.run_due()

    assert len(world.target.runs) == 1
    assert card(world, id)["deployment"].state is State.SUCCEEDED
    assert "deployment.interrupted" not in world.kinds


@pytest.mark.parametrize(("code", "state"), [(0, State.SUCCEEDED), (3, State.FAILED)])
async def test_an_end_that_comes_while_the_database_is_away_is_kept(code: int, state: State):
    world = Harbour()
    world.target.ends = Finished(code)
    id = await ask(world)
    await press(world, "approve", id, ANA)

    async def away() -> None:
        world.unit.away = 50

    world.target.meanwhile = away
    await world.run_due()

    assert world.unit.away == 0
    deployment = card(world, id)["deployment"]
    assert (deployment.state, deployment.exit_code, deployment.run) == (state, code, 1)


async def test_an_end_whose_commit_was_lost_from_sight_is_told_once():
    world = Harbour()
    id = await ask(world)
    await press(world, "approve", id, ANA)

    async def lost() -> None:
        world.unit.unseen = 1

    world.target.meanwhile = lost
    await world.run_due()

    assert world.kinds.count("deployment.succeeded") == 1
    assert card(world, id)["deployment"].state is State.SUCCEEDED


async def test_a_beginning_whose_commit_was_lost_from_sight_is_run_once_and_not_called_interrupted():
    world = Harbour()
    id = await ask(world)
    await press(world, "approve", id, ANA)
    world.unit.unseen_at = "deployment.started"
    await world.run_due()

    assert len(world.target.runs) == 1
    assert card(world, id)["deployment"].state is State.SUCCEEDED
    assert "deployment.interrupted" not in world.kinds
