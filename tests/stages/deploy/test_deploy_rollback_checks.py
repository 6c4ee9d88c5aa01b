"""A rollback that waits for a yes: held by a required check that failed, and about the commit that was live."""

from bot.core.events import RunState
from bot.stages.build.model.run import Run
from bot.stages.deploy.model.deployment import Deployment, State
from tests.fakes import ANA, LUIS
from tests.rendered import shown
from tests.stages.deploy.deploying import Harbour, go_live, not_done, press
from tests.stages.deploy.test_deploy_approved import told
from tests.stages.deploy.test_deploy_bound import look_again, run, strict


async def checked(world: Harbour, state: RunState, ref: str) -> None:
    """The required check of this version ended so, just now."""
    number = sum(noun is Run for noun, _ in world.store.rows) + 1
    await world.add(run(world, "e2e", state, number, ref))


async def asked_back(world: Harbour) -> Deployment:
    """v1.3.9 was only reported; v1.4.0 came after it, and is to be taken back."""
    await told(world, "v1.3.9")
    await checked(world, RunState.PASSED, "v1.4.0")
    id = await go_live(world, "v1.4.0")
    return (await press(world, "rollback", id, LUIS)).context["deployment"]


async def test_a_required_check_that_failed_holds_a_rollback_that_nobody_approved():
    world = strict(checks=("e2e",))
    await checked(world, RunState.FAILED, "v1.3.9")
    rolled = await asked_back(world)
    runs = len(world.target.runs)

    assert "e2e did not pass" in shown(world.said[f"deployment:{rolled.id}"])
    assert "e2e did not pass" in await not_done(world, "approve", rolled.id, ANA)
    await look_again(world)
    assert (await world.deployment(rolled.id)).state is State.WAITING
    assert len(world.target.runs) == runs


async def test_a_required_check_that_fails_between_the_yes_and_the_start_holds_it():
    world = strict(checks=("e2e",))
    rolled = await asked_back(world)
    runs = len(world.target.runs)
    await press(world, "approve", rolled.id, ANA)
    await checked(world, RunState.FAILED, "v1.3.9")
    await look_again(world)

    assert (await world.deployment(rolled.id)).state is State.QUEUED
    assert len(world.target.runs) == runs
    assert "e2e did not pass" in shown(world.said[f"deployment:{rolled.id}"])


async def test_one_that_never_ran_is_said_and_left_to_those_who_say_yes():
    world = strict(checks=("e2e",))
    rolled = await asked_back(world)

    assert "e2e has not passed yet" in shown(world.said[f"deployment:{rolled.id}"])
    await press(world, "approve", rolled.id, ANA)
    await look_again(world)
    assert (await world.deployment(rolled.id)).state is State.SUCCEEDED


async def test_it_runs_the_commit_that_was_live_wherever_its_name_stands_by_now():
    world = strict()
    rolled = await asked_back(world)
    was_live = world.host.sha("v1.3.9")
    world.host.history = [
        ("", subject) if ref == "v1.3.9" else (ref, subject) for ref, subject in world.host.history
    ]
    world.host.history.append(("v1.3.9", "feat: pushed over the old tag"))
    assert world.host.sha("v1.3.9") != was_live

    await press(world, "approve", rolled.id, ANA)
    await look_again(world)

    assert (await world.deployment(rolled.id)).state is State.SUCCEEDED
    ran = world.target.runs[-1]
    assert ran["sha"] == was_live
    assert ran["version"] == was_live  # its name stands for something else


async def test_one_to_what_was_approved_and_run_here_passes_a_check_that_failed_since():
    world = strict(checks=("e2e",))
    await checked(world, RunState.PASSED, "v1.3.9")
    await go_live(world, "v1.3.9")
    await checked(world, RunState.PASSED, "v1.4.0")
    id = await go_live(world, "v1.4.0")
    await checked(world, RunState.FAILED, "v1.3.9")
    await press(world, "rollback", id, LUIS)
    await look_again(world)
    assert world.target.runs[-1]["version"] == "v1.3.9"
