"""Roll-outs: step by step on timers, paused by an alert, resumed or reverted by a person, alone with their flag."""

from datetime import timedelta

import pytest

from bot.core.refusals import NotAllowed, Refusal, Stale
from bot.stages.flags.model.rollout import Rollout
from commands.deploy import command as deploy
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.rendered import shown
from tests.stages.flags.flagging import HOUR, Stage

MINUTE = timedelta(minutes=1)


async def running(**args: object) -> tuple[Stage, str]:
    """A plan whose first step has been taken."""
    world = await Stage.set()
    id = await world.plan(**args)
    await world.press("roll-out-approve", id, ANA)
    return world, id


async def test_one_yes_for_the_whole_plan_and_then_step_by_step() -> None:
    world, id = await running()
    seen = [await world.served()]
    for _ in range(3):
        await world.wait(HOUR)
        seen.append(await world.served())

    assert seen == ["1 %", "10 %", "50 %", "on"]
    assert world.standing(id) == "done"
    assert not any(job.kind == "rollout.step" for job in world.jobs.values())


async def test_nothing_is_served_before_somebody_else_has_said_yes() -> None:
    world = await Stage.set()
    id = await world.plan(by=ANA)
    with pytest.raises(NotAllowed, match="somebody else has to decide"):
        await world.press("roll-out-approve", id, ANA)
    await world.wait(HOUR * 3)

    assert (await world.served(), world.standing(id)) == ("off", "waiting")
    await world.wait(HOUR)
    assert (await world.served(), world.standing(id)) == ("off", "expired")


async def test_where_nobody_has_to_approve_it_begins_at_once() -> None:
    world = await Stage.set()
    await world.plan(environment="staging", steps="5%, 100%", soak="30 min")
    first = await world.served("staging")
    await world.wait(30 * MINUTE)

    assert (first, await world.served("staging")) == ("5 %", "on")


async def test_an_alert_of_its_service_pauses_it_and_asks_whoever_planned_it() -> None:
    world, id = await running()
    await world.fire()
    await world.wait(HOUR * 24)

    assert (await world.served(), world.standing(id)) == ("1 %", "paused")
    told = [message for message in world.log if getattr(message, "template", "") == "release/rollout_paused"]
    assert len(told) == 1


@pytest.mark.parametrize("where", [{"service": "payments"}, {"environment": "staging"}])
async def test_an_alert_of_something_else_does_not(where: dict[str, str]) -> None:
    world, id = await running()
    await world.fire(**where)

    assert world.standing(id) == "running"


async def test_what_fires_when_it_would_begin_pauses_it_before_its_first_step() -> None:
    world = await Stage.set()
    id = await world.plan()
    await world.fire()
    await world.press("roll-out-approve", id, ANA)
    paused = (await world.served(), world.standing(id))
    await world.press("roll-out-resume", id, TOM)

    assert (paused, await world.served(), world.standing(id)) == (("off", "paused"), "1 %", "running")


async def test_resumed_it_soaks_anew_and_the_same_alert_said_again_pauses_it_no_more() -> None:
    world, id = await running()
    await world.wait(59 * MINUTE)
    await world.fire()
    await world.press("roll-out-resume", id, TOM)
    await world.fire()
    await world.wait(59 * MINUTE)
    before = await world.served()
    await world.wait(MINUTE)

    assert (before, await world.served()) == ("1 %", "10 %")


async def test_an_alert_that_resolved_and_fires_anew_counts_again() -> None:
    world, id = await running()
    await world.fire()
    await world.press("roll-out-resume", id, TOM)
    await world.resolve()
    world.clock.move(MINUTE)
    await world.fire()

    assert world.standing(id) == "paused"


async def test_another_alert_pauses_what_was_resumed() -> None:
    world, id = await running()
    await world.fire("f1")
    await world.press("roll-out-resume", id, TOM)
    await world.fire("f2")

    assert world.standing(id) == "paused"


async def test_reverted_the_flag_is_what_it_was_before_the_first_step() -> None:
    world = await Stage.set()
    await world.press("flag-approve", await world.change(share="5%"), ANA)
    id = await world.plan()
    await world.press("roll-out-approve", id, ANA)
    await world.wait(HOUR)
    there = await world.served()
    await world.press("roll-out-revert", id, LUIS)
    await world.wait(HOUR * 24)

    assert (there, await world.served(), world.standing(id)) == ("50 %", "5 %", "reverted")


async def test_steps_that_the_flag_is_past_are_left_out_so_nobody_loses_it() -> None:
    world = await Stage.set()
    await world.change(environment="staging", share="20%")
    id = await world.plan(environment="staging")

    assert (await world.get(Rollout, id)).steps == (5_000, 10_000)


async def test_a_segment_that_has_it_keeps_it_all_the_way() -> None:
    world = await Stage.set()
    await world.change(environment="staging", audience="beta")
    await world.plan(environment="staging")
    first = await world.served("staging")
    await world.wait(HOUR * 3)

    assert (first, await world.served("staging")) == ("1 %, and on for beta", "on")


