"""A rollback needs no yes where its version was approved here and run by us; else it is asked for, and says why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import DeploymentReported, RunState
from bot.core.messages import Message
from bot.core.refusals import NotAllowed, Refusal
from bot.slack.rendering.render import Rendering
from bot.stages.deploy import finish, recheck, reported_by_others, request
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.slot import Slot, slot_id
from tests.fakes import ANA, LUIS, MEI, TOM, FakeUnit
from tests.rendered import shown
from tests.stages.deploy.deploying import EVERYONE, Harbour, ask, go_live, not_done, press

MINUTE = timedelta(minutes=1)


async def on(world: Harbour, by: timedelta = timedelta()) -> None:
    await world.later(by, deploy_run.run, request.expire, recheck.look_again)


def takes(world: Harbour, approvals: int) -> None:
    """From now on the team file says that production takes so many."""
    production = replace(EVERYONE.environments["production"], approvals=approvals)
    team = replace(EVERYONE, environments={**EVERYONE.environments, "production": production})
    world.team, world.unit = team, FakeUnit(world.clock, team, world.store, Rendering())
    world.tools = replace(world.tools, unit=world.unit, team=team)


async def told(world: Harbour, ref: str, source: str = "github", **more: Any) -> str:
    """Somebody who may create deployments at the host says that this is live; gives its card's id."""
    world.clock.move(MINUTE)
    given = {"deployment": f"77-{ref}", "environment": "production", "state": RunState.PASSED, "actor": "mallory"}
    given |= {"repository": "org/web", "sha": world.host.sha(ref), "ref": ref, "at": world.clock.now()}
    given |= more
    await world.happen(DeploymentReported(source, **given), reported_by_others.deployment_reported)
    world.clock.move(MINUTE)
    return (await world.get(Slot, slot_id("web", given["environment"]))).live.deployment


async def back(world: Harbour, id: str, by: Any = LUIS) -> Deployment:
    return (await press(world, "rollback", id, by)).context["deployment"]


@pytest.mark.parametrize("source", ["github", "gitlab", "argocd", "cdevents"])
async def test_a_rollback_to_what_was_only_reported_waits_for_a_yes_and_says_why(source: str) -> None:
    world = Harbour()
    await told(world, "v1.3.9", source, facts={"service": "web"})
    id = await go_live(world, "v1.4.0")
    runs = len(world.target.runs)

    answer = await press(world, "rollback", id, LUIS)
    rolled = answer.context["deployment"]
    await on(world)

    assert (rolled.state, rolled.approval.needed) == (State.WAITING, 1)
    assert len(world.target.runs) == runs
    called = {"github": "GitHub", "gitlab": "GitLab", "argocd": "Argo CD", "cdevents": "CDEvents"}[source]
    assert f"Nobody approved v1.3.9 here: {called} reported it" in shown(world.said[f"deployment:{rolled.id}"])
    assert "once 1 other person says yes" in shown(Message("", "", answer.template, answer.context))
    assert ANA.id in rolled.asked
    with pytest.raises(NotAllowed, match="You asked for"):
        await press(world, "approve", rolled.id, LUIS)

    await press(world, "approve", rolled.id, ANA)
    await on(world)
    assert (await world.deployment(rolled.id)).state is State.SUCCEEDED
    assert world.target.runs[-1]["version"] == "v1.3.9"


async def test_a_rollback_to_what_was_approved_and_run_here_needs_no_yes_also_past_a_reported_one() -> None:
    world = Harbour()
    await go_live(world, "v1.3.9")
    reported = await told(world, "v1.4.0")

    rolled = await back(world, reported)
    await on(world)

    assert rolled.approval.needed == 0
    assert (await world.deployment(rolled.id)).state is State.SUCCEEDED


async def test_what_is_reported_under_the_name_of_what_was_approved_is_another_thing() -> None:
    """Only the name is the same: another commit, or (where an image is named) no image that we know."""
    world = Harbour()
    await go_live(world, "v1.3.9")
    await told(world, "v1.3.9", sha="b" * 40)
    id = await go_live(world, "v1.4.0")

    assert (await back(world, id)).state is State.WAITING


async def test_what_was_approved_here_and_is_reported_again_is_the_same_thing() -> None:
    world = Harbour()
    await go_live(world, "v1.3.9")
    await go_live(world, "v1.4.0")
    await told(world, "v1.3.9")
    id = await go_live(world, "v1.4.1")

    assert (await back(world, id)).approval.needed == 0


