"""Cards of what waits follow the world: incidents, locks, flags and the calendar's freezes come and go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.freezes import Moment, Window
from bot.core.team import IncidentHold
from bot.stages.deploy import recheck, request
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.stages.deploy.model.obstacles import Kind
from bot.stages.flags import places
from bot.stages.flags.model.flag import ON, Flag, Place
from bot.stages.monitor import incidents
from bot.team.environments import locks, look_again
from commands.deploy import command
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, card, press

MINUTE = timedelta(minutes=1)
NOW = timedelta()
EVENING = Window("evening", Moment.read("Tue 14:00"), Moment.read("Tue 15:00"))
PRODUCTION = EVERYONE.environments["production"]
WITH_EVENING = replace(
    EVERYONE, environments={**EVERYONE.environments, "production": replace(PRODUCTION, freezes=(EVENING,))}
)
HOLDING = replace(
    EVERYONE,
    environments={
        **EVERYONE.environments,
        "production": replace(PRODUCTION, incidents=IncidentHold("major", enforces=True)),
    },
)


async def wait(world: Harbour, by: timedelta = NOW) -> None:
    """Let time pass, as the worker would."""
    doing = (look_again.when_it_moved, recheck.look_again, request.expire, deploy_run.run, locks.expire)
    await world.later(by, *doing)


async def opened(world: Harbour, service: str | None = "web") -> str:
    """A new incident."""
    async with world.unit() as work:
        return (await incidents.open_one(work, "Checkout <fails>", MEI, service=service)).id


async def resolved(world: Harbour, id: str) -> None:
    async with world.unit() as work:
        await incidents.resolve(work, id, MEI, "over")


def said(world: Harbour, id: str) -> str:
    """The card as people read it."""
    return shown(world.said[f"deployment:{id}"])


@pytest.mark.parametrize("service", ["web", None])
async def test_a_card_that_waits_says_that_an_incident_is_open_and_that_it_is_over(service: str | None):
    world = Harbour()
    id = await ask(world)
    assert "open incidents: none" in said(world, id)

    incident = await opened(world, service)
    await wait(world)
    assert "open incidents: INC-1 Checkout &lt;fails&gt;" in said(world, id)

    await resolved(world, incident)
    await wait(world)
    assert "open incidents: none" in said(world, id)


async def test_an_incident_of_another_service_redraws_nothing():
    world = Harbour()
    await ask(world)
    before = len(world.log)

    await opened(world, "payments")
    await wait(world)

    assert [one.key for one in world.log[before:]] == ["incident:INC-1"]


async def test_what_an_incident_held_starts_when_it_is_over():
    world = Harbour(team=HOLDING)
    incident = await opened(world)
    id = await ask(world)
    await press(world, "approve", id, ANA)
    await wait(world)
    assert (await world.deployment(id)).state is State.QUEUED

    await resolved(world, incident)
    await wait(world)

    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert world.clock.now() == NOON


async def test_a_card_that_waits_says_that_a_lock_came_was_extended_and_went():
    world = Harbour()
    id = await ask(world)

    await world.use(command, "lock", by=MEI, environment="production", end=NOON + HOUR, reason="upgrade")
    await wait(world)
    assert [(one.kind, one.until) for one in card(world, id)["picture"].obstacles] == [(Kind.LOCK, NOON + HOUR)]

    await world.use(command, "extend", by=MEI, lock="L-1")
    await wait(world)
    assert [one.until for one in card(world, id)["picture"].obstacles] == [NOON + 2 * HOUR]

    await world.use(command, "unlock", by=LUIS, environment="production")
    await wait(world)
    assert card(world, id)["picture"].obstacles == ()


async def test_a_freeze_by_somebody_stands_on_the_card_until_it_ends_by_itself():
    world = Harbour()
    id = await ask(world)

    await world.use(command, "freeze", by=MEI, environment="production", end=NOON + HOUR, reason="audit")
    await wait(world)
    assert "production is frozen (L-1, set by Mei: audit)" in said(world, id)

    await wait(world, HOUR)
    assert "frozen" not in said(world, id)


async def test_a_freeze_of_the_calendar_is_on_the_card_from_its_beginning_to_its_end():
    world = Harbour(team=WITH_EVENING)
    id = await ask(world)
    elsewhere = await ask(world, environment="vault")

    await wait(world, 2 * HOUR - MINUTE)
    assert "frozen" not in said(world, id)
    await wait(world, MINUTE)
    assert "production is frozen (evening)" in said(world, id)
    assert "frozen" not in said(world, elsewhere)
    await wait(world, HOUR)
    assert "frozen" not in said(world, id)
    assert (await world.deployment(id)).state is State.WAITING


async def test_nobody_is_looked_at_once_nothing_waits():
    world = Harbour(team=WITH_EVENING)
    await press(world, "cancel", await ask(world), TOM)

    await wait(world, 2 * HOUR)

    assert [job.kind for job in world.jobs.values() if job.kind == "deploy.around"] == []


async def test_a_flag_that_is_changed_stands_on_the_card_as_it_is_now():
    world = Harbour()
    await world.add(Flag.make("new_nav", ANA, NOON, service="web"))
    id = await ask(world)
    assert "Flags: new_nav off" in said(world, id)

    async with world.unit() as work:
        flag = await places.known(work, "new_nav")
        await places.put(work, flag, "production", Place(replace(ON, share=1_000), NOON), by=ANA.id, why="x")
    await wait(world)

    assert "Flags: new_nav 10 %" in said(world, id)