async def test_a_plan_that_would_take_it_from_somebody_is_refused() -> None:
    world = await Stage.set()
    await world.change(environment="staging", share="10%")
    with pytest.raises(Refusal, match="would take it from some"):
        await world.plan(environment="staging", audience="beta")


async def test_a_flag_in_use_by_a_plan_refuses_every_other_change() -> None:
    world, id = await running()
    for args in ({"on": True}, {"share": "20%"}):
        with pytest.raises(Refusal, match=rf"follows the roll-out {id} in production"):
            await world.change(**args)
    with pytest.raises(Refusal, match="follows the roll-out"):
        await world.plan()
    with pytest.raises(Refusal, match="cannot be retired while P-1 is open"):
        await world.say("flag-retire", key="checkout_v2")
    await world.change(environment="staging", on=True)  # elsewhere it is free

    assert await world.served() == "1 %"


async def test_a_refusal_says_what_helps_also_once_it_is_paused() -> None:
    world, id = await running()
    await world.press("roll-out-pause", id, TOM)
    with pytest.raises(Refusal, match="Revert or cancel it on its card") as refused:
        await world.change(on=True)

    assert "Pause" not in refused.value.sentence
    await world.press("roll-out-revert", id, TOM)
    assert await world.change(on=True)


@pytest.mark.parametrize("verb", ["", "roll-out-pause"])
async def test_turning_the_flag_off_ends_its_plan_at_once(verb: str) -> None:
    world, id = await running()
    await world.wait(HOUR)
    if verb:
        await world.press(verb, id, TOM)
    change = await world.change(by=ANA, off=True)

    assert (await world.served(), world.standing(id), world.standing(change)) == ("off", "ended", "in_force")
    assert "Ended by Ana, who turned the flag off" in shown(world.card(id))
    assert "10 % → off" in shown(world.card(change))
    await world.wait(HOUR * 24)
    assert await world.served() == "off"
    with pytest.raises(Stale, match="was ended by Ana, who turned the flag off, 1 day ago"):
        await world.press("roll-out-resume", id, TOM)


async def test_turning_it_off_needs_no_yes_in_a_freeze_either_and_is_taken_back_to_what_was_approved() -> None:
    world, id = await running()
    end = world.clock.now() + 9 * HOUR
    await world.use(deploy, "freeze", by=MEI, environment="production", end=end, reason="audit")
    change = await world.change(by=LUIS, off=True)
    off = await world.served()
    await world.press("flag-back", change, LUIS)

    assert (off, await world.served(), world.standing(id)) == ("off", "1 %", "ended")


async def test_turning_off_what_nobody_has_yet_ends_the_plan_that_waits() -> None:
    world = await Stage.set()
    id = await world.plan()
    told = await world.say("flag", LUIS, key="checkout_v2", environment="production", off=True)

    assert "is over" in shown(told)
    assert world.standing(id) == "ended"
    assert not any(job.key.endswith(id) for job in world.jobs.values())
    with pytest.raises(Stale, match="was ended by Luis, who turned the flag off"):
        await world.press("roll-out-approve", id, ANA)
    assert await world.served() == "off"
    await world.plan()  # free again


async def test_a_change_that_waits_keeps_a_plan_out() -> None:
    world = await Stage.set()
    await world.change(share="10%")
    with pytest.raises(Stale, match=r"G-1 .* waits for approval"):
        await world.plan()


async def test_slept_through_it_takes_one_step_soaks_it_in_full_and_says_how_late_it_came() -> None:
    world, id = await running()
    await world.wait(HOUR * 5, up_late=HOUR * 3)

    assert await world.served() == "10 %"
    assert (await world.get(Rollout, id)).late_by == HOUR * 3


async def test_an_old_timer_does_nothing() -> None:
    world, id = await running()
    old = next(job for job in world.jobs.values() if job.kind == "rollout.step")
    await world.press("roll-out-pause", id, TOM)
    world.jobs[old.key] = old
    await world.wait(HOUR)

    assert (await world.served(), world.standing(id)) == ("1 %", "paused")


@pytest.mark.parametrize("verb", ["roll-out-pause", "roll-out-resume", "roll-out-revert", "roll-out-cancel"])
async def test_a_button_of_a_plan_that_is_over_is_told_so(verb: str) -> None:
    world, id = await running()
    await world.press("roll-out-revert", id, TOM)
    with pytest.raises(Stale, match="was reverted by Tom"):
        await world.press(verb, id, TOM)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"steps": "50%, 10%"}, "rise"),
        ({"steps": "0%, 10%"}, "rise"),
        ({"steps": "10%, 200%"}, "more than everybody"),
        ({"steps": ", ".join(f"{n}%" for n in range(1, 30))}, "20 at most"),
        ({"soak": "a while"}, "no length of time"),
        ({"soak": "100 days"}, "30 days at most"),
    ],
)
async def test_a_plan_that_is_none_is_refused_with_a_sentence(args: dict[str, object], sentence: str) -> None:
    world = await Stage.set()
    with pytest.raises(Refusal, match=sentence):
        await world.plan(**args)
