"""Locks with an owner who is asked before the end, and can be relieved; freezes that are for everybody."""

from datetime import timedelta

import pytest

from bot.core.refusals import NotAllowed, Refusal, Stale
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.team.environments import locks
from bot.team.environments.model.lock import Lock, LockState
from commands.deploy import command
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.stages.deploy.deploying import HOUR, Harbour, ask, card, press

MINUTE = timedelta(minutes=1)


def question(world: Harbour) -> list[tuple[str, str]]:
    said = [one for key, one in world.said.items() if key.startswith("lock:L-1:ask:")]
    return [(one.to, one.context["answer"]) for one in said]


async def test_the_owner_is_asked_a_quarter_of_an_hour_before_the_end_and_can_go_on():
    world = Harbour()
    await world.use(command, "lock", by=MEI, environment="production")
    await world.later(3 * HOUR, locks.ask, locks.expire)
    assert question(world) == []
    await world.later(45 * MINUTE, locks.ask, locks.expire)
    assert question(world) == [(MEI.id, "")]

    await world.use(command, "extend", by=MEI, lock="L-1")

    assert question(world) == [(MEI.id, "extended")]
    assert (await world.get(Lock, "L-1")).until == NOON + 5 * HOUR
    await world.later(45 * MINUTE, locks.ask, locks.expire)
    assert (await world.get(Lock, "L-1")).state is LockState.HELD
    await world.later(15 * MINUTE, locks.ask, locks.expire)
    assert question(world) == [(MEI.id, "extended"), (MEI.id, "")]
    await world.use(command, "let-end", by=MEI, lock="L-1")
    await world.later(HOUR, locks.ask, locks.expire)
    assert (await world.get(Lock, "L-1")).state is LockState.EXPIRED
    with pytest.raises(Stale, match="ended already"):
        await world.use(command, "extend", by=MEI, lock="L-1")


async def test_only_its_owner_extends_it():
    world = Harbour()
    await world.use(command, "lock", by=MEI, environment="production")

    with pytest.raises(NotAllowed, match="is Mei's"):
        await world.use(command, "extend", by=ANA, lock="L-1")


async def test_a_lock_is_stolen_with_a_reason_and_its_owner_told():
    world = Harbour()
    await world.use(command, "lock", by=MEI, environment="production", reason="upgrade")
    world.clock.move(HOUR)

    await world.use(command, "steal", by=ANA, environment="production", reason="the fix cannot wait")

    taken = await world.get(Lock, "L-2")
    assert (taken.by, taken.until, taken.stolen_from) == (ANA.id, NOON + 4 * HOUR, "Mei")
    told = world.said["lock:L-1:taken_off"]
    assert (told.to, told.context["now"].reason) == (MEI.id, "the fix cannot wait")
    assert (await world.get(Lock, "L-1")).state is LockState.RELEASED
    assert [kind for kind in world.kinds if kind.startswith("lock.")] == [
        "lock.placed",
        "lock.released",
        "lock.stolen",
    ]
    with pytest.raises(Stale, match="yours already"):
        await world.use(command, "steal", by=ANA, environment="production", reason="again")
    with pytest.raises(Refusal, match="no lock on staging"):
        await world.use(command, "steal", by=LUIS, environment="staging", reason="x")


async def test_a_freeze_is_for_its_owner_too_and_a_rollback_passes():
    world = Harbour()
    await press(world, "approve", await ask(world, "v1.3.9"), ANA)
    await world.run_due()
    id = await ask(world)
    await press(world, "approve", id, ANA)
    await world.run_due()
    await world.use(command, "freeze", by=MEI, environment="production", end=NOON + 9 * HOUR, reason="audit")

    with pytest.raises(Refusal, match=r"frozen \(L-1, set by Mei: audit\), for 9 h more"):
        await ask(world, "v1.4.1", by=MEI)
    with pytest.raises(Refusal, match="no lock on production"):
        await world.use(command, "unlock", by=ANA, environment="production")
    back = (await press(world, "rollback", id, TOM)).context["deployment"].id
    await world.run_due()
    assert (await world.deployment(back)).state is State.SUCCEEDED


async def test_what_a_freeze_held_starts_when_somebody_thaws_it():
    world = Harbour()
    id = await ask(world)
    await press(world, "approve", id, ANA)
    await world.use(command, "freeze", by=MEI, environment="production", end=NOON + 9 * HOUR, reason="audit")
    second = await ask(world, environment="staging")
    await world.run_due()
    assert (await world.deployment(id)).state is State.QUEUED  # its turn had come, and it had not begun
    assert (await world.deployment(second)).state is State.SUCCEEDED

    await world.use(command, "thaw", by=ANA, environment="production")
    await world.run_due()
    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert world.said["lock:L-1:taken_off"].to == MEI.id
    later = await ask(world, "v1.4.1")
    assert card(world, later)["picture"].obstacles == ()


async def test_a_lock_and_a_freeze_stand_beside_each_other():
    world = Harbour()
    await world.use(command, "lock", by=MEI, environment="production")
    await world.use(command, "freeze", by=ANA, environment="production", end=NOON + HOUR, reason="audit")
    with pytest.raises(Stale, match="frozen already by Ana"):
        await world.use(command, "freeze", by=TOM, environment="production", end=NOON + HOUR, reason="x")
    await world.later(2 * HOUR, locks.expire, locks.ask, deploy_run.run)
    assert (await world.get(Lock, "L-1")).state is LockState.HELD
    assert (await world.get(Lock, "L-2")).state is LockState.EXPIRED
