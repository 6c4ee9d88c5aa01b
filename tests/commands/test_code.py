from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.command import Answer, Door, Form, MessageRef, Reply
from bot.core.refusals import Refusal, Stale, Unknown
from bot.core.stages import Stage
from bot.stages.code.ask_unblocker import go_on
from bot.stages.code.model.blocker import Blocker
from bot.stages.plan.model.change import Change
from commands.code import command
from commands.plan import command as plan
from tests.fakes import ANA, GUS, LUIS, MEI, NOON, TOM, World
from tests.rendered import RENDER, buttons, shown, world

HOUR = timedelta(hours=1)


async def there_with_a_change() -> World:
    there = world()
    await there.use(plan, "add", title="Faster checkout", service="web")
    return there


async def use(there: World, verb: str, **more: Any) -> Answer:
    """Use a verb, and do what is due at once as the worker does."""
    answer = await there.use(command, verb, **more)
    await there.later(timedelta(), go_on)
    return answer


def said(answer: Answer) -> str:
    assert isinstance(answer, Reply)
    return RENDER(answer.template, answer.context).text


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
    answer = await use(there, "blocker", by=LUIS, what="staging is read-only", unblocker=TOM.id, change="C-1")

    assert said(answer) == "B-1 is in #code. Tom is asked directly."
    card = there.said["blocker:B-1"]
    assert card.to == "#code"
    assert shown(card).startswith("🔴 Blocked · staging is read-only · Luis → Tom")
    assert buttons(card) == [("code.unblock", "B-1"), ("code.ask", "about B-1")]
    asked = there.said["blocker:B-1:ask:1"]
    assert asked.to == TOM.id
    assert buttons(asked) == [("code.unblock", "B-1"), ("code.snooze", "B-1"), ("code.not-me", "B-1")]
    opened = next(entry for entry in there.entries if entry.kind == "blocker.opened")
    assert [str(subject) for subject in opened.subjects] == ["blocker:B-1", "change:C-1"]


async def test_whoever_reports_it_learns_that_it_is_night_there():
    there = world()
    answer = await use(there, "blocker", by=LUIS, what="staging is read-only", unblocker=MEI.id)

    assert "Mei is asked" in said(answer)
    assert "25 Nov 00:00 UTC" in said(answer)
    assert "blocker:B-1:ask:1" not in there.said


@pytest.mark.parametrize(
    ("unblocker", "words"),
    [
        (LUIS, "Luis is the one who is held up"),
        (GUS, "Gus is a guest, so they cannot be asked"),
        (replace(MEI, id="U0GONE", is_gone=True), "Mei is no longer here"),
        (replace(MEI, id="U0BOT", is_bot=True), "Mei is a bot"),
    ],
    ids=("themselves", "guest", "departed", "bot"),
)
@pytest.mark.parametrize("verb", ["blocker", "ask"])
async def test_who_cannot_be_asked_is_refused_and_nothing_is_left(verb: str, unblocker: Any, words: str):
    there = world()
    there.directory.known[unblocker.id] = unblocker
    await use(there, "blocker", by=LUIS, what="first")
    before = len(there.entries)
    args = {"what": "second"} if verb == "blocker" else {"blocker": "B-1"}

    with pytest.raises(Refusal, match=words) as refused:
        await use(there, verb, by=LUIS, unblocker=unblocker.id, **args)
    assert refused.value.field == "unblocker"
    assert (len(there.entries), len(await there.find(Blocker))) == (before, 1)


async def test_unblocking_makes_every_message_true_and_tells_whoever_was_held_up():
    there = world()
    await use(there, "blocker", by=LUIS, what="staging is read-only", unblocker=TOM.id)
    there.clock.move(2 * HOUR)
    await there.use(command, "unblock", by=TOM, blocker="B-1", how="made it writable")

    for key in ("blocker:B-1", "blocker:B-1:ask:1", "blocker:B-1:told:1"):
        assert "Unblocked" in shown(there.said[key])
    assert buttons(there.said["blocker:B-1"]) == buttons(there.said["blocker:B-1:ask:1"]) == []
    told = there.said["blocker:B-1:told:1"]
    assert (told.to, buttons(told)) == (LUIS.id, [("code.reopen", "B-1")])
    assert "How: made it writable" in shown(told)
    assert there.entries[-1].facts == {"open_for_seconds": 7200}


async def test_a_stale_button_learns_who_was_first():
    there = world()
    await use(there, "blocker", by=LUIS, what="staging is read-only")
    await there.use(command, "unblock", by=MEI, blocker="B-1")
    there.clock.move(timedelta(minutes=5))

    with pytest.raises(Stale, match=r"B-1 was closed by Mei 5 min ago.* “/code reopen B-1”"):
        await there.use(command, "unblock", by=TOM, blocker="B-1")


async def test_the_same_click_delivered_twice_is_one():
    there = world()
    await use(there, "blocker", by=LUIS, what="staging is read-only")
    await there.use(command, "unblock", by=MEI, blocker="B-1", key="click:1")

    assert await there.use(command, "unblock", by=MEI, blocker="B-1", key="click:1") is None
    assert there.kinds.count("blocker.closed") == 1


async def test_who_unblocks_themselves_is_not_told():
    there = world()
    await use(there, "blocker", by=LUIS, what="staging is read-only")
    await there.use(command, "unblock", by=LUIS, blocker="B-1")

    assert not [key for key in there.said if ":told" in key]


