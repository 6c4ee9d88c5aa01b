"""Answering by form and by plain words, with a stand-up's own questions."""

import pytest

from bot.core.command import Call, Door, Form, Reply
from bot.core.refusals import Refusal
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.questions import Asks, Question
from commands.standup import command
from commands.standup.answers import heard
from tests.fakes import ANA, LUIS, TOM
from tests.rendered import RENDER, buttons, shown
from tests.stages.code.asking import HOUR, SETUP, TOMS_NINE, Asked, without

OWN = (Question("q4", "What did you ship?"), Question("q5", "What is in the way?", Asks.BLOCKS))


async def begun(**changes):
    there = Asked()
    await there.plan(without(SETUP, **changes))
    await there.until(TOMS_NINE)
    return there


async def write(there, words, by=TOM):
    """A direct message to the bot; gives what it answers, rendered, or nothing where it is not meant."""
    answer = await there.unit.run(lambda work: heard(_call(there, words, by), work))
    return RENDER(answer.template, answer.context).text if answer else None


async def test_the_form_has_the_stand_ups_own_questions_and_who_can_unblock():
    there = await begun(questions=OWN)
    form = await there.use(command, "answer", by=TOM, door=Door.BUTTON, round="S-1")

    assert isinstance(form, Form)
    assert [(field.name, field.label) for field in form.fields][:2] == [
        ("q4", "What did you ship?"),
        ("q5", "What is in the way?"),
    ]
    assert form.fields[-1].name == "unblocker"
    assert form.title == "Team web"
    await there.use(command, "answer", by=TOM, door=Door.FORM, round="S-1", step="save", q4="C-38", q5="red tests")
    assert (await there.get(StandupAnswer, f"S-1/{TOM.id}")).blocked == "red tests"
    assert "What did you ship?" in shown(there.said[f"round:S-1:answer:{TOM.id}"])


async def test_an_empty_form_is_refused_at_its_first_field():
    there = await begun(questions=OWN)
    with pytest.raises(Refusal, match="Fill one of the 2 lines") as refused:
        await there.use(command, "answer", by=TOM, door=Door.FORM, round="S-1", step="save")
    assert refused.value.field == "q4"


async def test_three_lines_written_directly_are_an_answer():
    there = await begun()
    assert "You are in · Team web" in str(await write(there, "shipped it\nthe rollout\nnothing"))

    given = await there.get(StandupAnswer, f"S-1/{TOM.id}")
    assert [one.words for one in given.said] == ["shipped it", "the rollout"]
    assert there.prompt(TOM).startswith("You are in")
    assert buttons(there.said[there.key(TOM)]) == [("standup.answer", "S-1")]


async def test_what_cannot_be_told_apart_stands_under_the_first_question_and_says_so():
    there = await begun()
    answer = await there.unit.run(
        lambda work: heard(_call(there, "we shipped it\nand it works"), work),
    )
    assert isinstance(answer, Reply)
    assert "I could not tell which line answers what" in str(RENDER(answer.template, answer.context).blocks)
    given = await there.get(StandupAnswer, f"S-1/{TOM.id}")
    assert [(one.question, one.words) for one in given.said] == [("q1", "we shipped it\nand it works")]


async def test_skip_written_directly_passes():
    there = await begun()
    assert "You skip" in str(await write(there, "skip today"))
    assert "skipping: Tom" in there.parent


async def test_words_of_somebody_whom_nothing_waits_for_are_not_meant():
    there = await begun()
    assert await write(there, "hello there", LUIS) is None  # asked in six hours
    await write(there, "a\nb\nc")
    assert await write(there, "and another thing") is None  # answered already
    assert await write(there, "what is this", ANA) is None


async def test_after_the_end_words_are_not_posted_as_a_late_answer():
    there = await begun()
    await there.until(TOMS_NINE + 12 * HOUR)
    assert await write(there, "sorry, overslept") is None


async def test_snooze_by_its_button_and_as_a_command():
    there = await begun()
    assert await there.use(command, "later", by=TOM, door=Door.BUTTON, round="S-1", times=1) is None
    assert there.prompt(TOM).startswith("Put off")
    await there.until(TOMS_NINE + HOUR)
    reply = await there.use(command, "snooze", by=TOM)
    assert isinstance(reply, Reply)
    assert "I ask you again" in RENDER(reply.template, reply.context).text


def _call(there, words, by=TOM):
    return Call({"text": words}, by, there.clock.now(), f"message:{words}", Door.MENTION, "D0")
