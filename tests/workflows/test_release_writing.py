"""What a code host shows of a release: nothing before it is published, and afterwards what its notes say."""

from datetime import timedelta

import pytest

from bot.domain.notes import Voice
from bot.domain.refusals import Refusal
from bot.workflows import release_writing
from bot.workflows.release import known
from bot.workflows.release_writing import WRITE, write
from commands.release import command
from tests.fakes import LUIS, TOM
from tests.workflows.deploying import Harbour
from tests.workflows.releasing import CAREFUL, PLAIN, SAID, STEP, THREE, as_it_is, draft, published

ONE = "Checkout: one step (#809)"


async def written(world: Harbour, id: str, voice: str = "engineers") -> None:
    await world.use(command, "notes", by=TOM, release=id, voice=voice, form="github")
    await world.later(timedelta(minutes=1), write)


def body(world: Harbour) -> str:
    return world.host.releases["v1.4.0"][1]


async def test_a_draft_is_not_written_before_those_who_must_have_agreed():
    world = Harbour(team=CAREFUL)
    id = await draft(world)

    with pytest.raises(Refusal, match=r"not published yet.* “/release publish R-1”, then ask again"):
        await world.use(command, "notes", by=TOM, release=id, form="github")
    await world.later(timedelta(minutes=1), write)

    assert world.host.releases == {}


async def test_what_was_asked_for_before_this_rule_is_not_written_either():
    world = Harbour(team=CAREFUL)
    id = await draft(world)
    async with world.unit() as work:
        release_writing.owe(work, await as_it_is(world, id), "engineers", asked_by=TOM.id)

    await world.later(timedelta(minutes=1), write)

    assert world.host.releases == {}
    (said,) = [said for said in world.said.values() if said.template == "release/on_host"]
    assert "not published yet" in said.context["why"]


async def test_publication_brings_up_to_date_what_is_there_already():
    world = Harbour(team=PLAIN)
    id = await draft(world)
    world.host.releases["v1.4.0"] = ("web v1.4.0", "the draft, as an older version of ours wrote it")
    async with world.unit() as work:
        was = await known(work, id)
        await work.save(was.written(Voice.ENGINEERS, "https://github.com/org/web/releases/tag/v1.4.0"))

    await world.use(command, "publish", by=LUIS, release=id)
    await world.later(timedelta(minutes=1), write)

    assert ONE in body(world)


async def test_of_two_corrections_at_once_the_newer_text_stays():
    world = Harbour(team=PLAIN)
    id = await published(world)
    await written(world, id)
    await world.use(command, "correct", by=TOM, release=id, line=1)
    (first,) = [job for job in world.jobs.values() if job.kind == WRITE]
    quick = world.host.write_release

    async def slow(*text):
        world.host.write_release = quick
        await world.use(command, "correct", by=TOM, release=id, line=2)
        (second,) = [job for job in world.jobs.values() if job.kind == WRITE and job.key != first.key]
        await world.do(second, write)
        return await quick(*text)

    world.host.write_release = slow
    await world.do(first, write)
    await world.later(timedelta(), write)

    assert body(world).count("~~ (not live)") == 2


async def test_the_voice_that_was_asked_for_last_stays():
    world = Harbour(team=THREE)
    world.host.bodies = {STEP: f"Release-Note: {SAID}"}
    id = await published(world)
    await written(world, id)
    await world.use(command, "correct", by=TOM, release=id, line=2)
    quick = world.host.write_release

    async def slow(*text):
        world.host.write_release = quick
        await world.use(command, "notes", by=TOM, release=id, voice="customers", form="github")
        (second,) = [job for job in world.jobs.values() if job.kind == WRITE and job.key != first.key]
        await world.do(second, write)
        return await quick(*text)

    world.host.write_release = slow
    (first,) = [job for job in world.jobs.values() if job.kind == WRITE]
    await world.do(first, write)
    await world.later(timedelta(minutes=1), write)

    assert SAID in body(world)
    assert (await as_it_is(world, id)).on_host == Voice.CUSTOMERS


async def test_a_correction_during_the_first_writing_is_written_too():
    world = Harbour(team=PLAIN)
    id = await published(world)
    quick = world.host.write_release

    async def slow(*text):
        world.host.write_release = quick
        await world.use(command, "correct", by=TOM, release=id, line=1)
        return await quick(*text)

    world.host.write_release = slow
    await written(world, id)

    assert f"~~{ONE}~~ (not live)" in body(world)
