"""Authors are asked once what customers should read, and their words go where they belong."""

import pytest

from bot.core.command import Door, Form
from bot.core.refusals import Refusal
from bot.stages.release.model.notes import Voice
from commands.release import command
from tests.fakes import ANA, LUIS, TOM
from tests.stages.deploy.deploying import Harbour
from tests.stages.release.releasing import SAID, STEP, THREE, as_it_is, draft, notes_key, told


async def asked(world: Harbour, id: str, by=ANA) -> Form:
    form = await world.use(command, "lines", by=by, release=id)
    assert isinstance(form, Form)
    return form


async def send(world: Harbour, form: Form, *texts: str, by=ANA):
    given = {f"line_{n}": text for n, text in enumerate(texts, start=1)}
    return await world.use(command, "lines", by=by, door=Door.FORM, **form.carry, **given)


async def test_the_author_is_asked_by_direct_message_and_their_words_are_in_the_draft():
    world = Harbour(team=THREE)
    id = await draft(world)

    question = world.said[f"release:{id}:asked:{ANA.id}"]
    assert (question.to, question.template) == (ANA.id, "release/asked")
    form = await asked(world, id)
    assert [field.label for field in form.fields] == ["Checkout: one step", "C-1 round half up"]
    await send(world, form, SAID, "none")

    drafted = await as_it_is(world, id)
    assert [line.text for line in drafted.notes[Voice.CUSTOMERS].lines] == [SAID]
    answered = world.said[f"release:{id}:asked:{ANA.id}"]
    assert not answered.context["is_open"]
    card = world.said[f"release:{id}"].context
    assert (card["asked"], card["answered"]) == (2, 2)


async def test_nobody_is_asked_twice_and_an_answer_goes_into_every_draft():
    world = Harbour(team=THREE)
    first = await draft(world)
    second = await draft(world, until="v1.4.1")
    assert f"release:{second}:asked:{ANA.id}" in world.said  # one change is new in it
    assert len((await asked(world, second)).fields) == 1

    await send(world, await asked(world, first), SAID)
    third = await draft(world)

    for id in (first, second, third):
        assert SAID in [line.text for line in (await as_it_is(world, id)).notes[Voice.CUSTOMERS].lines]
    assert f"release:{third}:asked:{ANA.id}" not in world.said


async def test_who_left_it_open_can_still_write():
    world = Harbour(team=THREE)
    id = await draft(world)

    await send(world, await asked(world, id), "", "Prices are rounded as you expect.")
    assert world.said[f"release:{id}:asked:{ANA.id}"].context["is_open"]
    await send(world, await asked(world, id), SAID)

    assert (await as_it_is(world, id)).notes[Voice.CUSTOMERS].count == 2


async def test_a_trailer_answers_before_anybody_asks():
    world = Harbour(team=THREE)
    world.host.bodies = {STEP: f"Release-Note: {SAID}", "fix: C-1 round half up (#812)": "Release-Note: none"}

    id = await draft(world)

    assert f"release:{id}:asked:{ANA.id}" not in world.said


async def test_nobody_is_asked_where_customers_read_nothing():
    world = Harbour()

    id = await draft(world)

    assert f"release:{id}:asked:{ANA.id}" not in world.said


async def test_words_that_come_too_late_are_kept_for_the_next_draft():
    world = Harbour(team=THREE)
    id = await draft(world)
    form = await asked(world, id)
    await world.use(command, "publish", by=TOM, release=id)

    answer = await send(world, form, SAID)

    assert answer.template == "release/lines_late"
    assert notes_key(id, "customers", "#news") not in world.said
    assert SAID in [line.text for line in (await as_it_is(world, await draft(world))).notes[Voice.CUSTOMERS].lines]


async def test_who_was_not_asked_and_who_writes_too_much_is_told():
    world = Harbour(team=THREE)
    id = await draft(world)

    with pytest.raises(Refusal, match="Nobody asked you about"):
        await world.use(command, "lines", by=LUIS, release=id)
    with pytest.raises(Refusal, match="500 is the most"):
        await send(world, await asked(world, id), "x" * 501)


async def test_published_words_are_those_of_the_author():
    world = Harbour(team=THREE)
    id = await draft(world)
    await send(world, await asked(world, id), f"<!channel> {SAID}")

    await world.use(command, "publish", by=TOM, release=id)

    assert told(world, notes_key(id, "customers", "#news")) == [f"<!channel> {SAID}"]
