"""Flags and their environments' freezes, locks and incidents: more people wait as deployments do, fewer never."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.freezes import Moment, Window
from bot.core.people import Person
from bot.core.refusals import NotAllowed, Refusal
from bot.stages.flags import flags, rollouts
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.flags.model.rollout import Rollout, RolloutState
from bot.stages.monitor import incidents
from bot.team.environments import locks, look_again
from commands.deploy import command as deploy
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.rendered import shown
from tests.stages.flags.flagging import HOUR, TEAM_WITH_FLAGS, Stage

NOW = timedelta()
MINUTE = timedelta(minutes=1)
DOING = (look_again.when_it_moved, flags.look, flags.end, rollouts.look, rollouts.step, locks.expire)


async def freeze(world: Stage, hours: int = 9, service: str | None = None) -> None:
    end = world.clock.now() + hours * HOUR
    more: dict[str, Any] = {"service": service} if service else {}
    await world.use(deploy, "freeze", by=MEI, environment="production", end=end, reason="audit", **more)
    await world.later(NOW, *DOING)


async def thaw(world: Stage) -> None:
    await world.use(deploy, "thaw", by=MEI, environment="production")
    await world.later(NOW, *DOING)


async def changed(world: Stage, by: Person = TOM, **to: Any) -> str:
    """A change that is in force."""
    id = await world.change(by, **to)
    await world.press("flag-approve", id, ANA)
    return id


async def test_more_people_get_nothing_in_a_freeze_and_the_sentence_says_how_it_is_overridden() -> None:
    world = await Stage.set()
    await freeze(world)

    with pytest.raises(Refusal, match=r"production is frozen \(L-1, set by Mei: audit\), for 9 h more") as refused:
        await world.change(share="10%")

    assert '"/release flag checkout_v2 to 10 % in production because …"' in refused.value.sentence
    assert await world.find(FlagChange) == []


async def test_a_reason_and_a_second_person_override_it() -> None:
    world = await Stage.set()
    await freeze(world)
    id = await world.change(ANA, share="10%", reason="the press looks at it")
    assert (await world.get(FlagChange, id)).overrides == "L-1"
    assert "Overrides the freeze L-1" in shown(world.card(id))

    with pytest.raises(NotAllowed, match="somebody else has to decide"):
        await world.press("flag-approve", id, ANA)
    await world.press("flag-approve", id, MEI)

    assert await world.served() == "10 %"


async def test_where_nobody_has_to_approve_an_override_needs_somebody_all_the_same() -> None:
    world = await Stage.set()
    end = NOON + HOUR
    await world.use(deploy, "freeze", by=MEI, environment="staging", end=end, reason="audit")

    id = await world.change(environment="staging", on=True, reason="it cannot wait")

    assert (world.standing(id), await world.served("staging")) == ("waiting", "off")


async def test_fewer_people_and_off_pass_every_freeze_and_lock() -> None:
    world = await Stage.set()
    await changed(world, share="50%")
    await freeze(world)
    await world.use(deploy, "lock", by=MEI, environment="production")

    await changed(world, share="10%")
    assert await world.served() == "10 %"
    await world.change(LUIS, off=True)
    assert await world.served() == "off"


async def test_taking_a_change_back_passes_although_more_people_get_it_then() -> None:
    world = await Stage.set()
    await changed(world, on=True)
    off = await world.change(off=True)
    await freeze(world)

    await world.press("flag-back", off, LUIS)

    assert await world.served() == "on"


async def test_somebody_elses_lock_is_in_the_way_and_ones_own_is_not() -> None:
    world = await Stage.set()
    await world.use(deploy, "lock", by=MEI, environment="production", reason="upgrade")

    with pytest.raises(Refusal, match=r"production is locked by Mei for 4 h more: “upgrade”"):
        await world.change(TOM, share="10%")
    assert await world.change(MEI, share="10%")


async def test_a_freeze_that_comes_later_stands_on_the_card_and_no_yes_counts() -> None:
    world = await Stage.set()
    id = await world.change(share="10%")
    await freeze(world, hours=1)
    assert "Not now: production is frozen (L-1, set by Mei: audit)" in shown(world.card(id))

    with pytest.raises(Refusal, match="No yes counts before its end"):
        await world.press("flag-approve", id, ANA)
    await world.later(HOUR, *DOING)

    assert "frozen" not in shown(world.card(id))
    await world.press("flag-approve", id, ANA)
    assert await world.served() == "10 %"


async def test_a_lock_that_comes_later_keeps_the_last_yes_unless_it_is_its_owners() -> None:
    world = await Stage.set()
    id = await world.change(share="10%")
    await world.use(deploy, "lock", by=MEI, environment="production")

    with pytest.raises(Refusal, match="is locked by Mei"):
        await world.press("flag-approve", id, ANA)
    await world.press("flag-approve", id, MEI)

    assert await world.served() == "10 %"


async def test_a_freeze_of_another_service_or_place_is_of_no_concern() -> None:
    world = await Stage.set()
    await freeze(world, service="payments")

    await changed(world, share="10%")

    assert await world.served() == "10 %"


async def test_an_open_incident_warns_on_the_card_until_it_is_over() -> None:
    world = await Stage.set()
    id = await world.change(share="10%")
    async with world.unit() as work:
        incident = await incidents.open_one(work, "Checkout fails", MEI, service="web")
    await world.later(NOW, *DOING)
    assert "Note: INC-1 Checkout fails is open (major)" in shown(world.card(id))

    async with world.unit() as work:
        await incidents.resolve(work, incident.id, MEI, "over")
    await world.later(NOW, *DOING)

    assert "INC-1" not in shown(world.card(id))


async def running(world: Stage) -> str:
    """A roll-out at its first step."""
    id = await world.plan()
    await world.press("roll-out-approve", id, ANA)
    assert await world.served() == "1 %"
    return id


async def test_the_next_step_of_a_roll_out_waits_for_a_thaw_and_says_why() -> None:
    world = await Stage.set()
    id = await running(world)
    await freeze(world)
    assert "Not now: production is frozen" in shown(world.card(id))

    await world.later(2 * HOUR, *DOING)
    assert await world.served() == "1 %"
    assert "Its next step waits: production is frozen (L-1, set by Mei: audit), until" in shown(world.card(id))

    await thaw(world)
    assert await world.served() == "10 %"
    assert "waits" not in shown(world.card(id))
    await world.later(HOUR, *DOING)
    assert await world.served() == "50 %"


async def test_that_it_is_held_is_told_once_for_each_thing_that_holds_it() -> None:
    world = await Stage.set()
    id = await running(world)
    await freeze(world)
    await world.later(2 * HOUR, *DOING)
    held, said = await world.get(Rollout, id), len(world.log)
    assert world.kinds.count("flag.rollout_held") == 1

    for at in range(3):  # each has every plan there looked at
        async with world.unit() as work:
            await incidents.open_one(work, f"Slow {at}", MEI, service="web")
        await world.later(MINUTE, *DOING)
    assert await world.get(Rollout, id) == held
    assert not any(getattr(one, "key", "") == f"rollout:{id}" for one in world.log[said:])
    assert world.kinds.count("flag.rollout_held") == 1

    await world.use(deploy, "lock", by=LUIS, environment="production", reason="upgrade")
    await world.later(NOW, *DOING)
    assert world.kinds.count("flag.rollout_held") == 2
    assert "is locked by Luis" in shown(world.card(id))
    await world.later(12 * HOUR, *DOING)
    assert await world.served() != "1 %"


async def test_a_freeze_that_ends_by_itself_lets_it_go_on() -> None:
    world = await Stage.set()
    await running(world)
    await freeze(world, hours=3)

    await world.later(3 * HOUR - MINUTE, *DOING)
    assert await world.served() == "1 %"
    await world.later(MINUTE, *DOING)

    assert await world.served() == "10 %"


async def test_a_step_that_is_held_is_paused_by_an_alert_and_can_be_reverted() -> None:
    world = await Stage.set()
    id = await running(world)
    await freeze(world)
    await world.later(2 * HOUR, *DOING)

    await world.fire()
    paused = await world.get(Rollout, id)
    assert (paused.state, paused.held_by) == (RolloutState.PAUSED, "")
    await world.press("roll-out-revert", id, ANA)

    assert await world.served() == "off"


async def test_a_plan_is_not_begun_in_a_freeze() -> None:
    world = await Stage.set()
    waiting = await world.plan()
    await freeze(world)

    with pytest.raises(Refusal, match="No yes counts before its end"):
        await world.press("roll-out-approve", waiting, ANA)
    await world.press("roll-out-cancel", waiting, TOM)
    with pytest.raises(Refusal, match="is frozen") as refused:
        await world.plan()

    assert '"/release flag checkout_v2 to 1 % in production because …"' in refused.value.sentence


async def test_a_plan_that_was_paused_before_its_first_step_waits_for_the_freeze_when_resumed() -> None:
    world = await Stage.set()
    await world.fire()
    id = await world.plan()
    await world.press("roll-out-approve", id, ANA)
    await freeze(world, hours=2)

    await world.press("roll-out-resume", id, ANA)
    assert await world.served() == "off"
    await world.later(2 * HOUR, *DOING)

    assert await world.served() == "1 %"


async def test_an_override_of_one_freeze_does_not_pass_the_next_one_of_its_name() -> None:
    tuesday = Window("nightly", Moment.read("Tue 11:00"), Moment.read("Tue 18:00"))
    production = replace(
        TEAM_WITH_FLAGS.environments["production"], freezes=(tuesday,), expires_after=30 * 24 * HOUR
    )
    environments = {**TEAM_WITH_FLAGS.environments, "production": production}
    world = Stage(team=replace(TEAM_WITH_FLAGS, environments=environments))
    await world.say("flag-add", key="checkout_v2", service="web")
    id = await world.change(TOM, share="10%", reason="the press looks at it")
    assert (await world.get(FlagChange, id)).overrides == "nightly"
    await world.later(7 * 24 * HOUR, *DOING)

    with pytest.raises(Refusal, match=r"production is frozen \(nightly\)"):
        await world.press("flag-approve", id, ANA)
