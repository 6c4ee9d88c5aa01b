"""Loose ends of flags, and what the Home tab and a change's passport tell of them."""

from bot.stages.flags import flags
from bot.stages.flow.home import view
from bot.stages.flow.loose_ends import loose_ends
from bot.stages.flow.passport import passport
from bot.stages.plan.model.change import Change
from tests.fakes import ANA, LUIS, NOON, TOM
from tests.stages.flags.flagging import HOUR, Stage


async def ends(world: Stage) -> list[tuple[str, str, str]]:
    async with world.unit() as work:
        return [(end.id, end.what, end.owner_id) for end in await loose_ends(work)]


async def test_a_flag_that_is_on_or_off_for_everybody_is_no_loose_end() -> None:
    world = await Stage.set()
    await world.change(environment="staging", on=True)

    assert await ends(world) == []


async def test_a_flag_for_some_is_one_until_it_is_for_all_or_none() -> None:
    world = await Stage.set()
    await world.change(by=LUIS, environment="staging", share="50%")
    world.clock.move(HOUR * 75)
    there = await ends(world)
    await world.change(environment="staging", off=True)

    assert there == [("G-1", "flag checkout_v2 is 50 % in staging (3 days)", LUIS.id)]
    assert await ends(world) == []


async def test_so_is_one_that_is_on_for_a_while_and_what_waits_for_approval() -> None:
    world = await Stage.set()
    await world.change(environment="staging", on=True, audience="2 h")
    await world.change(on=True)

    assert [id for id, _, _ in await ends(world)] == ["G-1", "G-2"]


async def test_a_plan_under_way_is_one_and_its_flag_is_not_told_twice() -> None:
    world = await Stage.set()
    await world.plan(environment="staging")

    assert await ends(world) == [("P-1", "the roll-out of checkout_v2 in staging: running, at 1 %", TOM.id)]


async def test_those_who_may_approve_find_it_on_their_home_tab() -> None:
    world = await Stage.set()
    await world.change(on=True)
    await world.say("flag-add", key="other")
    await world.say("roll-out", key="other", environment="production")
    async with world.unit() as work:
        hers = [(one.action, one.value) for one in (await view(work, ANA)).waiting]
        his = [one.action for one in (await view(work, TOM)).waiting]

    assert hers == [("release.flag-approve", "G-1"), ("release.roll-out-approve", "P-1")]
    assert his == []  # he asked for both


async def test_a_passport_tells_who_sees_a_change() -> None:
    world = Stage()
    await world.add(Change(title="Faster checkout", created_by=TOM.id, created_at=NOON, service="web"))
    await world.say("flag-add", key="checkout_v2", change="C-1")
    await world.change(environment="staging", share="10%")
    async with world.unit() as work:
        steps = [step.what for step in (await passport(work, "C-1")).steps]

    assert steps == ["flag added", "flag changed to 10 % in staging"]


async def test_a_flag_still_off_hides_its_change() -> None:
    world = Stage()
    await world.add(Change(title="Faster checkout", created_by=TOM.id, created_at=NOON, service="web"))
    await world.say("flag-add", key="checkout_v2", change="C-1")
    async with world.unit() as work:
        assert [flag.id for flag in await flags.hidden(work, ["C-1"], "production")] == ["checkout_v2"]
