"""Published notes stay true: after a rollback, behind a flag, and by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.command import Door, Form
from bot.core.refusals import Refusal, Stale
from bot.stages.deploy.run import run
from bot.stages.flags.model.flag import ON, Flag, Place
from bot.stages.release import correct, write_elsewhere
from commands.release import command
from tests.fakes import ANA, LUIS, NOON, TOM
from tests.stages.deploy.deploying import Harbour, ask, go_live
from tests.stages.release.releasing import (
    PLAIN,
    SAID,
    STEP,
    THREE,
    as_it_is,
    corrections,
    draft,
    notes_key,
    published,
    roll_back,
    told,
)

ONE, TWO = "Checkout: one step (#809)", "C-1 round half up (#812)"


async def test_a_rollback_strikes_the_notes_everywhere_and_says_so_once_in_each_thread():
    world = Harbour(team=THREE)
    world.host.bodies = {STEP: f"Release-Note: {SAID}"}
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.4.0")
    id = await published(world)

    await roll_back(world, deployment)

    assert told(world, notes_key(id, "engineers", "#releases")) == [f"~{ONE}~", f"~{TWO}~"]
    assert told(world, notes_key(id, "customers", "#news")) == [f"~{SAID}~"]
    for voice, channel in (("engineers", "#releases"), ("operators", "#ops"), ("customers", "#news")):
        first = notes_key(id, voice, channel)
        replies = [said for said in world.said.values() if said.thread_of == first]
        assert [reply.template for reply in replies] == ["release/corrected"]
        assert [strike.by for strike in replies[0].context["strikes"]] == [LUIS.id]
    assert [entry.by for entry in world.entries if entry.kind == "release.corrected"] == [LUIS.id]
    assert world.said[f"release:{id}"].context["release"].struck == {1, 2}


async def test_what_goes_live_again_is_live_again():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.4.0")
    id = await published(world)
    await roll_back(world, deployment)

    await go_live(world, "v1.4.0")

    first = notes_key(id, "engineers", "#releases")
    assert told(world, first) == [ONE, TWO]
    replies = [said for said in world.said.values() if said.thread_of == first]
    assert [reply.context["is_struck"] for reply in replies] == [True, False]


async def test_a_newer_version_rolled_back_takes_the_older_one_along_where_it_brought_it():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    id = await published(world)
    deployment = await go_live(world, "v1.4.1")  # v1.4.0 was never there by itself

    await roll_back(world, deployment)

    assert (await as_it_is(world, id)).struck == {1, 2}


async def test_a_rollback_in_staging_changes_nothing_for_readers():
    world = Harbour(team=PLAIN)
    id = await published(world)
    for version in ("v1.3.9", "v1.4.0"):
        deployment = await ask(world, version, "staging")
        await world.later(timedelta(minutes=1), run)

    await roll_back(world, deployment)

    assert not (await as_it_is(world, id)).strikes


async def test_a_draft_and_another_version_are_left_alone():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.4.0")
    deployment = await go_live(world, "v1.4.1")
    older = await published(world)
    drafted = await draft(world, until="v1.4.1")

    await roll_back(world, deployment)

    assert not (await as_it_is(world, older)).strikes
    assert not (await as_it_is(world, drafted)).strikes


async def test_the_release_on_github_is_corrected_too():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.4.0")
    id = await published(world)
    await world.use(command, "notes", by=LUIS, release=id, form="github")
    await world.later(timedelta(minutes=1), write_elsewhere.write)

    await roll_back(world, deployment)
    await world.later(timedelta(minutes=1), write_elsewhere.write)

    assert f"~~{ONE.replace('(', '(')}~~ (not live)" in world.host.releases["v1.4.0"][1]


async def test_one_line_by_hand_chosen_from_a_form():
    world = Harbour(team=THREE)
    id = await published(world)

    form = await world.use(command, "correct", by=LUIS, release=id)

    assert isinstance(form, Form)
    assert form.fields[0].parameter.choices == (f"1. {ONE}", f"2. {TWO}")
    sent = {**form.carry, "chosen": f"2. {TWO}", "reason": "It came later"}
    await world.use(command, "correct", by=LUIS, door=Door.FORM, **sent)
    assert told(world, notes_key(id, "engineers", "#releases")) == [ONE, f"~{TWO}~"]
    assert told(world, notes_key(id, "operators", "#ops"))[1].startswith("~")
    left = await world.use(command, "correct", by=LUIS, release=id)
    assert isinstance(left, Form)
    assert left.fields[0].parameter.choices == (f"1. {ONE}",)
    with pytest.raises(Stale, match="struck through by hand already"):
        await world.use(command, "correct", by=LUIS, release=id, line=2)
    with pytest.raises(Refusal, match="has no line 7"):
        await world.use(command, "correct", by=LUIS, release=id, line=7)


async def test_a_correction_by_hand_is_taken_back():
    world = Harbour(team=THREE)
    id = await published(world)
    with pytest.raises(Stale, match="Nobody struck a line of R-1"):
        await world.use(command, "uncorrect", by=LUIS, release=id)
    await world.use(command, "correct", by=LUIS, release=id, line=2)

    form = await world.use(command, "uncorrect", by=TOM, release=id)
    assert isinstance(form, Form)
    assert form.fields[0].parameter.choices == (f"2. {TWO}",)
    await world.use(command, "uncorrect", by=TOM, door=Door.FORM, **form.carry, chosen=f"2. {TWO}")

    assert told(world, notes_key(id, "engineers", "#releases")) == [ONE, TWO]
    assert corrections(world, id)[-1].context["is_struck"] is False
    assert [entry.by for entry in world.entries if entry.kind == "release.corrected"] == [LUIS.id, TOM.id]
    with pytest.raises(Stale, match="Nobody struck line 2 of R-1 through by hand"):
        await world.use(command, "uncorrect", by=TOM, release=id, line=2)


async def test_what_else_is_not_live_stays_struck_when_a_correction_is_taken_back():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.4.0")
    id = await published(world)
    await world.use(command, "correct", by=LUIS, release=id, line=2)
    await roll_back(world, deployment)

    await world.use(command, "uncorrect", by=LUIS, release=id, line=2)

    assert (await as_it_is(world, id)).struck == {1, 2}
    with pytest.raises(Stale, match="which its card explains"):
        await world.use(command, "uncorrect", by=LUIS, release=id, line=2)


async def test_a_part_that_goes_live_again_is_said_to_be_so():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.4.0")
    id = await published(world)
    await roll_back(world, deployment)

    await go_live(world, f"{2:040x}")  # the commit of the second line

    assert (await as_it_is(world, id)).struck == {1}
    assert corrections(world, id)[-1].context["is_struck"] is False
    facts = [entry.facts for entry in world.entries if entry.kind == "release.corrected"]
    assert [fact["live"] for fact in facts] == [False, True]


async def test_a_draft_is_edited_and_not_corrected():
    world = Harbour(team=PLAIN)
    id = await draft(world)

    with pytest.raises(Refusal, match="Nobody has read the notes"):
        await world.use(command, "correct", by=LUIS, release=id, line=1)


async def test_a_flag_that_is_still_off_strikes_what_it_hides_until_it_is_on():
    world = Harbour(team=PLAIN)
    flag = await world.add(Flag.make("rounding", ANA, NOON, change="C-1"))

    id = await published(world)

    first = notes_key(id, "engineers", "#releases")
    assert told(world, first) == [ONE, f"~{TWO}~"]
    last = max(world.team.environments.values(), key=lambda one: one.order).name
    async with world.unit() as work:
        known = await work.get(Flag, flag.id)
        turned = known.put(last, Place(ON, NOON))
        await work.save(turned)
        await correct.after_flag(work, turned, last)
    assert told(world, first) == [ONE, TWO]


async def test_a_rollback_of_long_notes_edits_every_part_and_adds_none():
    world = Harbour(team=PLAIN)
    world.host.history = [(f"v{n}", f"feat: thing {n} {'word ' * 30} (#{n})") for n in range(1, 80)]
    await go_live(world, "v1")
    deployment = await go_live(world, "v79")
    id = await published(world, since="v1", until="v79")
    before = [key for key in world.said if f"release:{id}:notes" in key]

    await roll_back(world, deployment)

    after = [key for key in world.said if f"release:{id}:notes" in key and ":correction:" not in key]
    assert before == after
    assert len(after) > 3
    assert all(text.startswith("~") for key in after for text in told(world, key))
    assert replace(await as_it_is(world, id), strikes=()).commits == 78
