"""The fix of an incident passes what holds others: by its own two words, with a second person, while that is open."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import RunState
from bot.core.freezes import Moment, Window
from bot.core.messages import Message
from bot.core.refusals import NotAllowed, Refusal
from bot.stages.build.model.run import Purpose, Run
from bot.stages.deploy import recheck, request
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.stages.deploy.model.obstacles import Kind
from bot.team.environments import locks, look_again
from commands.deploy import command
from commands.monitor import command as monitor
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import HOUR, Harbour, ask, card, press
from tests.stages.deploy.test_deploy_bound import strict

DOING = (deploy_run.run, request.expire, recheck.look_again, look_again.when_it_moved, locks.expire)


async def on(world: Harbour, by: timedelta = timedelta()) -> None:
    await world.later(by, *DOING)


async def incident(world: Harbour, by: Any = TOM, service: str = "web") -> str:
    answer = await world.use(monitor, "incident", by=by, title="Checkout is down", service=service)
    return answer.context["incident"].id


async def fix(world: Harbour, reason: str, environment: str = "production", by: Any = TOM) -> Any:
    return await world.use(command, by=by, service="web", version="v1.4.0", environment=environment, reason=reason)


async def passed(world: Harbour, name: str) -> None:
    sha = world.host.sha("v1.4.0")
    run = Run(f"org/web/{name}", Purpose.TEST, "org/web", "web", name, 1, 1, "main", sha, RunState.PASSED, NOON)
    await world.add(run)


async def over(world: Harbour, id: str) -> None:
    await world.use(monitor, "resolve-incident", by=MEI, incident=id, outcome="it is over")


def why(world: Harbour, id: str) -> list[Kind]:
    return [one.kind for one in card(world, id)["picture"].obstacles if not one.is_warning]


@pytest.mark.parametrize(
    "reason", ["nothing to do with {}", "{}", "the fix of {}", "it fixed {}", "fixes nothing, {}"]
)
async def test_naming_an_incident_passes_nothing_and_the_answer_says_how_to_say_it(reason: str) -> None:
    world = Harbour()
    id = await incident(world)
    await world.use(command, "lock", by=MEI, environment="production")

    with pytest.raises(Refusal, match=f"Naming {id} passes no rule.*“because it fixes {id}”"):
        await fix(world, reason.format(id))
    await world.use(command, "unlock", by=MEI, environment="production")
    answer = await fix(world, reason.format(id))

    assert answer.context["deployment"].fixes == ""
    assert f"“because it fixes {id}”" in shown(Message("", "", answer.template, answer.context))


async def test_a_fix_of_what_is_over_or_of_another_service_passes_nothing_and_says_so() -> None:
    world = Harbour()
    pay, web = await incident(world, service="pay"), await incident(world)
    await over(world, web)
    await world.use(command, "lock", by=MEI, environment="production")

    with pytest.raises(Refusal, match=f"{pay} is about pay, so every rule holds"):
        await fix(world, f"fixes {pay}")
    with pytest.raises(Refusal, match=f"{web} is over, so every rule holds"):
        await fix(world, f"fixes {web}")
    with pytest.raises(Refusal, match="There is no INC-9"):
        await fix(world, "fixes inc-9")


async def test_who_opened_the_incident_does_not_approve_its_fix_and_is_not_asked_to() -> None:
    world = Harbour()
    id = await incident(world, by=ANA)
    fixing = (await fix(world, f"this fixes {id}")).context["deployment"].id

    with pytest.raises(NotAllowed, match="You opened the incident"):
        await press(world, "approve", fixing, ANA)
    with pytest.raises(NotAllowed, match="You asked for"):
        await press(world, "approve", fixing, TOM)
    assert ANA.id not in (await world.deployment(fixing)).asked
    said = shown(world.said[f"deployment:{fixing}"])
    assert f"(not Tom, nor Ana, who opened {id})" in said
    reasons = await world.use(command, "why", by=ANA, deployment=fixing)
    assert "You opened it" in " ".join(one.sentence for one in reasons.context["reasons"])

    await press(world, "approve", fixing, LUIS)
    await on(world)
    assert (await world.deployment(fixing)).state is State.SUCCEEDED


async def test_a_fix_needs_somebody_else_also_where_nobody_has_to_approve() -> None:
    world = Harbour()
    id = await incident(world)
    await world.use(command, "lock", by=MEI, environment="staging")
    fixing = (await fix(world, f"fixes {id}", "staging")).context["deployment"].id
    await on(world)
    assert (await world.deployment(fixing)).state is State.WAITING

    await press(world, "approve", fixing, ANA)
    await on(world)

    assert (await world.deployment(fixing)).state is State.SUCCEEDED


async def test_the_card_says_which_rules_it_passes() -> None:
    world = Harbour()
    id = await incident(world)
    await world.use(command, "lock", by=MEI, environment="production", reason="the sale")
    await world.use(command, "freeze", by=MEI, environment="production", end=NOON + HOUR, reason="audit")
    fixing = (await fix(world, f"fixes {id}")).context["deployment"].id

    said = shown(world.said[f"deployment:{fixing}"])
    assert "Passes as its fix: production is frozen (L-2, set by Mei: audit)" in said
    assert "Passes as its fix: production is locked by Mei (the sale)" in said

    await over(world, id)
    await on(world)

    said = shown(world.said[f"deployment:{fixing}"])
    assert f"Was to fix {id}, which is over: every rule holds for it again" in said
    assert "Not now: production is frozen (L-2, set by Mei: audit)" in said


async def test_a_fix_held_by_a_check_does_not_start_once_the_incident_is_over() -> None:
    """Asked and approved while it was open, it ran into a frozen, locked environment hours after its end."""
    world = strict(checks=("e2e",))
    id = await incident(world)
    await world.use(command, "lock", by=MEI, environment="production", end=NOON + 3 * HOUR)
    await world.use(command, "freeze", by=MEI, environment="production", end=NOON + 2 * HOUR, reason="audit")
    fixing = (await fix(world, f"fixes {id}")).context["deployment"].id
    await press(world, "approve", fixing, ANA)
    await over(world, id)
    await passed(world, "e2e")
    await on(world, HOUR)

    assert (await world.deployment(fixing)).state is State.QUEUED
    assert why(world, fixing) == [Kind.FREEZE, Kind.LOCK]
    assert world.target.runs == []


async def test_a_fix_is_asked_again_after_its_wait_behind_another_one() -> None:
    world = Harbour()
    first = await ask(world, "v1.3.9")
    await press(world, "approve", first, ANA)
    id = await incident(world)
    fixing: list[str] = []

    async def meanwhile() -> None:
        await world.use(command, "lock", by=MEI, environment="production")
        fixing.append((await fix(world, f"fixes {id}")).context["deployment"].id)
        await press(world, "approve", fixing[0], ANA)
        await over(world, id)

    world.target.meanwhile = meanwhile
    await on(world)

    assert (await world.deployment(first)).state is State.SUCCEEDED
    assert (await world.deployment(fixing[0])).state is State.QUEUED
    assert len(world.target.runs) == 1


async def test_a_fix_whose_turn_has_come_is_asked_again_at_its_start() -> None:
    world = Harbour()
    id = await incident(world)
    await world.use(command, "lock", by=MEI, environment="production")
    fixing = (await fix(world, f"fixes {id}")).context["deployment"].id
    await press(world, "approve", fixing, ANA)  # it has the slot, and its run is owed
    await over(world, id)
    await on(world)

    assert (await world.deployment(fixing)).state is State.QUEUED
    assert world.target.runs == []


async def test_a_retry_of_a_fix_is_a_fix_no_more_once_the_incident_is_over() -> None:
    world = Harbour()
    id = await incident(world)
    world.target.ends = type(world.target.ends)(3)
    fixing = (await fix(world, f"fixes {id}")).context["deployment"].id
    await press(world, "approve", fixing, ANA)
    await on(world)
    assert (await world.deployment(fixing)).state is State.FAILED
    await over(world, id)
    await world.use(command, "lock", by=MEI, environment="production")

    answer = await press(world, "retry", fixing, LUIS)

    assert answer.template == "deploy/not_done"
    assert "production is locked by Mei" in answer.context["why"]


async def test_what_is_asked_for_already_can_be_asked_for_anew_as_a_fix() -> None:
    world = Harbour()
    asked = await ask(world)
    await press(world, "approve", asked, ANA)
    await world.use(command, "lock", by=MEI, environment="production")
    await on(world)
    assert (await world.deployment(asked)).state is State.QUEUED
    id = await incident(world, by=MEI)

    again = (await fix(world, f"it fixes {id}")).context["deployment"]

    assert (again.id, again.fixes, again.state, again.approval.approvals) == (asked, id, State.WAITING, ())
    with pytest.raises(NotAllowed, match="You opened the incident"):
        await press(world, "approve", asked, MEI)
    await press(world, "approve", asked, ANA)
    await on(world)
    assert (await world.deployment(asked)).state is State.SUCCEEDED


async def test_an_override_of_one_nights_freeze_does_not_pass_the_next_one() -> None:
    """A window comes again under its name; what was approved is to pass the one that was on."""
    tuesday = Window("nightly", Moment.read("Tue 11:00"), Moment.read("Tue 18:00"))
    world = strict(checks=("e2e",), freezes=(tuesday,), expires_after=timedelta(days=30))
    asked = (await fix(world, "the sale starts")).context["deployment"].id
    assert card(world, asked)["deployment"].overrides == "nightly"
    await press(world, "approve", asked, ANA)
    assert why(world, asked) == [Kind.CHECKS]
    await on(world, timedelta(days=7))
    await passed(world, "e2e")
    await on(world)

    async with world.unit() as work:
        found = await recheck.rules.holding(work, await world.deployment(asked))
    assert [one.key for one in found] == ["nightly"]
    assert world.target.runs == []
