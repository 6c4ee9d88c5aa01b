"""A line that several things keep from readers is live again only when all of them are over."""

from datetime import timedelta

import pytest

from bot.core.events import DeploymentReported, RunState
from bot.core.refusals import Stale
from bot.stages.deploy import reported_by_others
from bot.stages.flags.model.flag import OFF, ON
from commands.release import command
from tests.fakes import ANA, LUIS, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import Harbour, go_live
from tests.stages.release.releasing import (
    PLAIN,
    as_it_is,
    corrections,
    draft,
    hide,
    notes_key,
    published,
    roll_back,
    turn,
)


async def live() -> tuple[Harbour, str]:
    """A world in which v1.4.0 is live, and its deployment."""
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    return world, await go_live(world, "v1.4.0")


async def test_what_two_flags_hide_is_live_when_both_are_on():
    world, _ = await live()
    id = await draft(world)
    await hide(world, "fa", service="web", release=id)
    await hide(world, "fb", service="web", release=id)
    await world.use(command, "publish", by=ANA, release=id)

    await turn(world, "fa", ON)
    assert (await as_it_is(world, id)).struck == {1, 2}
    await turn(world, "fb", ON)
    assert (await as_it_is(world, id)).struck == set()


async def test_what_was_rolled_back_behind_a_flag_is_not_live_by_the_flag_alone():
    world, deployment = await live()
    id = await draft(world)
    await hide(world, "fa", service="web", release=id)
    await world.use(command, "publish", by=ANA, release=id)
    await roll_back(world, deployment)

    await turn(world, "fa", ON)

    assert (await as_it_is(world, id)).struck == {1, 2}
    head = shown(world.said[notes_key(id, "engineers", "#releases")])
    assert "web v1.4.0 was rolled back at" in head
    assert "is off" not in head


async def test_what_goes_live_again_behind_a_flag_is_still_hidden():
    world, deployment = await live()
    id = await draft(world)
    await hide(world, "fa", service="web", release=id)
    await turn(world, "fa", ON)
    await world.use(command, "publish", by=ANA, release=id)
    await roll_back(world, deployment)
    await turn(world, "fa", OFF)

    await go_live(world, "v1.4.0")

    assert (await as_it_is(world, id)).struck == {1, 2}


async def test_a_line_struck_by_hand_stays_so_whatever_struck_it_before():
    world, deployment = await live()
    id = await published(world)
    await roll_back(world, deployment)
    await world.use(command, "correct", by=LUIS, release=id, line=2)

    await go_live(world, "v1.4.0")

    assert (await as_it_is(world, id)).struck == {2}
    with pytest.raises(Stale, match="by hand already"):
        await world.use(command, "correct", by=TOM, release=id, line=2)


async def test_a_further_cause_is_named_where_the_notes_stand_and_no_thread_is_told_of_nothing():
    world, deployment = await live()
    id = await published(world)
    await roll_back(world, deployment)
    await world.use(command, "correct", by=LUIS, release=id, line=2)

    assert [len(said.context["lines"]) for said in corrections(world, id)] == [2]
    head = shown(world.said[notes_key(id, "engineers", "#releases")])
    assert "was rolled back at" in head
    assert "was corrected by" in head


async def test_who_told_of_a_rollback_is_named_where_nobody_asked_us_for_it():
    world = Harbour(team=PLAIN)
    for number, version in enumerate(("v1.3.9", "v1.4.0")):
        await reported(world, number, version)
    id = await published(world)

    await reported(world, 3, "v1.3.9")

    assert (await as_it_is(world, id)).struck == {1, 2}
    (said,) = corrections(world, id)
    assert "rolled back (D-3, reported by Argo CD) at" in shown(said)
    assert [entry.by for entry in world.entries if entry.kind == "release.corrected"] == ["argocd"]


async def reported(world: Harbour, number: int, version: str) -> None:
    """Argo CD says that this version is live in production."""
    world.clock.move(timedelta(minutes=10))
    event = DeploymentReported(
        source="argocd",
        repository="",
        actor="",
        deployment=str(number),
        state=RunState.PASSED,
        at=world.clock.now(),
        sha=world.host.sha(version),
        ref=version,
        environment="production",
        facts={"service": "web", "version": version},
    )
    await world.happen(event, reported_by_others.deployment_reported)
    await world.later(timedelta(), reported_by_others.look_what_shipped)


async def test_every_flag_that_hides_something_at_publication_is_named():
    world, _ = await live()
    id = await draft(world)
    await hide(world, "fa", service="web", change="C-1")
    await hide(world, "fb", service="web", release=id)
    await world.use(command, "publish", by=ANA, release=id)

    (said,) = corrections(world, id)
    assert "flag fa is off · flag fb is off" in shown(said)
    assert "keeps something hidden: flag fa is off, flag fb is off" in shown(
        world.said[notes_key(id, "engineers", "#releases")]
    )
