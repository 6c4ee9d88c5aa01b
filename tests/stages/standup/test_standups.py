from datetime import timedelta

import pytest

from bot.core.jobs import Outcome
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker
from bot.stages.plan import changes
from bot.stages.standup import answers, prefill
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round
from tests.answers import lines
from tests.fakes import ANA, LUIS, MEI, TOM, World
from tests.rendered import buttons, shown, world

CLOSE = answers.close_when_due
HOUR = timedelta(hours=1)


async def begun(*people: Person) -> World:
    there = world()
    async with there.unit() as work:
        await answers.start(work, "#standup", [person.id for person in people or (ANA, TOM, MEI)], ANA)
    return there


async def say(there: World, by: Person, *said: str, unblocker: str | None = None) -> StandupAnswer:
    async with there.unit() as work:
        return await answers.answer(work, "S-1", by, lines(*said), unblocker)


def parent(there: World) -> str:
    return shown(there.said["round:S-1"])


async def test_a_round_asks_everybody_directly():
    there = await begun()

    assert "0 of 3 in" in parent(there)
    assert "waiting: Ana, Tom, Mei" in parent(there)
    prompt = there.said[f"round:S-1:ask:{TOM.id}"]
    assert prompt.to == TOM.id
    assert buttons(prompt) == [("standup.answer", "S-1"), ("standup.skip", "S-1"), ("standup.later", "S-1 1")]
    assert there.jobs["standup.close:S-1"].due == there.clock.now() + 3 * HOUR


async def test_an_answer_is_a_reply_and_editing_it_edits_the_reply():
    there = await begun()
    await say(there, TOM, "did", "do")
    await say(there, TOM, "did", "do something else")

    reply = there.said[f"round:S-1:answer:{TOM.id}"]
    assert reply.thread_of == "round:S-1"
    assert "do something else" in shown(reply)
    assert "1 of 3 in" in parent(there)
    assert "in: Tom · waiting: Ana, Mei" in parent(there)
    assert there.kinds == ["round.opened", "round.answered", "round.answer_edited"]
    assert buttons(there.said[f"round:S-1:ask:{TOM.id}"]) == [("standup.answer", "S-1")]


async def test_the_same_answer_again_says_nothing():
    there = await begun()
    await say(there, TOM, "did", "do", "tests are red", unblocker=MEI.id)
    before = len(there.log), len(there.entries)
    await say(there, TOM, "did", "do", "tests are red", unblocker=MEI.id)

    assert (len(there.log), len(there.entries)) == before


async def test_what_holds_somebody_up_becomes_a_blocker_and_follows_the_answer():
    there = await begun()
    await say(there, TOM, "", "do", "tests are red", unblocker=MEI.id)

    assert "1 blocker" in parent(there)
    assert "tests are red (Tom → Mei)" in parent(there)

    await say(there, TOM, "", "do", "tests are red and slow", unblocker=ANA.id)
    assert (await there.get(Blocker, "B-1")).what == "tests are red and slow"
    assert (await there.get(Blocker, "B-1")).unblocker_id == ANA.id

    await say(there, TOM, "", "do", "none")
    assert not (await there.get(Blocker, "B-1")).is_open
    assert len(await there.find(Blocker)) == 1


async def test_a_blocker_that_somebody_closes_is_closed_in_the_round_too():
    there = await begun()
    await say(there, TOM, "", "do", "tests are red")
    async with there.unit() as work:
        await blockers.close(work, "B-1", MEI)

    assert "Unblocked: tests are red" in parent(there)
    await say(there, TOM, "more", "do", "tests are red")
    assert len(await there.find(Blocker)) == 1


async def test_a_round_ends_when_all_are_in_or_pass_and_its_digest_begins_with_blockers():
    there = await begun(ANA, TOM)
    await say(there, ANA, "did", "write notes", "tests are red")
    async with there.unit() as work:
        await answers.skip(work, "S-1", TOM)

    digest = shown(there.said["round:S-1:digest"])
    assert digest.index("tests are red") < digest.index("write notes")
    assert "skipping: Tom" in digest
    assert there.said["round:S-1:digest"].broadcast
    assert buttons(there.said["round:S-1"]) == []
    assert [key for key in there.jobs if key.startswith("standup.")] == []
    assert await there.later(9 * HOUR, CLOSE) == []


async def test_a_round_ends_when_its_time_is_up():
    there = await begun()
    await say(there, TOM, "did", "do")
    assert await there.later(3 * HOUR, CLOSE) == [Outcome.DONE]

    assert "1 of 3 in" in parent(there)
    assert "not in: Ana, Mei" in shown(there.said["round:S-1:digest"])
    assert "late" not in shown(there.said["round:S-1:digest"])
    assert "Closed without you" in shown(there.said[f"round:S-1:ask:{MEI.id}"])
    assert there.kinds[-1] == "round.closed"
    facts = there.entries[-1].facts
    assert [facts[name] for name in ("asked", "answered", "skipped", "asked_in_time", "missed")] == [3, 1, 0, 3, 0]


