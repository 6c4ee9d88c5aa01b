"""Whatever people, alerts and the clock do in whatever order, what is served was approved and cards say what is so."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.refusals import Refusal
from bot.stages.flags.model.flag import Flag, Place
from bot.stages.flags.model.flag_change import ChangeState, FlagChange
from bot.stages.flags.model.rollout import OPEN, Rollout, RolloutState
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.stages.flags.flagging import Stage

WISHES: list[dict[str, Any]] = [
    {"on": True},
    {"off": True},
    {"share": "10%"},
    {"audience": "beta"},
    {"on": True, "audience": "2 h"},
    {"share": "50%", "audience": "user in ana"},
]
BUTTONS = {
    "G": ("flag-approve", "flag-refuse", "flag-cancel", "flag-back"),
    "P": ("roll-out-approve", "roll-out-pause", "roll-out-resume", "roll-out-revert", "roll-out-cancel"),
}


async def do_something(world: Stage, dice: random.Random) -> None:
    """One step of somebody, an alert, or the clock."""
    by = dice.choice([ANA, TOM, MEI, LUIS])
    ids = [one.id for one in (*await world.find(FlagChange), *await world.find(Rollout))]
    match dice.choices(["change", "plan", "press", "fire", "resolve", "wait"], [5, 2, 6, 2, 2, 4])[0]:
        case "change":
            await world.change(by=by, **dice.choice(WISHES))
        case "plan":
            await world.plan(by=by)
        case "press" if ids:
            id = dice.choice(ids)
            await world.press(dice.choice(BUTTONS[id[0]]), id, by)
        case "fire":
            await world.fire(dice.choice("abc"))
        case "resolve":
            await world.resolve(dice.choice("abc"))
        case _:
            await world.wait(
                timedelta(minutes=dice.choice([5, 30, 60, 200])), up_late=timedelta(minutes=dice.choice([0, 0, 10]))
            )


async def must_hold(world: Stage) -> None:
    """What has to be so after every step."""
    place = (await world.get(Flag, "checkout_v2")).places.get("production")
    changes, plans = await world.find(FlagChange), await world.find(Rollout)
    waiting = [one for one in changes if one.state is ChangeState.WAITING]
    in_hand = [one for one in plans if one.state in OPEN]
    assert len(waiting) + len(in_hand) <= 1

    if place is not None and place.by_what.startswith("G-"):
        change_is_behind(world, place, next(one for one in changes if one.id == place.by_what))
    elif place is not None:
        plan = next(one for one in plans if one.id == place.by_what)
        assert plan.approval.approvals
        assert place.serving == (plan.before if plan.state is RolloutState.REVERTED else plan.serving)
    for plan in plans:
        assert replace(world.card(plan.id).context["rollout"], heeded=plan.heeded) == plan
        if plan.state is RolloutState.RUNNING:
            assert f"rollout.step:{plan.id}:{plan.turn}" in world.jobs
    for change in changes:
        card = world.card(change.id).context
        is_last = place is not None and place.by_what == change.id and change.state is ChangeState.IN_FORCE
        assert (card["change"], card["is_last"]) == (change, is_last)


def change_is_behind(world: Stage, place: Place, change: FlagChange) -> None:
    """What is served is what this change wanted, with somebody else's yes; a temporary one ends by itself."""
    assert change.wanted.is_off or any(vote.by != change.asked_by for vote in change.approval.approvals)
    if change.state is ChangeState.TAKEN_BACK:
        assert place.serving == change.falls_back_to
        return
    assert change.state is ChangeState.IN_FORCE
    assert place.serving == change.wanted
    assert (f"flag.end:{change.id}" in world.jobs) is (change.until is not None)


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_served_was_approved_and_cards_say_what_is_so(seed: int) -> None:
    dice, world = random.Random(seed), await Stage.set()  # noqa: S311  dice, no secret
    refused = 0
    for _ in range(40):
        try:
            await do_something(world, dice)
        except Refusal:
            refused += 1
        await must_hold(world)

    assert 0 < refused < 40
