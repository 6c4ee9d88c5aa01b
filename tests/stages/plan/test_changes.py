import pytest

from bot.core.ledger import Subject
from bot.core.refusals import Stale, Unknown
from bot.core.stages import Stage
from bot.stages.code import blockers
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change, ChangeState
from tests.fakes import ANA, LUIS, TOM, World
from tests.rendered import buttons, shown, world


async def planned(there: World, title: str = "Faster checkout") -> Change:
    async with there.unit() as work:
        return await changes.plan(work, title, ANA, service="web")


async def test_a_change_moves_on_in_its_card_its_thread_and_the_ledger():
    there = world()
    change = await planned(there)
    deployment = Subject("deployment", "D-1")

    async with there.unit() as work:
        await changes.advance(work, change.id, Stage.DEPLOY, by=TOM.id, because=(deployment,))

    assert (await there.get(Change, "C-1")).stage is Stage.DEPLOY
    assert shown(there.said["change:C-1"]).startswith("🔵 In deploy · C-1 Faster checkout")
    story = [message for message in there.said.values() if message.thread_of == "change:C-1"]
    assert [shown(message).partition("\n")[0] for message in story] == ["C-1 moves from plan to deploy (Tom)"]
    assert there.kinds == ["change.planned", "change.moved"]
    assert set(there.entries[1].subjects) == {Subject("change", "C-1"), Subject("service", "web"), deployment}
    assert there.entries[1].facts == {"from": "plan", "to": "deploy"}


async def test_where_nothing_changes_nothing_is_said():
    there = world()
    change = await planned(there)
    before = len(there.log)

    async with there.unit() as work:
        assert await changes.advance(work, change.id, Stage.PLAN) == change
        assert await changes.advance(work, "C-99", Stage.CODE) is None
        assert await changes.fall_back(work, change, Stage.PLAN) == change

    assert len(there.log) == before
    assert there.kinds == ["change.planned"]


async def test_a_rollback_takes_it_back():
    there = world()
    await planned(there)

    async with there.unit() as work:
        live = await changes.advance(work, "C-1", Stage.MANAGE)
        assert live
        await changes.fall_back(work, live, Stage.RELEASE, by=LUIS.id)

    assert shown(there.said["change:C-1"]).startswith("🔵 In release")


async def test_nobody_starts_what_somebody_has_dropped():
    there = world()
    await planned(there)
    async with there.unit() as work:
        await changes.end(work, "c-1", ChangeState.DROPPED, ANA)

    with pytest.raises(Stale, match="dropped"):
        async with there.unit() as work:
            await changes.start(work, "C-1", TOM)
    assert buttons(there.said["change:C-1"]) == []


async def test_an_unknown_change_suggests_those_that_there_are():
    there = world()
    await planned(there)

    with pytest.raises(Unknown, match=r"no change “C-99”. Did you mean C-1"):
        async with there.unit() as work:
            await changes.known(work, "C-99")


async def test_the_changes_that_a_text_names_are_found():
    there = world()
    await planned(there)
    await planned(there, "Prices in yen")

    async with there.unit() as work:
        named = await changes.named_in(work, "c-2 and C-1, not C-99")

    assert [change.id for change in named] == ["C-2", "C-1"]


async def test_a_link_is_made_once():
    there = world()
    await planned(there)
    async with there.unit() as work:
        linked = await changes.link(work, await changes.known(work, "C-1"), "org/web#812", by="github")
        assert await changes.link(work, linked, "org/web#812", by="github") is linked

    assert there.kinds.count("change.linked") == 1
    assert Subject("pr", "org/web#812") in there.entries[-1].subjects


async def test_a_change_says_what_holds_it_up_until_nothing_does():
    there = world()
    await planned(there)
    async with there.unit() as work:
        blocker = await blockers.air(work, "C-1: staging is read-only", LUIS.id)
    assert shown(there.said["change:C-1"]).startswith("🔴 Planned, blocked")

    async with there.unit() as work:
        await blockers.close(work, blocker.id, LUIS)
    assert shown(there.said["change:C-1"]).startswith("🔵 Planned ·")
