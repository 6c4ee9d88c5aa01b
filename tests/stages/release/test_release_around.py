"""The card of a draft says what its readers may ask about: a freeze where they are, an open incident."""

from datetime import timedelta

from bot.stages.monitor import incidents
from bot.stages.release import draft_and_approve
from bot.team.environments import locks, look_again
from commands.deploy import command as deploy
from commands.release import command
from tests.fakes import ANA, MEI
from tests.rendered import shown
from tests.stages.deploy.deploying import HOUR, Harbour
from tests.stages.release.releasing import PLAIN, draft

NOW = timedelta()
DOING = (look_again.when_it_moved, draft_and_approve.look, locks.expire)


async def drafted() -> tuple[Harbour, str]:
    world = Harbour(team=PLAIN)
    return world, await draft(world)


def said(world: Harbour, id: str) -> str:
    return shown(world.said[f"release:{id}"])


async def opened(world: Harbour, service: str) -> str:
    async with world.unit() as work:
        incident = await incidents.open_one(work, "Checkout <fails>", MEI, service=service)
    await world.later(NOW, *DOING)
    return incident.id


async def test_an_incident_of_its_service_stands_on_the_draft_while_it_is_open():
    world, id = await drafted()
    incident = await opened(world, "web")
    assert "Note: INC-1 Checkout &lt;fails&gt; is open (major)" in said(world, id)

    async with world.unit() as work:
        await incidents.resolve(work, incident, MEI, "over")
    await world.later(NOW, *DOING)

    assert "INC-1" not in said(world, id)


async def test_an_incident_of_another_service_is_of_no_concern():
    world, id = await drafted()
    await opened(world, "payments")

    assert "INC-1" not in said(world, id)


async def test_a_freeze_where_its_readers_are_stands_there_until_it_ends_and_one_elsewhere_does_not():
    world, id = await drafted()
    end = world.clock.now() + HOUR
    await world.use(deploy, "freeze", by=MEI, environment="staging", end=end, reason="x")
    await world.use(deploy, "freeze", by=MEI, environment="production", end=end, reason="audit")
    await world.later(NOW, *DOING)
    assert "Note: production is frozen (L-2, set by Mei: audit), until" in said(world, id)
    assert "staging" not in said(world, id)

    await world.later(HOUR, *DOING)

    assert "frozen" not in said(world, id)


async def test_what_is_published_says_nothing_of_it():
    world, id = await drafted()
    await world.use(command, "publish", by=ANA, release=id)
    await opened(world, "web")

    assert "INC-1" not in said(world, id)