async def test_reopening_tells_everybody_and_goes_on_asking():
    there = world()
    await use(there, "blocker", by=LUIS, what="staging is read-only", unblocker=TOM.id)
    await there.use(command, "unblock", by=TOM, blocker="B-1")
    assert "B-1 is open again" in said(await use(there, "reopen", by=LUIS, blocker="B-1"))

    assert "🔴 Blocked again" in shown(there.said["blocker:B-1:told:1"])
    assert len(buttons(there.said["blocker:B-1:ask:1"])) == 3
    assert "blocker:B-1:ask:2" not in there.said  # Tom was asked today
    with pytest.raises(Stale, match="B-1 is open"):
        await there.use(command, "reopen", by=LUIS, blocker="B-1")


async def test_somebody_else_can_be_asked_and_take_it():
    there = world()
    await use(there, "blocker", by=LUIS, what="staging is read-only", unblocker=TOM.id)
    answer = await use(there, "ask", by=LUIS, blocker="B-1", unblocker=ANA.id)

    assert said(answer) == "Ana is asked about B-1 directly."
    assert "No longer yours" in shown(there.said["blocker:B-1:ask:1"])
    assert (there.said["blocker:B-1:ask:2"].to, buttons(there.said["blocker:B-1:ask:1"])) == (ANA.id, [])
    with pytest.raises(Stale, match="B-1 is with Ana already"):
        await use(there, "ask", by=LUIS, blocker="B-1", unblocker=ANA.id)
    with pytest.raises(Unknown, match="I know no blocker “B-9”"):
        await use(there, "ask", by=LUIS, blocker="B-9", unblocker=ANA.id)


async def test_not_me_hands_it_back_to_the_owner_who_asks_somebody_else():
    there = world()
    there.clock.at = NOON + 3 * HOUR  # everybody but Mei works
    await use(there, "blocker", by=LUIS, what="staging is read-only", unblocker=TOM.id)
    await use(there, "not-me", by=TOM, blocker="B-1")

    assert (await there.get(Blocker, "B-1")).unblocker_id is None
    asked = there.said["blocker:B-1:ask:2"]
    assert asked.to == LUIS.id
    assert shown(asked).startswith("🔴 Handed back: who else can change that?")
    assert ("code.ask", "about B-1") in buttons(asked)
    with pytest.raises(Refusal, match="Tom handed B-1 back"):
        await use(there, "ask", by=LUIS, blocker="B-1", unblocker=TOM.id)
    with pytest.raises(Stale, match="You are not asked about B-1"):
        await use(there, "not-me", by=TOM, blocker="B-1")


async def test_a_snooze_asks_until_when_and_names_a_time_at_which_they_work():
    there = world()
    await use(there, "blocker", by=LUIS, what="staging is read-only", unblocker=TOM.id)
    form = await use(there, "snooze", by=TOM, door=Door.BUTTON, blocker="B-1")
    assert isinstance(form, Form)
    assert form.carry == {"blocker": "B-1"}

    answer = await use(there, "snooze", by=TOM, door=Door.FORM, when=NOON + 10 * HOUR, **form.carry)
    assert "25 Nov 08:00 UTC" in said(answer)
    assert "you are asked again" in shown(there.said["blocker:B-1:ask:1"])
    await there.later(2 * HOUR, go_on)
    assert "blocker:B-1:ask:2" not in there.said
    await there.later(24 * HOUR, go_on)
    assert there.said["blocker:B-1:ask:2"].to == TOM.id


@pytest.mark.parametrize("verb", ["snooze", "not-me"])
async def test_only_who_is_asked_can_put_it_off(verb: str):
    there = world()
    await use(there, "blocker", by=LUIS, what="staging is read-only", unblocker=TOM.id)

    with pytest.raises(Stale, match="You are not asked about B-1"):
        await use(there, verb, by=ANA, blocker="B-1")


async def test_a_blocker_made_from_a_message_shows_where_it_was_said():
    there = world()
    message = MessageRef("C0GENERAL", "1700000000.000100", "we cannot reach staging", MEI.id)
    await use(there, "blocker", by=LUIS, door=Door.FORM, on=message, what="we cannot reach staging")

    blocker = await there.get(Blocker, "B-1")
    assert (blocker.from_channel, blocker.from_ts) == ("C0GENERAL", "1700000000.000100")
    assert "from a message in <#C0GENERAL>" in shown(there.said["blocker:B-1"])


@pytest.mark.parametrize("what", ["", "x" * 3001])
async def test_a_text_that_is_none_or_a_novel_is_refused(what: str):
    there = world()
    with pytest.raises(Refusal) as refused:
        await use(there, "blocker", what=what)
    assert refused.value.field == "what"


async def test_a_blocker_of_an_unknown_change_leaves_nothing():
    there = world()
    with pytest.raises(Unknown, match="There is no change yet"):
        await use(there, "blocker", what="red", change="C-9")

    assert await there.find(Blocker) == []


async def test_blockers_are_listed_the_oldest_first_with_what_is_usual():
    there = await there_with_a_change()
    await use(there, "blocker", by=LUIS, what="first", change="C-1")
    await use(there, "blocker", by=TOM, what="second org/web#812", unblocker=ANA.id)
    for number in (3, 4, 5, 6):
        await use(there, "blocker", by=TOM, what="closed already")
        there.clock.move(HOUR)
        await there.use(command, "unblock", by=TOM, blocker=f"B-{number}")

    lines = said(await there.use(command, "blockers")).split("\n")
    assert lines[0] == "2 open blockers"
    assert lines[1].startswith("B-1 first · Luis")
    assert lines[2].startswith("B-2 second org/web#812 · Tom → Ana")
    assert lines[2].endswith("waits for org/web#812")
    assert lines[-1] == "Last 30 days: team web: median 1 h to unblock (4)"