async def test_a_rollback_of_a_rollback_goes_by_the_deployment_that_was_approved() -> None:
    world = Harbour()
    await told(world, "v1.3.9")
    id = await go_live(world, "v1.4.0")
    first = await back(world, id)
    await press(world, "approve", first.id, ANA)
    await on(world)

    second = await back(world, first.id)  # to v1.4.0, which was approved
    await on(world)
    assert (second.approval.needed, (await world.deployment(second.id)).state) == (0, State.SUCCEEDED)
    third = await back(world, second.id)  # to v1.3.9, which was approved as a rollback
    assert third.approval.needed == 0


async def test_where_no_approvals_were_needed_then_what_we_ran_counts_as_approved() -> None:
    world = Harbour()
    takes(world, 0)
    await ask(world, "v1.3.9")
    await on(world)
    takes(world, 1)
    id = await go_live(world, "v1.4.0")

    assert (await back(world, id)).approval.needed == 0


async def test_where_no_approvals_are_needed_what_nobody_approved_needs_one_as_it_passes_every_rule() -> None:
    world = Harbour()
    await told(world, "v1.3.9", environment="staging")
    id = await ask(world, "v1.4.0", "staging")
    await on(world)

    rolled = await back(world, id)

    assert (rolled.state, rolled.approval.needed) == (State.WAITING, 1)


async def test_what_a_report_alone_made_live_is_not_approved_by_that() -> None:
    """It was approved, and failed; a report that it is live after all comes from whoever may make one."""
    world = Harbour()
    world.target.ends = replace(world.target.ends, code=3)
    id = await ask(world, "v1.3.9")
    await press(world, "approve", id, ANA)
    await on(world)
    assert (await world.deployment(id)).state is State.FAILED
    await told(world, "v1.3.9")
    assert (await world.deployment(id)).state is State.SUCCEEDED
    world.target.ends = replace(world.target.ends, code=0)
    other = await go_live(world, "v1.4.0")

    rolled = await back(world, other)

    assert rolled.state is State.WAITING
    assert rolled.unapproved == f"only GitHub says that {id} went live"


async def test_what_a_person_saw_live_of_our_own_run_stays_approved() -> None:
    world = Harbour()
    id = await ask(world, "v1.3.9")
    await press(world, "approve", id, ANA)
    async with world.unit() as work:
        started = (await work.get(Deployment, id)).start(work.now, None)
        await work.save(started.lose(work.now))
        await finish.settle(work, id, MEI, is_live=True)
    other = await go_live(world, "v1.4.0")

    assert (await back(world, other)).approval.needed == 0


async def test_a_retry_needs_what_the_environment_asks_for_by_now() -> None:
    world = Harbour()
    takes(world, 0)
    world.target.ends = replace(world.target.ends, code=3)
    id = await ask(world, "v1.3.9")
    await on(world)
    assert (await world.deployment(id)).state is State.FAILED
    takes(world, 1)

    with pytest.raises(Refusal, match=r"production takes 1 approvals? by now"):
        await press(world, "retry", id, TOM)


async def test_a_rollback_that_waited_while_something_else_came_takes_nothing_back() -> None:
    world = Harbour()
    await told(world, "v1.3.9")
    id = await go_live(world, "v1.4.0")
    rolled = await back(world, id)
    assert f"{rolled.id} rolls it back already" in await not_done(world, "rollback", id, MEI)
    later = await go_live(world, "v1.4.1")

    why = await not_done(world, "approve", rolled.id, ANA)

    assert f"{later} has come after {id}, which this was to take back" in why


async def test_a_rollback_that_waits_is_about_its_commit_wherever_its_name_points_by_now() -> None:
    world = Harbour()
    sha = world.host.sha("v1.3.9")
    await told(world, "v1.3.9")
    id = await go_live(world, "v1.4.0")
    rolled = await back(world, id)
    world.host.history[0] = ("", "feat: begin")
    world.host.history.append(("v1.3.9", "evil: moved"))

    await press(world, "approve", rolled.id, ANA)
    await on(world)

    assert (await world.deployment(rolled.id)).state is State.SUCCEEDED
    assert world.target.runs[-1]["sha"] == sha
