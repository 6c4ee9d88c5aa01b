"""Who is asked when, told what, reminded, asked again, and what becomes of questions that come late."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.events import PullRequestChanged, PullRequestState
from bot.core.jobs import Outcome
from bot.core.refusals import Refusal, Stale
from bot.stages.code import pull_requests
from bot.stages.standup import answers, prefill, prompts
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.prompt import SentPrompt
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Posting
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.golden.slack_rules import broken_rules
from tests.rendered import RENDER, buttons, shown
from tests.stages.code.asking import HOUR, MINUTE, SETUP, TOMS_NINE, Asked, without


async def begun(at: datetime = TOMS_NINE, **changes: object) -> Asked:
    there = Asked()
    await there.plan(without(SETUP, **changes))
    await there.until(at)
    return there


async def test_everybody_is_asked_at_their_own_nine_o_clock_and_told_until_when():
    there = await begun()

    assert there.asked() == {TOM.id}
    assert there.prompt(TOM).startswith("Good morning, Tom. Stand-up for Team web")
    assert "until <!date^" in there.prompt(TOM)
    assert buttons(there.said[there.key(TOM)]) == [
        ("standup.answer", "S-1"),
        ("standup.skip", "S-1"),
        ("standup.later", "S-1 1"),
    ]
    await there.until(TOMS_NINE + HOUR)
    assert there.asked() == {TOM.id, ANA.id}
    await there.until(TOMS_NINE + 6 * HOUR)
    assert there.asked() == {TOM.id, ANA.id, LUIS.id}


async def test_the_channel_sees_who_is_waited_for_and_who_is_asked_later():
    there = await begun()

    assert "0 of 3 in" in there.parent
    assert "waiting: Tom" in there.parent
    assert "asked later: Ana (09:00 there" in there.parent
    await there.until(TOMS_NINE + HOUR)
    assert "waiting: Tom, Ana" in there.parent
    assert "asked later: Luis (09:00 there" in there.parent


async def test_who_has_answered_before_their_time_is_not_asked():
    there = await begun()
    await there.answer(ANA, "was quick", "go on")
    await there.until(TOMS_NINE + 2 * HOUR)

    assert there.asked() == {TOM.id}
    assert "in: Ana" in there.parent


async def test_a_question_tells_what_the_ledger_saw_since_the_last_answer():
    there = Asked()
    merged = PullRequestChanged(
        source="github",
        repository="org/web",
        number=809,
        state=PullRequestState.MERGED,
        title="Currency column",
        branch="currency",
        body="",
        author="tomh",
        actor="ana-dev",
        sha="a" * 40,
        url="https://github.com/org/web/pull/809",
        at=TOMS_NINE - HOUR,
    )
    await there.happen(merged, pull_requests.pull_request_changed)
    await there.plan()
    await there.until(TOMS_NINE)

    assert "Since last time I saw: merged org/web#809 Currency column" in there.prompt(TOM).replace(
        "<https://github.com/org/web/pull/809|", ""
    ).replace(">", "")
    async with there.unit() as work:
        round = await answers.round_for(work, "S-1", TOM.id)
        assert await prefill.draft(work, round, TOM.id) == ({"q1": "• merged org/web#809 Currency column"}, None)


async def test_what_was_told_once_is_not_told_after_the_next_answer():
    there = await begun()
    await there.answer(TOM, "did", "do")
    async with there.unit() as work:
        assert (await prefill.draft(work, await answers.round_for(work, "S-1", TOM.id), TOM.id))[0]["q1"] == "did"
    await there.until(TOMS_NINE + 24 * HOUR)
    async with there.unit() as work:
        tomorrow = await answers.start(work, "#team-web", [TOM.id], TOM)
        # Another stand-up's plan is not this one's.
        assert await prefill.draft(work, tomorrow, TOM.id) == ({}, None)


async def test_who_has_neither_answered_nor_passed_is_reminded_before_the_end():
    there = await begun(TOMS_NINE + HOUR)
    await there.answer(TOM, "did", "do")
    await there.until(TOMS_NINE + 4 * HOUR)

    assert f"round:S-1:remind:{TOM.id}" not in there.said
    assert shown(there.said[f"round:S-1:remind:{ANA.id}"]).startswith("Still open · Team web")
    await there.answer(ANA, "did", "do")
    assert buttons(there.said[f"round:S-1:remind:{ANA.id}"]) == []


async def test_a_stand_up_without_reminders_reminds_nobody():
    there = await begun(TOMS_NINE + 4 * HOUR, remind_before=None)

    assert not [key for key in there.said if ":remind:" in key]


async def test_a_snooze_asks_again_in_half_an_hour_and_takes_the_buttons_from_the_old_question():
    there = await begun()
    async with there.unit() as work:
        await prompts.snooze(work, "S-1", TOM, 1)
    assert there.prompt(TOM).startswith("Put off · Team web")
    await there.until(TOMS_NINE + 29 * MINUTE)
    assert there.key(TOM, 2) not in there.said
    await there.until(TOMS_NINE + 30 * MINUTE)

    assert there.prompt(TOM, 2).startswith("As you asked, once more · Team web")
    assert ("standup.later", "S-1 2") in buttons(there.said[there.key(TOM, 2)])


async def test_a_button_puts_off_once_however_often_it_is_pressed():
    there = await begun()
    async with there.unit() as work:
        await prompts.snooze(work, "S-1", TOM, 1)
    with pytest.raises(Stale, match="put this off already"):
        async with there.unit() as work:
            await prompts.snooze(work, "S-1", TOM, 1)
    await there.until(TOMS_NINE + HOUR)
    with pytest.raises(Stale, match="put this off already"):  # the old message's button
        async with there.unit() as work:
            await prompts.snooze(work, "S-1", TOM, 1)
    assert there.key(TOM, 3) not in there.said


async def test_a_snooze_never_asks_after_the_time_to_answer():
    there = await begun(TOMS_NINE + 2 * HOUR + 50 * MINUTE)
    async with there.unit() as work:
        sent = await prompts.snooze(work, "S-1", TOM)
    assert sent.ask_next_at == TOMS_NINE + 2 * HOUR + 55 * MINUTE
    await there.until(TOMS_NINE + 2 * HOUR + 56 * MINUTE)
    with pytest.raises(Refusal, match="nearly over"):
        async with there.unit() as work:
            await prompts.snooze(work, "S-1", TOM)


async def test_nobody_is_reminded_who_was_just_asked_or_will_be():
    there = await begun(TOMS_NINE + 2 * HOUR + 10 * MINUTE)
    async with there.unit() as work:
        await prompts.snooze(work, "S-1", TOM)
    await there.until(TOMS_NINE + 2 * HOUR + 45 * MINUTE)

    assert there.key(TOM, 2) in there.said
    assert f"round:S-1:remind:{TOM.id}" not in there.said


async def test_an_answer_ends_what_was_put_off():
    there = await begun()
    async with there.unit() as work:
        await prompts.snooze(work, "S-1", TOM)
    await there.answer(TOM, "did", "do")
    await there.until(TOMS_NINE + HOUR)

    assert there.key(TOM, 2) not in there.said
    with pytest.raises(Stale, match="You are done"):
        async with there.unit() as work:
            await prompts.snooze(work, "S-1", TOM)


async def test_a_question_after_downtime_says_that_it_is_late_and_why():
    there = Asked()
    await there.plan()
    await there.until(TOMS_NINE + 2 * HOUR, up_late=95 * MINUTE)

    assert "This comes 1 h 35 min late, because I was not running" in there.prompt(TOM)
    assert (await there.get(SentPrompt, f"S-1/{TOM.id}")).was_late
    assert "standup.asked_late" in there.kinds


async def test_a_question_whose_time_has_passed_is_missed_and_the_digest_says_so():
    there = Asked()
    await there.plan()
    there.clock.move(TOMS_NINE + 3 * HOUR + MINUTE - there.clock.at)
    await there.until(TOMS_NINE + 3 * HOUR + MINUTE)

    assert there.asked() == {ANA.id}
    assert (await there.get(Round, "S-1")).missed == (TOM.id,)
    missed = [entry for entry in there.entries if entry.kind == "standup.missed"]
    assert [str(subject) for subject in missed[0].subjects] == ["round:S-1", "standup:U-1", f"person:{TOM.id}"]
    assert there.store.ended[f"standup.prompt:S-1:{TOM.id}"] is Outcome.MISSED
    await there.until(TOMS_NINE + 12 * HOUR)
    digest = shown(there.said["round:S-1:digest"])
    assert "1 person was not asked in time, because I was not running · not asked: Tom" in digest
    assert there.key(TOM) not in there.said  # and nobody tells Tom that he did not answer
    facts = next(entry for entry in there.entries if entry.kind == "round.closed").facts
    assert [facts[name] for name in ("asked_in_time", "asked_late", "missed")] == [1, 1, 1]


async def test_an_answer_after_ones_own_time_is_late_though_the_round_goes_on():
    there = await begun()
    given = await there.answer(ANA, "in time", "x")
    await there.until(TOMS_NINE + 4 * HOUR)
    late = await there.answer(TOM, "slept", "wake up")

    assert not given.is_late
    assert late.late_by == HOUR
    assert shown(there.said[f"round:S-1:answer:{TOM.id}"]).startswith("Tom, late by 1 h")
    assert there.said[f"round:S-1:answer:{TOM.id}"].thread_of == "round:S-1"


async def test_answers_that_are_held_back_are_posted_at_the_end_and_late_ones_after_it():
    there = await begun(posting=Posting.AT_THE_END)
    await there.answer(TOM, "did", "do")
    assert f"round:S-1:answer:{TOM.id}" not in there.said
    await there.until(TOMS_NINE + 10 * HOUR)

    assert "did" in shown(there.said[f"round:S-1:answer:{TOM.id}"])
    await there.answer(LUIS, "overslept", "catch up")
    assert "overslept" in shown(there.said[f"round:S-1:answer:{LUIS.id}"])


async def test_a_stand_up_that_posts_a_digest_only_posts_no_answers():
    there = await begun(posting=Posting.DIGEST_ONLY)
    await there.answer(TOM, "did", "do")
    await there.until(TOMS_NINE + 10 * HOUR)

    assert not [key for key in there.said if ":answer:" in key]
    assert "*Tom* · next: do" in shown(there.said["round:S-1:digest"])


async def test_the_wave_of_one_zone_redraws_the_channels_message_once():
    there = Asked()
    people = tuple(person.__class__(f"U0P{n}", f"P{n}", "Europe/Berlin") for n, person in enumerate([TOM] * 20))
    there.directory.known |= {person.id: person for person in people}
    await there.plan(without(SETUP, people=tuple(person.id for person in people)), people)
    await there.until(TOMS_NINE + MINUTE)

    assert len(there.asked()) == 20
    drawn = [message for message in there.log if getattr(message, "key", "") == "round:S-1"]
    assert len(drawn) == 2  # as it opens, and when all of them are waited for
    assert "waiting: U0P0, U0P1" in there.parent


async def test_who_left_the_round_meanwhile_is_not_asked():
    there = Asked()
    await there.plan()
    job = there.jobs[f"standup.prompt:S-1:{TOM.id}"]
    async with there.unit() as work:
        round = await work.get(Round, "S-1")
        assert round
        await work.save(round.replan([prompt for prompt in round.prompts if prompt.user_id != TOM.id], ()))
    there.clock.move(timedelta(hours=2))

    assert await there.do(job, prompts.prompt_when_due) is Outcome.NOOP
    assert there.asked() == set()


async def test_somebody_who_was_not_asked_cannot_snooze():
    there = await begun()
    with pytest.raises(Stale, match="has not asked you"):
        async with there.unit() as work:
            await prompts.snooze(work, "S-1", MEI)


async def test_fifty_peoples_worth_of_text_still_fits_and_nothing_of_it_is_lost():
    there = Asked()
    people = tuple(replace(TOM, id=f"U0P{n}", name=f"P{n}") for n in range(50))
    there.directory.known |= {person.id: person for person in people}
    await there.plan(without(SETUP, people=tuple(person.id for person in people)), people)
    await there.until(TOMS_NINE)
    for person in people:
        await there.answer(person, "<&> " * 740, "next " * 590, f"{person.id} is blocked " * 100)

    for key in ("round:S-1", "round:S-1:digest", f"round:S-1:answer:{people[7].id}"):
        message = there.said[key]
        assert broken_rules(RENDER(message.template, message.context), most_blocks=50) == []
    assert "50 of 50 in" in shown(there.said["round:S-1:digest"])
    kept = await there.get(StandupAnswer, f"S-1/{people[49].id}")
    assert kept.to("q1") == ("<&> " * 740).strip()
