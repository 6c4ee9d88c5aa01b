"""What was approved and then held for too long does not start on an approval that nobody remembers."""

from dataclasses import replace
from datetime import timedelta

from bot.core.freezes import Moment, Window
from bot.core.team import IncidentHold
from bot.stages.deploy import recheck, request
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.obstacles import Kind
from bot.team.environments import locks, look_again
from commands.deploy import command
from commands.monitor import command as monitor
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, card, press

MINUTE = timedelta(minutes=1)
NOW = timedelta()
PRODUCTION = replace(EVERYONE.environments["production"], checks=("ci",))
CHECKED = replace(EVERYONE, environments={**EVERYONE.environments, "production": PRODUCTION})
HOLDING = replace(EVERYONE.environments["production"], incidents=IncidentHold("major", enforces=True))
HELD = replace(EVERYONE, environments={**EVERYONE.environments, "production": HOLDING})
DOING = (
    recheck.lapse,
    look_again.when_it_moved,
    recheck.look_again,
    request.expire,
    deploy_run.run,
    locks.expire,
)


async def approved(world: Harbour, version: str = "v1.4.0", environment: str = "production") -> str:
    """Asked for by Tom at noon, approved by Ana ten minutes later."""
    id = await ask(world, version, environment)
    await world.later(10 * MINUTE, *DOING)
    await press(world, "approve", id, ANA)
    await world.later(NOW, *DOING)
    return id


async def state(world: Harbour, id: str) -> State:
    return (await world.deployment(id)).state


def said(world: Harbour, key: str) -> str:
    return shown(world.said[key])


async def test_what_checks_hold_for_four_hours_after_its_approval_lapses_and_says_what_held_it():
    world = Harbour(team=CHECKED)
    id = await approved(world)
    assert "May start until" in said(world, f"deployment:{id}")
    assert card(world, id)["picture"].starts_by == NOON + 4 * HOUR + 10 * MINUTE

    await world.later(4 * HOUR - MINUTE, *DOING)
    assert await state(world, id) is State.QUEUED
    await world.later(MINUTE, *DOING)

    assert await state(world, id) is State.EXPIRED
    assert "held until that approval was too old" in said(world, f"deployment:{id}")
    told = said(world, f"deployment:{id}:lapsed:0")
    assert "@Tom" in told or f"<@{TOM.id}>" in told
    assert "Held by: ci has not passed yet · environments.production.checks" in told
    assert world.entries[-1].kind == "deployment.expired"
    assert world.entries[-1].facts["held"] == "environments.production.checks"


async def test_an_incident_that_goes_on_lets_it_lapse_and_its_end_comes_too_late():
    world = Harbour(team=HELD)
    await world.use(monitor, "incident", by=MEI, title="Checkout fails", service="web")
    id = await approved(world)

    await world.later(5 * HOUR, *DOING)
    await world.use(monitor, "resolve-incident", by=MEI, incident="INC-1", outcome="over")
    await world.later(NOW, *DOING)

    assert await state(world, id) is State.EXPIRED
    assert world.target.runs == []


async def test_what_a_lock_lets_go_in_time_starts():
    world = Harbour()
    id = await ask(world)
    first = await ask(world, "v1.4.1")
    await press(world, "approve", first, ANA)
    await press(world, "approve", id, ANA)
    await world.use(command, "lock", by=MEI, environment="production", end=NOON + 3 * HOUR)

    await world.later(3 * HOUR, *DOING)

    assert await state(world, id) is State.SUCCEEDED


async def test_a_freeze_that_lasts_longer_than_the_approval_is_said_at_once():
    weekend = Window("weekend", Moment.read("Tue 14:00"), Moment.read("Thu 09:00"))
    frozen = replace(PRODUCTION, freezes=(weekend,))
    world = Harbour(team=replace(EVERYONE, environments={**EVERYONE.environments, "production": frozen}))
    id = await approved(world)
    assert "longer than its approval lasts" not in said(world, f"deployment:{id}")

    await world.later(2 * HOUR, *DOING)

    assert [one.kind for one in card(world, id)["picture"].obstacles] == [Kind.CHECKS, Kind.FREEZE]
    assert "That is longer than its approval lasts: it lapses" in said(world, f"deployment:{id}")
    await world.later(2 * HOUR, *DOING)
    assert await state(world, id) is State.EXPIRED


async def test_its_place_is_free_for_the_next_request_of_the_same():
    world = Harbour(team=CHECKED)
    await approved(world)
    await world.later(4 * HOUR, *DOING)

    again = await ask(world, "v1.4.0")

    assert await state(world, again) is State.WAITING


async def test_what_waits_behind_another_one_does_not_lapse_for_that():
    world = Harbour()
    first = await ask(world, "v1.3.9")
    await press(world, "approve", first, ANA)
    second = await ask(world, "v1.4.0")
    await press(world, "approve", second, LUIS)

    await world.later(5 * HOUR, recheck.lapse)  # whoever runs the first one takes its time

    assert await state(world, second) is State.QUEUED
    await world.later(NOW, *DOING)
    assert await state(world, second) is State.SUCCEEDED


async def test_what_is_held_besides_lapses_in_time_although_another_one_still_runs():
    world = Harbour()
    first = await ask(world, "v1.3.9")
    await press(world, "approve", first, ANA)
    second = await ask(world, "v1.4.0")
    await press(world, "approve", second, LUIS)
    await world.use(command, "lock", by=MEI, environment="production", end=NOON + 9 * HOUR)

    await world.later(4 * HOUR, recheck.lapse)  # whoever runs the first one takes its time

    assert await state(world, second) is State.EXPIRED
    assert "Held by: production is locked by Mei" in said(world, f"deployment:{second}:lapsed:0")


async def test_what_is_held_when_its_turn_comes_on_an_old_approval_lapses_then():
    world = Harbour()
    first = await ask(world, "v1.3.9")
    await press(world, "approve", first, ANA)
    second = await ask(world, "v1.4.0")
    await press(world, "approve", second, LUIS)
    await world.later(5 * HOUR, recheck.lapse)

    async def freeze() -> None:
        end = world.clock.now() + HOUR
        await world.use(command, "freeze", by=MEI, environment="production", end=end, reason="audit")

    world.target.meanwhile = freeze
    await world.later(NOW, *DOING)

    assert await state(world, first) is State.SUCCEEDED
    assert await state(world, second) is State.EXPIRED
    assert len(world.target.runs) == 1


async def test_what_needs_no_approval_waits_as_long_as_it_has_to():
    free = replace(EVERYONE.environments["staging"], checks=("ci",))
    world = Harbour(team=replace(EVERYONE, environments={"staging": free}))
    id = await ask(world, environment="staging")

    await world.later(30 * HOUR, *DOING)

    assert await state(world, id) is State.QUEUED
    assert card(world, id)["picture"].starts_by is None


async def test_a_rollback_never_lapses():
    world = Harbour()
    await approved(world, "v1.3.9")
    id = await approved(world)
    await press(world, "rollback", id, TOM)
    back = (await world.find(Deployment))[-1].id

    await world.later(9 * HOUR, recheck.lapse)

    assert await state(world, back) is State.QUEUED
    await world.later(NOW, *DOING)
    assert await state(world, back) is State.SUCCEEDED