async def test_a_digest_that_comes_late_says_so():
    there = await begun()
    await say(there, TOM, "did", "do")
    await there.later(9 * HOUR, CLOSE, up_late=2 * HOUR)

    assert "this comes 2 h late, because I was not running" in shown(there.said["round:S-1:digest"])
    assert "2 h after its time" in parent(there)


async def test_a_round_in_which_nobody_says_a_word_has_no_digest():
    there = await begun()
    await there.later(3 * HOUR, CLOSE)

    assert "round:S-1:digest" not in there.said
    assert "0 of 3 in" in parent(there)


async def test_closing_what_was_closed_by_hand_does_nothing():
    there = await begun()
    job = there.jobs["standup.close:S-1"]
    async with there.unit() as work:
        await answers.close(work, "S-1", ANA)
    before = len(there.log)

    assert await there.do(job, CLOSE) is Outcome.NOOP
    assert len(there.log) == before
    with pytest.raises(Stale, match="was closed by Ana"):
        async with there.unit() as work:
            await answers.close(work, "S-1", TOM)


async def test_a_late_answer_is_taken_and_marked():
    there = await begun()
    await say(there, TOM, "did", "do")
    await there.later(5 * HOUR, CLOSE)
    answer = await say(there, MEI, "slept", "wake up")

    assert answer.late_by == 2 * HOUR
    assert shown(there.said[f"round:S-1:answer:{MEI.id}"]).startswith("Mei, late by 2 h")
    assert "in: Tom · late: Mei · not in: Ana" in parent(there)
    assert "*Mei* (late) · next: wake up" in shown(there.said["round:S-1:digest"])


async def test_an_answer_in_time_may_be_edited_later_without_being_late():
    there = await begun()
    await say(there, TOM, "did", "do")
    await there.later(5 * HOUR, CLOSE)
    await say(there, TOM, "did", "do it better")

    assert "late" not in parent(there)


async def test_who_was_not_asked_may_join():
    there = await begun(ANA, TOM)
    await say(there, LUIS, "did", "do")

    assert "1 of 3 in" in parent(there)
    assert (await there.get(Round, "S-1")).people[-1] == LUIS.id


async def test_one_round_a_channel():
    there = await begun()

    with pytest.raises(Stale, match="S-1 is open in #standup, with 0 of 3 in"):
        async with there.unit() as work:
            await answers.start(work, "#standup", [ANA.id], TOM)
    async with there.unit() as work:
        assert (await answers.start(work, "#other", [ANA.id], TOM)).id == "S-2"


async def test_skipping_twice_after_an_answer_or_after_the_end_is_refused():
    there = await begun()
    await say(there, TOM, "did", "do")
    async with there.unit() as work:
        await answers.skip(work, "S-1", ANA)

    for person, why in ((TOM, "You have answered"), (ANA, "You skip")):
        with pytest.raises(Stale, match=why):
            async with there.unit() as work:
                await answers.skip(work, "S-1", person)
    async with there.unit() as work:
        await answers.close(work, "S-1", ANA)
    with pytest.raises(Stale, match="closed, so there is nothing to skip"):
        async with there.unit() as work:
            await answers.skip(work, "S-1", MEI)


async def test_the_form_begins_with_what_was_said_last():
    there = await begun()
    await say(there, TOM, "did", "write the notes", "tests are red", unblocker=MEI.id)
    async with there.unit() as work:
        again = await answers.round_for(work, None, TOM.id)
        assert await prefill.draft(work, again, TOM.id) == (
            lines("did", "write the notes", "tests are red"),
            MEI.id,
        )
        await answers.close(work, "S-1", ANA)
    async with there.unit() as work:
        tomorrow = await answers.start(work, "#standup", [TOM.id], TOM)
        assert await prefill.draft(work, tomorrow, TOM.id) == (lines("write the notes"), None)


async def test_the_round_that_is_meant_is_the_open_one_that_waits_for_you():
    there = await begun(ANA, TOM)
    async with there.unit() as work:
        await answers.start(work, "#other", [TOM.id, MEI.id], MEI)
    async with there.unit() as work:
        assert (await answers.round_for(work, None, ANA.id)).id == "S-1"
        assert (await answers.round_for(work, None, LUIS.id)).id == "S-2"
        assert (await answers.round_for(work, "s-1", LUIS.id)).id == "S-1"
    await say(there, ANA, "x")
    async with there.unit() as work:
        assert (await answers.round_for(work, None, TOM.id)).id == "S-2"


async def test_without_an_open_round_there_is_nothing_to_answer():
    there = world()

    with pytest.raises(Refusal, match="No stand-up is open"):
        async with there.unit() as work:
            await answers.round_for(work, None, ANA.id)


async def test_an_answer_that_names_a_change_is_linked_to_it():
    there = await begun()
    async with there.unit() as work:
        await changes.plan(work, "Faster checkout", ANA)
    await say(there, TOM, "C-1 half done", "c-1", "")

    assert [str(subject) for subject in there.entries[-1].subjects] == [
        "round:S-1",
        f"person:{TOM.id}",
        "change:C-1",
    ]
