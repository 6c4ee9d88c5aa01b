"""Flags on the card of a deployment: who will see what ships, as it stands in that environment."""

from dataclasses import replace

from bot.stages.flags.model.flag import OFF, ON, Flag, FlagState, Place, Serving
from bot.stages.plan.model.change import Change
from tests.fakes import ANA, NOON, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import Harbour, ask, card, go_live, press


def flag(key: str, serving: Serving = OFF, *, where: str = "production", **more: str) -> Flag:
    made = Flag.make(key, ANA, NOON, service=more.get("service"), change=more.get("change"))
    return replace(made, places={where: Place(serving, NOON)})


async def asked(*flags: Flag) -> tuple[Harbour, str]:
    """A deployment that brings C-1, with these flags there before."""
    world = Harbour()
    await world.add(Change(title="Rounding", created_by=ANA.id, created_at=NOON))
    for one in flags:
        await world.add(one)
    await go_live(world, "v1.3.9")
    return world, await ask(world)


async def test_a_card_names_the_flags_of_its_changes_and_those_of_its_service_that_are_not_on_for_everybody():
    world, id = await asked(
        flag("other_half", Serving(1_000), service="web"),
        flag("done", ON, service="web"),
        flag("old", service="web"),
        flag("theirs", service="payments"),
        flag("rounding", ON, change="C-1", service="payments"),
    )

    assert card(world, id)["picture"].flags == ("rounding on", "old off", "other_half 10 %")
    assert "Flags: rounding on, old off and other_half 10 %" in shown(world.said[f"deployment:{id}"])


async def test_a_flag_stands_there_as_it_is_in_that_environment():
    world, id = await asked(flag("new_nav", ON, where="staging", service="web"))

    assert card(world, id)["picture"].flags == ("new_nav off",)


async def test_a_retired_flag_of_the_service_is_of_no_concern():
    world, id = await asked(replace(flag("gone", service="web"), state=FlagState.RETIRED))

    assert card(world, id)["picture"].flags == ()
    assert "Flags" not in shown(world.said[f"deployment:{id}"])


async def test_three_are_named_and_the_others_counted():
    world, id = await asked(*(flag(f"f{number}", service="web") for number in range(5)))

    assert "f4 off, f3 off, f2 off and 2 more" in shown(world.said[f"deployment:{id}"])


async def test_what_is_over_names_none():
    world, id = await asked(flag("old", service="web"))

    await press(world, "cancel", id, TOM)

    assert card(world, id)["picture"] is None
