"""The Home tab: what waits for this person and nobody else, and what did not come through, for admins."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.dead_letters import DeadLetter, LetterKind
from bot.core.events import AlertFired
from bot.core.refusals import NotAllowed, Stale
from bot.stages.code.model.blocker import Blocker
from bot.stages.flow import home
from bot.stages.flow.home import HomeView
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.plan.model.change import Change
from commands.loose_ends import command as loose_ends
from tests.fakes import ANA, MEI, NOON, TOM, World

ADMIN = replace(TOM, is_admin=True)
LETTER = DeadLetter(LetterKind.MESSAGE, "deployment:D-1", "deploy/card to #deploys", "not_in_channel", NOON)


async def view(world: World, person=ANA) -> HomeView:  # type: ignore[no-untyped-def]
    async with world.unit() as work:
        return await home.view(work, person)


async def test_a_blocker_waits_for_who_can_unblock() -> None:
    world = World()
    await world.add(Blocker.air("staging is read-only", TOM.id, NOON, unblocker_id=MEI.id))

    assert [one.action for one in (await view(world, MEI)).waiting] == ["code.unblock"]
    assert (await view(world, TOM)).waiting == ()
    assert [end.id for end in (await view(world, TOM)).loose_ends] == ["B-1"]


async def test_a_blocker_that_nobody_is_asked_about_waits_for_its_owner() -> None:
    world = World()
    await world.add(Blocker.air("no idea why tests fail", TOM.id, NOON))

    (waiting,) = (await view(world, TOM)).waiting
    assert (waiting.action, waiting.value) == ("code.ask", "about B-1")
    assert (await view(world, MEI)).waiting == ()


async def test_an_alert_waits_for_the_owners_of_its_service_until_somebody_is_on_it() -> None:
    world = World()
    event = AlertFired("alertmanager", "f", "g", {"alertname": "Down"}, {}, NOON, NOON)
    group = await world.add(AlertGroup("alertmanager", "g", NOON, service="web").fire(event))

    assert [one.value for one in (await view(world, ANA)).waiting] == ["A-1"]
    assert (await view(world, TOM)).waiting == ()
    async with world.unit() as work:
        await work.get(AlertGroup, group.id)
        await work.save(group.acknowledge(TOM.id, NOON + timedelta(minutes=1)))
    assert (await view(world, ANA)).waiting == ()


async def test_only_admins_see_dead_letters_and_try_them_again() -> None:
    world = World()
    world.store.dead.append(LETTER)

    assert (await view(world, ANA)).dead_letters == ()
    assert (await view(world, ADMIN)).dead_letters == (LETTER,)
    world.store.dead += [LETTER] * 24
    assert ((await view(world, ADMIN)).dead, (await view(world, ANA)).dead) == (25, 0)
    del world.store.dead[1:]
    with pytest.raises(NotAllowed, match="admins"):
        await world.use(loose_ends, "revive", by=ANA, kind="message", letter=LETTER.id)
    await world.use(loose_ends, "revive", by=ADMIN, kind="message", letter=LETTER.id)
    assert world.store.homes[ADMIN.id].context["view"].dead_letters == ()
    with pytest.raises(Stale, match="not among the dead letters"):
        await world.use(loose_ends, "revive", by=ADMIN, kind="message", letter=LETTER.id)


async def test_a_blocker_waits_for_somebody_however_many_newer_ones_there_are() -> None:
    world = World()
    await world.add(Change.plan("mine", MEI, NOON, owner_id=MEI.id))
    await world.add(Blocker.air("the oldest", TOM.id, NOON, unblocker_id=MEI.id, change_id="C-1"))
    for number in range(1_100):
        await world.add(Blocker.air(f"newer {number}", TOM.id, NOON, unblocker_id=ANA.id))

    seen = await view(world, MEI)

    assert [(one.action, one.value) for one in seen.waiting] == [("code.unblock", "B-1")]
    assert seen.blocked == {"C-1"}
