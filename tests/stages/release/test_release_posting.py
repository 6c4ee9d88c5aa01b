"""Publication: now or when it is due, to each audience in its voice; and elsewhere on request."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.messages import File
from bot.core.refusals import Refusal, Stale
from bot.core.team import Repository
from bot.stages.release import publish, write_elsewhere
from bot.stages.release.model.release_state import ReleaseState
from commands.release import command
from tests.fakes import ANA, LUIS, TOM
from tests.stages.deploy.deploying import HOUR, Harbour
from tests.stages.release.releasing import CAREFUL, SAID, STEP, THREE, as_it_is, draft, notes_key, published, told


async def test_each_audience_reads_its_voice_where_it_is():
    world = Harbour(team=THREE)
    world.host.bodies = {STEP: f"Release-Note: {SAID}\nOps-Note: Needs 2 GB more."}

    id = await published(world)

    assert {(said.to, said.template) for key, said in world.said.items() if ":notes:" in key} == {
        ("#releases", "release/notes_engineers"),
        ("#support", "release/notes_operators"),
        ("#ops", "release/notes_operators"),
        ("#news", "release/notes_customers"),
    }
    assert told(world, notes_key(id, "customers", "#news")) == [SAID]
    assert told(world, notes_key(id, "operators", "#ops"))[0] == "Checkout: one step: Needs 2 GB more."


async def test_an_audience_for_which_nothing_is_written_gets_nothing():
    world = Harbour(team=THREE)

    id = await published(world)

    assert notes_key(id, "customers", "#news") not in world.said
    assert [post.channel for post in (await as_it_is(world, id)).posts] == ["#releases", "#support", "#ops"]


async def test_scheduled_notes_go_out_by_themselves():
    world = Harbour()
    id = await draft(world)

    await world.use(command, "schedule", by=ANA, release=id, at=world.clock.now() + HOUR)
    assert not [key for key in world.said if ":notes:" in key]
    await world.later(HOUR, publish.publish_when_due)

    done = await as_it_is(world, id)
    assert (done.state, done.published_by, done.late_by) == (ReleaseState.PUBLISHED, ANA.id, None)


async def test_late_notes_say_so():
    world = Harbour()
    id = await draft(world)
    await world.use(command, "schedule", by=ANA, release=id, at=world.clock.now() + HOUR)

    await world.later(4 * HOUR, publish.publish_when_due, up_late=2 * HOUR)

    assert (await as_it_is(world, id)).late_by == 2 * HOUR


async def test_another_hour_moves_it_and_nothing_is_said_twice():
    world = Harbour()
    id = await draft(world)
    now = world.clock.now()
    await world.use(command, "schedule", by=ANA, release=id, at=now + HOUR)
    await world.use(command, "schedule", by=ANA, release=id, at=now + 3 * HOUR)

    await world.later(2 * HOUR, publish.publish_when_due)
    assert (await as_it_is(world, id)).state is ReleaseState.DRAFT
    await world.use(command, "unschedule", by=LUIS, release=id)
    with pytest.raises(Stale, match="is not scheduled"):
        await world.use(command, "unschedule", by=LUIS, release=id)
    await world.later(2 * HOUR, publish.publish_when_due)
    assert (await as_it_is(world, id)).state is ReleaseState.DRAFT
    await world.use(command, "schedule", by=ANA, release=id, at=now + 5 * HOUR)
    await world.later(2 * HOUR, publish.publish_when_due)
    assert (await as_it_is(world, id)).state is ReleaseState.PUBLISHED


async def test_what_is_missing_when_it_is_due_is_told_to_whoever_scheduled_it():
    world = Harbour(team=CAREFUL)
    id = await draft(world)
    answer = await world.use(command, "schedule", by=ANA, release=id, at=world.clock.now() + HOUR)
    assert answer.template == "release/scheduled"

    await world.later(HOUR, publish.publish_when_due)

    said = next(said for key, said in world.said.items() if ":not-published:" in key)
    assert (said.to, said.template) == (ANA.id, "release/not_published")
    assert "“Support knows” must be ticked" in said.context["why"]
    assert (await as_it_is(world, id)).plan is None


async def test_what_was_published_by_hand_does_not_go_out_again():
    world = Harbour()
    id = await draft(world)
    await world.use(command, "schedule", by=ANA, release=id, at=world.clock.now() + HOUR)

    await world.use(command, "publish", by=LUIS, release=id)
    await world.later(2 * HOUR, publish.publish_when_due)

    assert (await as_it_is(world, id)).published_by == LUIS.id
    assert not [key for key in world.said if ":not-published:" in key]


async def test_the_changelog_comes_as_a_file():
    world = Harbour()
    id = await draft(world)

    await world.use(command, "notes", by=TOM, release=id, voice="engineers", form="changelog")

    file = next(one for one in world.log if isinstance(one, File))
    assert (file.to, file.name) == (TOM.id, "CHANGELOG-web-v1.4.0.md")
    assert b"## [1.4.0] - 2026-11-24\n\n### Added\n\n- Checkout: one step (#809)\n" in file.content


async def test_notes_are_read_with_their_numbers():
    world = Harbour()
    id = await draft(world)

    answer = await world.use(command, "notes", by=TOM, release=id)

    assert [(line.number, line.text) for line in answer.context["notes"].lines] == [
        (1, "Checkout: one step (#809)"),
        (2, "C-1 round half up (#812)"),
    ]


async def test_github_gets_the_release_of_the_tag_and_whoever_asked_is_told():
    world = Harbour()
    id = await published(world)

    await world.use(command, "notes", by=LUIS, release=id, form="github")
    await world.later(timedelta(minutes=1), write_elsewhere.write)

    title, body = world.host.releases["v1.4.0"]
    assert title == "web v1.4.0"
    assert "### Features\n\n- Checkout: one step (#809)" in body
    said = next(said for said in world.said.values() if said.template == "release/on_host")
    assert (said.to, said.context["why"]) == (LUIS.id, "")
    assert (await as_it_is(world, id)).host_url.endswith("/org/web/releases/tag/v1.4.0")


async def test_a_ref_that_is_no_tag_has_no_release_on_github():
    world = Harbour()
    world.host.history.append(("", "fix: more"))
    id = await published(world, since="v1.4.1", until="HEAD")

    await world.use(command, "notes", by=LUIS, release=id, form="github")
    world.host.history = [("v1.3.9", "x")]
    world.host.sha = _no_tag
    await world.later(timedelta(minutes=1), write_elsewhere.write)

    said = next(said for said in world.said.values() if said.template == "release/on_host")
    assert "is no tag on the code host" in said.context["why"]


async def test_without_a_repository_on_github_there_is_nowhere_to_write_to():
    web = replace(THREE.services["web"], repository=Repository(git="/srv/web"))
    world = Harbour(team=replace(THREE, services={"web": web}))
    id = await draft(world)

    with pytest.raises(Refusal, match="names no repository of web on GitHub or GitLab"):
        await world.use(command, "notes", by=LUIS, release=id, form="github")


def _no_tag(ref: str) -> str:
    from bot.stages.code.model.ports import RefUnknown  # noqa: PLC0415

    raise RefUnknown(ref)
