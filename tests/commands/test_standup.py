import pytest

from bot.core.command import Door, Form, Reply
from bot.core.refusals import Stale, Unknown
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round
from commands.standup import command
from tests.fakes import ANA, GUS, LUIS, MEI, TOM, World
from tests.rendered import RENDER, shown, world


async def begun() -> World:
    there = world()
    await there.use(command, "start", people="@Tom and @Mei")
    return there


async def test_a_stand_up_asks_every_member_in_the_teams_channel():
    there = world()
    await there.use(command, "start")

    round = await there.get(Round, "S-1")
    assert round.channel == "#standup"
    assert round.people == (ANA.id, TOM.id, MEI.id, LUIS.id)
    assert GUS.id not in {message.to for message in there.said.values()}


@pytest.mark.parametrize(
    ("given", "channel"),
    [("#team-web", "#team-web"), ("Team-Web", "#team-web"), ("C0123456789", "C0123456789")],
)
async def test_a_stand_up_goes_where_it_is_said(given: str, channel: str):
    there = world()
    await there.use(command, "start", channel=given, people="@Tom")

    assert there.said["round:S-1"].to == channel


async def test_an_unknown_name_starts_nothing():
    there = world()
    with pytest.raises(Unknown):
        await there.use(command, "start", people="@Zoe")

    assert there.log == []


async def test_the_answer_button_opens_a_form_and_the_form_answers():
    there = await begun()
    form = await there.use(command, "answer", by=TOM, door=Door.BUTTON, round="S-1")

    assert isinstance(form, Form)
    assert [field.name for field in form.fields] == ["q1", "q2", "q3", "unblocker"]
    await there.use(command, "answer", by=TOM, door=Door.FORM, **form.carry, q2="write notes", q3="-")
    assert (await there.get(StandupAnswer, f"S-1/{TOM.id}")).plan == "write notes"
    assert "in: Tom" in shown(there.said["round:S-1"])


async def test_a_second_click_finds_the_answer_to_edit():
    there = await begun()
    await there.use(command, "answer", by=TOM, door=Door.FORM, round="S-1", step="save", q2="write notes")
    form = await there.use(command, "answer", by=TOM)

    assert isinstance(form, Form)
    assert {field.name: field.value for field in form.fields}["q2"] == "write notes"


async def test_a_closed_round_still_opens_its_form_and_says_that_it_is_late():
    there = await begun()
    await there.use(command, "close", round="S-1")
    form = await there.use(command, "answer", by=TOM, round="S-1")

    assert isinstance(form, Form)
    assert form.intro
    assert "marked late" in str(RENDER(form.intro.template, form.intro.context).blocks)
    late = await there.use(command, "answer", by=TOM, door=Door.FORM, **form.carry, q1="slept")
    assert isinstance(late, Reply)
    assert RENDER(late.template, late.context).text == "You are in, late (S-1)."


async def test_a_skip_without_a_round_is_of_the_one_that_waits():
    there = await begun()
    await there.use(command, "skip", by=TOM)

    assert "skipping: Tom" in shown(there.said["round:S-1"])
    with pytest.raises(Stale):
        await there.use(command, "skip", by=TOM, round="S-1")


async def test_an_unknown_round_suggests_the_newest():
    there = await begun()
    with pytest.raises(Unknown, match="Did you mean S-1"):
        await there.use(command, "answer", round="S-9")
