"""Between a yes and the start: what has come meanwhile holds it, and what has gone lets it go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.events import RunState
from bot.core.incident_severity import IncidentSeverity
from bot.core.refusals import Refusal
from bot.core.team import Environment
from bot.stages.build.model.run import Purpose, Run
from bot.stages.deploy import recheck, request
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.stages.deploy.model.obstacles import Kind
from bot.stages.deploy.model.slot import Slot
from bot.stages.monitor.model.incident import Incident
from bot.team.environments import locks, look_again
from commands.deploy import command
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, card, go_live, not_done, press

MINUTE = timedelta(minutes=1)


def ordered(**more) -> Harbour:
    """Production after staging."""
    environments = {
        "staging": Environment("staging", 0),
        "production": Environment("production", 1, approvals=1, after="staging", **more),
    }
    return Harbour(team=replace(EVERYONE, environments=environments))


async def on(world: Harbour, by: timedelta = timedelta()) -> None:
    doing = (deploy_run.run, request.expire, recheck.look_again, look_again.when_it_moved, locks.expire)
    await world.later(by, *doing)


async def test_a_freeze_between_the_yes_and_the_start_holds_it_and_the_slot_is_free():
    world = Harbour()
    id = await ask(world)
    await press(world, "approve", id, ANA)  # and then we are away for a while
    await world.use(command, "freeze", by=MEI, environment="production", end=NOON + HOUR, reason="audit")
    await on(world)

    assert (await world.deployment(id)).state is State.QUEUED
    assert (await world.get(Slot, "web/production")).taken_by == ""
    assert [one.kind for one in card(world, id)["picture"].obstacles] == [Kind.FREEZE]
    await on(world, 2 * HOUR)
    assert [run["deployment"] for run in world.target.runs] == [id]


async def test_the_fix_of_an_incident_passes_locks_from_the_request_to_the_retry():
    world = Harbour()
    incident = Incident.open("Down", IncidentSeverity.CRITICAL, MEI, MEI, NOON, "#alerts", service="web")
    await world.add(incident)
    await world.use(command, "lock", by=MEI, environment="production")
    answer = await world.use(
        command, by=TOM, service="web", version="v1.4.0", environment="production", reason="fixes INC-1"
    )
    id = answer.context["deployment"].id
    await press(world, "approve", id, ANA)
    world.target.ends = replace(world.target.ends, code=3)
    await on(world)
    assert (await world.deployment(id)).state is State.FAILED
    world.target.ends = replace(world.target.ends, code=0)
    await press(world, "retry", id, LUIS)
    await on(world)
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_whoever_steals_a_lock_is_not_held_by_it():
    world = Harbour()
    id = await ask(world, environment="staging", by=ANA)
    await world.use(command, "lock", by=MEI, environment="staging")
    await on(world)
    assert (await world.deployment(id)).state is State.QUEUED
    await world.use(command, "steal", by=ANA, environment="staging", reason="mine is the fix")
    await on(world)
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_what_waits_for_the_environment_before_goes_on_once_it_has_been_there():
    world = ordered()
    await go_live_in_staging(world, "v1.4.0")
    id = await ask(world, "v1.4.0")
    await go_live_in_staging(world, "v1.4.1")
    await press(world, "approve", id, ANA)
    assert (await world.deployment(id)).state is State.QUEUED
    await on(world)
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def go_live_in_staging(world: Harbour, version: str) -> str:
    id = await ask(world, version, "staging")
    await on(world, MINUTE)
    assert (await world.deployment(id)).state is State.SUCCEEDED
    return id


async def test_a_version_that_was_taken_back_and_brought_again_is_let_go_on():
    world = ordered()
    await go_live_in_staging(world, "v1.3.9")
    there = await go_live_in_staging(world, "v1.4.0")
    id = await ask(world, "v1.4.0")
    await press(world, "rollback", there, MEI)
    await world.later(MINUTE, deploy_run.run)
    assert "has not been live in staging" in await not_done(world, "approve", id, ANA)
    await go_live_in_staging(world, "v1.4.0")
    await press(world, "approve", id, ANA)
    await on(world, MINUTE)
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_soaking_is_being_there_and_not_having_been_there():
    world = ordered(soak=HOUR)
    await go_live_in_staging(world, "v1.4.0")
    await go_live_in_staging(world, "v1.4.1")
    id = await ask(world, "v1.4.0")
    await press(world, "approve", id, ANA)
    await on(world, 3 * HOUR)

    assert world.target.runs[-1]["environment"] == "staging"
    (held,) = card(world, id)["picture"].obstacles
    assert held.what == "it has to be in staging for 1 h, and was replaced there after 1 min"
    await go_live_in_staging(world, "v1.4.0")
    await on(world, 2 * HOUR)
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_a_check_turned_red_while_another_turned_green_is_said_at_the_click():
    world = Harbour()
    sha = world.host.sha("v1.4.0")
    lint = Run("org/web/lint/1", Purpose.BUILD, "org/web", "web", "lint", 1, 1, "main", sha, RunState.FAILED, NOON)
    await world.add(lint)
    id = await ask(world)
    seen = card(world, id)["bound"].partition(" ")[2]
    async with world.unit() as work:
        now = await work.get(Run, lint.id)
        await work.save(replace(now, state=RunState.PASSED))
        await work.add(replace(lint, id="org/web/e2e/1", name="e2e"))

    asked = world.said[f"deployment:{id}:ask:{ANA.id}"].context["bound"].partition(" ")[2]
    assert asked == seen  # the direct message shows the checks too
    for clicked in (seen, asked):
        assert "Red by now, and not on the card that you clicked: e2e." in await not_done(
            world, "approve", id, ANA, sha=clicked
        )
    assert world.said[f"deployment:{id}:ask:{ANA.id}"].context["checks"].failed == ("e2e",)


async def test_the_yes_of_somebody_who_left_counts_no_more_and_the_click_says_so():
    world = Harbour()
    id = await ask(world, environment="vault")
    await press(world, "approve", id, ANA)
    world.directory.known[ANA.id] = replace(ANA, is_gone=True)

    assert "Ana approved it and left since" in await not_done(world, "approve", id, LUIS)
    assert (await world.deployment(id)).approval.missing == 2
    for person in (LUIS, MEI):
        await press(world, "approve", id, person)
    await on(world)
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_who_joins_the_queue_while_one_runs_is_told_that_they_are_next():
    world = Harbour()
    await ask(world, "v1.3.9", "staging")
    seen: list[str] = []

    async def join() -> None:
        world.target.meanwhile = None
        seen.append(await ask(world, "v1.4.0", "staging", by=MEI))

    world.target.meanwhile = join
    await world.later(timedelta(), deploy_run.run)

    assert world.said[f"deployment:{seen[0]}:next"].to == MEI.id


async def test_a_failure_with_somebody_behind_it_names_who_starts_and_no_buttons():
    world = Harbour()
    await go_live(world, "v1.3.9")
    world.target.ends = replace(world.target.ends, code=3)
    first = await ask(world, "v1.4.0", "staging")
    second = await ask(world, "v1.4.1", "staging")
    await on(world)

    assert world.said[f"deployment:{first}/1:ended:#deploys"].context["next_one"] == second
    assert world.said[f"deployment:{second}/1:ended:#deploys"].context["next_one"] == ""


async def test_whose_only_approver_left_is_not_run_once_more():
    world = Harbour()
    world.target.ends = replace(world.target.ends, code=3)
    id = await ask(world)
    await press(world, "approve", id, ANA)
    await on(world)
    world.directory.known[ANA.id] = replace(ANA, is_gone=True)

    with pytest.raises(
        Refusal, match=r"Ana approved web v1\.4\.0 to production and left since.*/deploy web v1\.4\.0"
    ):
        await press(world, "retry", id, LUIS)
    assert (await world.deployment(id)).state is State.FAILED


async def test_the_last_yes_says_what_still_holds_it():
    world = Harbour(
        team=replace(
            EVERYONE, environments={"production": Environment("production", 0, approvals=1, checks=("ci",))}
        )
    )
    id = await ask(world)
    answer = await press(world, "approve", id, ANA)
    assert [one.kind for one in answer.context["holds"]] == [Kind.CHECKS]
