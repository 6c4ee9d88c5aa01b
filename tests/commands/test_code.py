from datetime import timedelta

import pytest

from bot.command import Reply
from bot.domain.blockers import Blocker
from bot.domain.changes import Change
from bot.domain.refusals import Refusal, Stale, Unknown
from bot.domain.stages import Stage
from commands.code import command
from commands.plan import command as plan
from tests.fakes import ANA, LUIS, MEI, TOM, World
from tests.rendered import RENDER, buttons, shown, world


async def there_with_a_change() -> World:
    there = world()
    await there.use(plan, "add", title="Faster checkout", service="web")
    return there


async def test_who_starts_a_change_has_it():
    there = await there_with_a_change()
    await there.use(command, "start", by=TOM, change="C-1")

    change = await there.get(Change, "C-1")
    assert (change.stage, change.owner_id) == (Stage.CODE, TOM.id)
    assert shown(there.said["change:C-1"]).startswith("🔵 In code · C-1 Faster checkout · Tom")
    with pytest.raises(Stale, match="C-1 is in code already"):
        await there.use(command, "start", by=ANA, change="C-1")


async def test_a_link_follows_the_services_repository():
    there = await there_with_a_change()
    await there.use(command, "link", change="C-1", pr="#812")

    assert (await there.get(Change, "C-1")).prs == ("org/web#812",)
    assert "org/web#812" in shown(there.said["change:C-1"])
    with pytest.raises(Refusal, match="names no pull request"):
        await there.use(command, "link", change="C-1", pr="soon")


async def test_a_blocker_is_put_before_the_team_and_whoever_can_change_it():
    there = await there_with_a_change()
    await there.use(command, "blocker", by=LUIS, what="staging is read-only", unblocker=MEI.id, change="C-1")

    card = there.said["blocker:B-1"]
    assert card.to == "#code"
    assert shown(card).startswith("🔴 Blocked · staging is read-only · Luis → Mei")
    assert buttons(card) == [("code.unblock", "B-1")]
    asked = there.said[f"blocker:B-1:ask:{MEI.id}"]
    assert asked.to == MEI.id
    assert buttons(asked) == [("code.unblock", "B-1")]
    assert [str(subject) for subject in there.entries[-1].subjects] == ["blocker:B-1", "change:C-1"]


async def test_nobody_is_asked_to_unblock_themselves():
    there = world()
    await there.use(command, "blocker", by=LUIS, what="I have to think", unblocker=LUIS.id)

    assert list(there.said) == ["blocker:B-1"]


async def test_unblocking_makes_every_message_true_and_tells_whoever_was_held_up():
    there = world()
    await there.use(command, "blocker", by=LUIS, what="staging is read-only", unblocker=MEI.id)
    there.clock.move(timedelta(hours=2))
    await there.use(command, "unblock", by=MEI, blocker="B-1", how="made it writable")

    for key in ("blocker:B-1", f"blocker:B-1:ask:{MEI.id}", "blocker:B-1:told"):
        assert "Unblocked" in shown(there.said[key])
        assert buttons(there.said[key]) == []
    assert there.said["blocker:B-1:told"].to == LUIS.id
    assert "How: made it writable" in shown(there.said["blocker:B-1:told"])
    assert there.entries[-1].facts == {"open_for_seconds": 7200}


async def test_a_stale_button_learns_who_was_first():
    there = world()
    await there.use(command, "blocker", by=LUIS, what="staging is read-only")
    await there.use(command, "unblock", by=MEI, blocker="B-1")
    there.clock.move(timedelta(minutes=5))

    with pytest.raises(Stale, match="B-1 was closed by Mei 5 min ago"):
        await there.use(command, "unblock", by=TOM, blocker="B-1")


async def test_who_unblocks_themselves_is_not_told():
    there = world()
    await there.use(command, "blocker", by=LUIS, what="staging is read-only")
    await there.use(command, "unblock", by=LUIS, blocker="B-1")

    assert "blocker:B-1:told" not in there.said


async def test_a_blocker_of_an_unknown_change_leaves_nothing():
    there = world()
    with pytest.raises(Unknown, match="There is no change yet"):
        await there.use(command, "blocker", what="red", change="C-9")

    assert await there.find(Blocker) == []


async def test_blockers_are_listed_the_oldest_first():
    there = await there_with_a_change()
    await there.use(command, "blocker", by=LUIS, what="first", change="C-1")
    await there.use(command, "blocker", by=TOM, what="second", unblocker=MEI.id)
    await there.use(command, "blocker", by=TOM, what="closed already")
    await there.use(command, "unblock", by=TOM, blocker="B-3")
    answer = await there.use(command, "blockers")

    assert isinstance(answer, Reply)
    lines = RENDER(answer.template, answer.context).text.split("\n")
    assert lines[0] == "2 open blockers"
    assert lines[1].startswith("B-1 first · Luis")
    assert lines[2].startswith("B-2 second · Tom → Mei")
