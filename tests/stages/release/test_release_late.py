"""Notes that come out after the fact are true at once, and a flag reaches whatever it hides."""

from dataclasses import replace
from datetime import timedelta

from bot.stages.flags import flags
from bot.stages.flags.model.flag import ON, Flag
from bot.stages.plan.model.change import Change
from bot.stages.release.compare import compare
from commands.release import command
from tests.fakes import ANA, LUIS, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import Harbour, go_live
from tests.stages.release.releasing import PLAIN, as_it_is, corrections, draft, hide, published, roll_back, turn


async def test_notes_of_what_was_rolled_back_before_say_so_at_once():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.4.0")
    id = await draft(world)
    await roll_back(world, deployment)

    await world.use(command, "publish", by=ANA, release=id)

    assert (await as_it_is(world, id)).struck == {1, 2}
    (said,) = corrections(world, id)
    assert "rolled back by Luis (D-3)" in shown(said)
    await go_live(world, "v1.4.1")
    assert (await as_it_is(world, id)).struck == set()


async def test_notes_of_what_came_back_before_are_whole():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.4.0")
    await roll_back(world, deployment)
    await go_live(world, "v1.4.0")

    id = await published(world)

    assert not (await as_it_is(world, id)).strikes
    assert not corrections(world, id)


async def test_every_cause_at_publication_is_named():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.4.0")
    id = await draft(world)
    await hide(world, "rounding", change="C-1")
    await roll_back(world, deployment)

    await world.use(command, "publish", by=ANA, release=id)

    (said,) = corrections(world, id)
    assert "rolled back by Luis (D-3)" in shown(said)
    assert "flag rounding is off" in shown(said)


async def test_what_was_rolled_back_among_many_commits_is_asked_of_the_code_host():
    world = Harbour(team=PLAIN)
    more = [("", f"fix: c{n}") for n in range(60)]
    world.host.history = [("v1.3.9", "feat: begin"), ("v1.4.0", "feat: by itself"), *more, ("v1.5.0", "feat: last")]
    await go_live(world, "v1.3.9")
    deployment = await go_live(world, "v1.5.0")
    await roll_back(world, deployment)

    id = await published(world)
    await world.later(timedelta(), compare)

    assert (await as_it_is(world, id)).struck == {1}


async def test_a_flag_of_another_service_lifts_what_it_struck():
    world = Harbour(team=PLAIN)
    id = await draft(world)
    await hide(world, "fa", service="payments", release=id)
    await world.use(command, "publish", by=ANA, release=id)
    assert (await as_it_is(world, id)).struck == {1, 2}

    await turn(world, "fa", ON)

    assert (await as_it_is(world, id)).struck == set()


async def test_a_flag_reaches_a_release_however_old_it_is():
    world = Harbour(team=PLAIN)
    await world.add(Change(title="Round half up", created_by=TOM.id, created_at=world.clock.now()))
    await hide(world, "rounding", service="payments", change="C-1")
    id = await published(world)
    assert (await as_it_is(world, id)).struck == {2}
    newer = replace(await as_it_is(world, id), id="", brought=(), strikes=())
    async with world.unit() as work:
        for _ in range(101):
            await work.add(newer)

    await turn(world, "rounding", ON)

    assert (await as_it_is(world, id)).struck == set()


async def test_a_new_flag_hides_what_people_have_read_of_already():
    world = Harbour(team=PLAIN)
    id = await published(world)

    async with world.unit() as work:
        await flags.add(work, "fa", LUIS, service="payments", release=id)

    assert (await as_it_is(world, id)).struck == {1, 2}
    assert "flag fa is off" in shown(corrections(world, id)[0])


async def test_no_flag_is_too_many():
    world = Harbour(team=PLAIN)
    id = await draft(world)
    async with world.unit() as work:
        for n in range(1_001):
            await work.add(Flag.make(f"other_{n}", TOM, world.clock.now()))
        await work.add(Flag.make("last_one", TOM, world.clock.now(), release=id))

    await world.use(command, "publish", by=ANA, release=id)

    assert (await as_it_is(world, id)).struck == {1, 2}
