from datetime import timedelta

import pytest

from bot.core.command import Reply
from bot.core.refusals import Refusal, Stale, Unknown
from bot.stages.code.model.idea import Idea
from bot.stages.flow import passport
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change, ChangeState
from commands.code import command
from tests.fakes import ANA, LUIS, MEI, TOM, World
from tests.rendered import RENDER, buttons, shown, world

HOUR = timedelta(hours=1)


async def with_idea(text: str = "Cache the price list\nfor a minute") -> World:
    there = world()
    await there.use(command, "idea", by=ANA, text=text)
    return there


async def test_an_idea_has_a_card_with_votes_that_name_nobody():
    there = await with_idea()
    for by in (TOM, MEI, ANA):
        await there.use(command, "vote", by=by, idea="I-1")
    await there.use(command, "vote", by=MEI, idea="I-1", key="again")

    card = there.said["idea:I-1"]
    assert card.to == "#code"
    assert buttons(card) == [("code.vote", "I-1"), ("code.promote", "I-1"), ("code.drop", "I-1")]
    # Mei's second press came within a double click.
    assert "👍 Good idea (3)" in shown(card)
    there.clock.move(HOUR)
    answer = await there.use(command, "vote", by=MEI, idea="I-1")
    assert isinstance(answer, Reply)
    assert RENDER(answer.template, answer.context).text == "You no longer vote for I-1."
    assert "👍 Good idea (2)" in shown(there.said["idea:I-1"])
    assert not {"Tom", "Mei"} & set(shown(there.said["idea:I-1"]).replace("·", " ").split())
    assert there.kinds == ["idea.shared"]  # whose vote it was is nobody's business, the ledger's neither


async def test_an_idea_becomes_a_change_and_the_two_name_each_other():
    there = await with_idea()
    await there.use(command, "promote", by=TOM, idea="I-1")

    change = await there.get(Change, "C-1")
    assert (change.title, change.came_from) == ("Cache the price list", "I-1")
    assert "answers I-1" in shown(there.said["change:C-1"])
    assert "C-1 Cache the price list · Planned" in shown(there.said["idea:I-1"])
    assert buttons(there.said["idea:I-1"]) == []
    ended = there.said["idea:I-1:ended"]
    assert (ended.thread_of, shown(ended).partition("\n")[0]) == ("idea:I-1", "Became C-1 (Tom)")
    linked = next(entry for entry in there.entries if entry.kind == "idea.planned")
    assert [str(subject) for subject in linked.subjects] == ["idea:I-1", "change:C-1"]
    async with there.unit() as work:
        steps = (await passport.passport(work, "C-1")).steps
    assert "idea planned" in [step.what for step in steps]

    async with there.unit() as work:
        await changes.end(work, "C-1", ChangeState.DONE, TOM)
    assert "C-1 Cache the price list · Done" in shown(there.said["idea:I-1"])


async def test_the_second_of_two_promotions_learns_of_the_first():
    there = await with_idea()
    await there.use(command, "promote", by=TOM, idea="I-1", title="Faster prices")
    with pytest.raises(Stale, match="I-1 became C-1"):
        await there.use(command, "promote", by=LUIS, idea="I-1")

    assert [change.title for change in await there.find(Change)] == ["Faster prices"]


async def test_a_dropped_idea_says_why():
    there = await with_idea()
    await there.use(command, "drop", by=TOM, idea="I-1", reason="prices change every few seconds")

    assert "Closed by Tom: prices change every few seconds" in shown(there.said["idea:I-1"])
    assert there.said["idea:I-1:ended"].thread_of == "idea:I-1"
    with pytest.raises(Stale, match="I-1 was closed by Tom"):
        await there.use(command, "vote", by=MEI, idea="I-1")


async def test_ideas_are_ranked_and_what_ended_is_not_among_them():
    there = await with_idea("first")
    for text in ("second", "third", "fourth"):
        there.clock.move(HOUR)
        await there.use(command, "idea", by=ANA, text=text)
    await there.use(command, "vote", by=TOM, idea="I-3")
    await there.use(command, "drop", by=TOM, idea="I-2", reason="no")
    answer = await there.use(command, "ideas")

    assert isinstance(answer, Reply)
    lines = RENDER(answer.template, answer.context).text.split("\n")
    assert [line.split(" ")[0] for line in lines[1:]] == ["I-3", "I-1", "I-4"]
    assert lines[1].startswith("I-3 third · 1 vote · Ana")


@pytest.mark.parametrize("text", ["", "x" * 3001])
async def test_a_text_that_is_none_or_a_novel_is_refused(text: str):
    there = world()
    with pytest.raises(Refusal):
        await there.use(command, "idea", text=text)
    assert await there.find(Idea) == []


@pytest.mark.parametrize("verb", ["vote", "promote", "drop"])
async def test_an_idea_that_is_not_there_is_unknown(verb: str):
    there = await with_idea()
    more = {"reason": "no"} if verb == "drop" else {}
    with pytest.raises(Unknown, match=r"I know no idea “I-9”\. Did you mean I-1"):
        await there.use(command, verb, idea="I-9", **more)
