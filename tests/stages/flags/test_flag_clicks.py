"""Whose yes counts for a flag: of those who have left since, none."""

from dataclasses import replace

import pytest

from bot.core.people import Person
from bot.core.refusals import Stale
from bot.core.team import Environment
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.flags.model.rollout import Rollout
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.rendered import shown
from tests.stages.flags.flagging import TEAM_WITH_FLAGS, Stage

TWO_NEEDED = replace(
    TEAM_WITH_FLAGS,
    environments={**TEAM_WITH_FLAGS.environments, "vault": Environment("vault", 5, approvals=2)},
    policy=(),
)
FIRST_STEP = {"flag": "10 %", "roll-out": "1 %"}


async def approved_once(kind: str) -> tuple[Stage, str]:
    """A change or a plan that needs two approvals, and has Ana's."""
    world = Stage(team=TWO_NEEDED)
    await world.say("flag-add", key="checkout_v2", service="web")
    id = await (
        world.change(environment="vault", share="10%") if kind == "flag" else world.plan(environment="vault")
    )
    await world.press(f"{kind}-approve", id, ANA)
    return world, id


def leaves(world: Stage, person: Person) -> None:
    world.directory.known[person.id] = replace(person, is_gone=True)


@pytest.mark.parametrize("kind", ["flag", "roll-out"])
async def test_the_yes_of_somebody_who_left_falls_away_at_the_next_click(kind: str) -> None:
    world, id = await approved_once(kind)
    leaves(world, ANA)

    told = shown(await world.press(f"{kind}-approve", id, LUIS))

    assert "Ana approved it and left since, so that counts no more" in told
    assert (await world.served("vault"), world.standing(id)) == ("off", "waiting")
    assert "Needs 2 approvals" in shown(world.card(id))
    assert world.kinds.count("flag.votes_fell_away") == 1

    await world.press(f"{kind}-approve", id, LUIS)
    assert await world.served("vault") == "off"
    await world.press(f"{kind}-approve", id, MEI)
    assert await world.served("vault") == FIRST_STEP[kind]
    asked = await world.get(FlagChange if kind == "flag" else Rollout, id)
    assert [vote.by for vote in asked.approval.approvals] == [LUIS.id, MEI.id]


@pytest.mark.parametrize("kind", ["flag", "roll-out"])
async def test_of_those_who_are_here_every_yes_counts(kind: str) -> None:
    world, id = await approved_once(kind)
    leaves(world, TOM)  # whoever asked may go

    assert await world.press(f"{kind}-approve", id, LUIS) is None
    assert await world.served("vault") == FIRST_STEP[kind]


async def test_what_is_decided_already_says_so_whoever_left() -> None:
    world, id = await approved_once("flag")
    await world.press("flag-cancel", id, TOM)
    leaves(world, ANA)

    with pytest.raises(Stale, match="was cancelled"):
        await world.press("flag-approve", id, LUIS)
