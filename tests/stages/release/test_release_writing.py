"""What a code host shows of a release: nothing before it is published, and afterwards what its notes say."""

from datetime import timedelta

import pytest

from bot.core.refusals import Refusal
from bot.stages.release import publish, write_elsewhere
from bot.stages.release.draft_and_approve import known
from bot.stages.release.model.notes import Voice
from bot.stages.release.write_elsewhere import WRITE, write
from commands.release import command
from tests.fakes import ANA, LUIS, TOM
from tests.stages.deploy.deploying import Harbour
from tests.stages.release.releasing import CAREFUL, PLAIN, SAID, STEP, THREE, as_it_is, draft, published

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
        write_elsewhere.owe(work, await as_it_is(world, id), "engineers", asked_by=TOM.id)

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


async def moved_after_approval(world: Harbour) -> str:
    id = await draft(world)
    await world.use(command, "approve", by=ANA, release=id)
    await world.use(command, "tick", by=ANA, release=id, activity=1)
    world.host.move("v1.4.0", "what nobody read")
    return id


async def test_notes_whose_tag_moved_since_they_were_approved_go_back_to_who_approves():
    world = Harbour(team=CAREFUL)
    id = await moved_after_approval(world)
    was = await as_it_is(world, id)

    answer = await world.use(command, "publish", by=TOM, release=id)

    now = await as_it_is(world, id)
    assert "was moved from" in answer.context["why"]
    assert (now.is_published, now.approval.is_given, now.fell_away) == (False, False, 1)
    assert (was.sha, now.sha) != (now.sha, was.sha)
    assert now.sha == world.host.sha("v1.4.0")
    assert "release.moved" in world.kinds
    with pytest.raises(Refusal, match=r"need 1 more approval\(s\)"):
        await world.use(command, "publish", by=TOM, release=id)


async def test_a_code_host_that_cannot_be_asked_lets_nothing_approved_out():
    world = Harbour(team=CAREFUL)
    id = await moved_after_approval(world)
    world.host.down = "GitHub answered 502"

    answer = await world.use(command, "publish", by=TOM, release=id)

    assert "cannot see whether v1.4.0 is still" in answer.context["why"]
    assert not (await as_it_is(world, id)).is_published


async def test_what_is_published_by_itself_goes_back_too_and_waits_for_the_code_host():
    world = Harbour(team=CAREFUL)
    id = await draft(world)
    await world.use(command, "approve", by=ANA, release=id)
    await world.use(command, "tick", by=ANA, release=id, activity=1)
    async with world.unit() as work:
        await publish.schedule(work, id, world.clock.now() + timedelta(hours=1), TOM)
    world.host.move("v1.4.0", "what nobody read")

    await world.later(timedelta(hours=1), publish.publish_when_due)

    now = await as_it_is(world, id)
    assert (now.is_published, now.plan, now.approval.is_given) == (False, None, False)
    (said,) = [said for said in world.said.values() if said.template == "release/not_published"]
    assert "was moved from" in said.context["why"]


async def test_the_code_host_is_not_told_of_a_tag_that_is_elsewhere_by_now():
    world = Harbour(team=PLAIN)
    id = await published(world)
    world.host.move("v1.4.0", "what nobody read")

    await written(world, id)

    assert world.host.releases == {}
    (said,) = [said for said in world.said.values() if said.template == "release/on_host"]
    assert "by now, and these notes are about" in said.context["why"]
