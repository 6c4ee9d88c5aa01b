"""What a deployment brought or took back is told by its commits, whatever they are called."""

from datetime import timedelta

from bot.stages.code.model.ports import CodeHost, Commit
from bot.stages.release import draft_and_approve, what_is_live
from bot.stages.release.compare import compare
from bot.stages.release.model.notes import Voice
from commands.deploy import command as deploy_command
from commands.release import command
from tests.fakes import ANA, LUIS, NOON, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import HISTORY, Harbour, ScriptedHost, go_live, press
from tests.stages.release.releasing import PLAIN, as_it_is, corrections, draft, published, roll_back


async def test_of_a_branch_deployed_twice_only_the_newer_commits_are_taken_back():
    world = Harbour(team=PLAIN)
    world.host.history = [("v1", "feat: begin"), ("main", "feat: a")]
    await go_live(world, "v1")
    await go_live(world, "main")
    older = await published(world, since="v1", until="main")
    was = world.host.sha("main")
    world.host.history = [("v1", "feat: begin"), ("", "feat: a"), ("main", "feat: b")]
    deployment = await go_live(world, "main")
    newer = await published(world, since=was, until="main")

    await roll_back(world, deployment)

    assert (await as_it_is(world, older)).struck == set()
    assert (await as_it_is(world, newer)).struck == {1}


async def test_what_is_live_again_is_not_struck_whatever_the_card_listed():
    """It was asked for while v1.3.9 was live, and so its card lists what v1.4.0 brought before it."""
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    late = await world.use(deploy_command, by=TOM, service="web", version="v1.4.1", environment="production")
    deployment = late.context["deployment"].id
    await go_live(world, "v1.4.0")
    id = await published(world)
    await press(world, "approve", deployment, ANA)
    await world.run_due(timedelta(minutes=1))

    await roll_back(world, deployment)

    assert (await as_it_is(world, id)).struck == set()


async def test_lines_that_a_person_added_go_with_the_rest_of_their_release():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    id = await draft(world)
    text = "Checkout: one step (#809)\nC-1 round half up (#812)\nThank you for your patience"
    async with world.unit() as work:
        await draft_and_approve.edit(work, id, ANA, version="", texts={Voice.ENGINEERS: text})
    await world.use(command, "publish", by=ANA, release=id)
    deployment = await go_live(world, "v1.4.1")

    await roll_back(world, deployment)

    assert len((await as_it_is(world, id)).struck) == 3


async def long_history() -> tuple[Harbour, str, str]:
    """v1.5.0 is live and brought sixty commits more than v1.4.0, whose notes are out; and its deployment."""
    world = Harbour(team=PLAIN)
    more = [("", f"fix: c{n}") for n in range(60)]
    world.host.history = [("v1.3.9", "feat: begin"), ("v1.4.0", "feat: by itself"), *more, ("v1.5.0", "feat: last")]
    await go_live(world, "v1.3.9")
    id = await published(world)
    return world, id, await go_live(world, "v1.5.0")


async def test_commits_that_no_card_lists_are_asked_of_the_code_host():
    world, id, deployment = await long_history()

    await roll_back(world, deployment)
    await world.later(timedelta(), compare)
    assert (await as_it_is(world, id)).struck == {1}
    assert [said.context["strikes"][0].by for said in corrections(world, id)] == [LUIS.id]

    await go_live(world, "v1.5.0")
    await world.later(timedelta(), compare)
    assert (await as_it_is(world, id)).struck == set()


async def test_the_channel_is_told_where_the_code_host_cannot_tell():
    world, id, deployment = await long_history()
    world.host.too_long = True

    await roll_back(world, deployment)
    await world.later(timedelta(), compare)

    said = world.said["release:unsure:D-3"]
    assert said.to == "#releases"
    assert "cannot tell what D-3 (web v1.3.9 to production) takes back of R-1 web v1.4.0" in shown(said)
    assert (await as_it_is(world, id)).struck == set()


async def test_what_went_live_while_the_host_was_asked_counts():
    world, id, deployment = await long_history()
    await roll_back(world, deployment)
    job = next(job for job in world.jobs.values() if job.kind == what_is_live.COMPARE)
    commits = world.host.commits

    async def slow(*asked):
        world.host.commits = commits
        await go_live(world, "v1.4.0")
        return await commits(*asked)

    world.host.commits = slow
    await world.do(job, compare)
    await world.later(timedelta(), compare)

    assert (await as_it_is(world, id)).struck == set()


async def test_what_came_between_asking_and_starting_is_not_taken_back_with_it():
    """v1.5.0 was asked for while v1.3.9 was live, and started from v1.4.1: that is what comes back."""
    world = Harbour(team=PLAIN)
    world.host.history.append(("v1.5.0", "feat: last"))
    await go_live(world, "v1.3.9")
    asked = await world.use(deploy_command, by=TOM, service="web", version="v1.5.0", environment="production")
    deployment = asked.context["deployment"].id
    await go_live(world, "v1.4.1")
    older = await published(world)
    newest = await published(world, since="v1.4.1", until="v1.5.0")
    await press(world, "approve", deployment, ANA)
    await world.run_due(timedelta(minutes=1))

    await roll_back(world, deployment)
    await world.later(timedelta(), compare)

    assert (await as_it_is(world, older)).struck == set()
    assert (await as_it_is(world, newest)).struck == {1}


class Branched(ScriptedHost):
    """v1.3.10 branched off from v1.3.9, and has none of what v1.4.0 brought but what was picked: #812."""

    HOTFIX = "f" * 40

    def sha(self, ref: str) -> str:
        return self.HOTFIX if ref == "v1.3.10" else super().sha(ref)

    async def commits(self, repository, since, until):
        hotfix, base = self.HOTFIX, super().sha("v1.3.9")
        fixes = [Commit(hotfix, "fix: C-1 round half up (#812)", "", "ana-dev", "", NOON, 812)]
        if hotfix not in (since, until):
            return await super().commits(repository, since, until)
        if since == hotfix:
            return await super().commits(repository, base, until)
        return fixes


async def test_what_a_hotfix_of_an_older_version_leaves_out_is_not_live():
    world = Harbour(team=PLAIN)
    host = Branched(*HISTORY)
    world.tools = world.tools.with_ports({CodeHost: host})
    await go_live(world, "v1.3.9")
    await go_live(world, "v1.4.0")
    id = await published(world)

    deployment = await go_live(world, "v1.3.10")
    await world.later(timedelta(), compare)
    assert (await as_it_is(world, id)).struck == {1}

    await roll_back(world, deployment)
    await world.later(timedelta(), compare)
    assert (await as_it_is(world, id)).struck == set()


async def test_where_all_is_listed_nobody_is_told_that_the_host_cannot_tell():
    world = Harbour(team=PLAIN)
    await go_live(world, "v1.3.9")
    await go_live(world, "v1.4.0")
    await published(world)
    await go_live(world, "v1.4.1")
    world.host.too_long = True

    await world.later(timedelta(), compare)

    assert not [key for key in world.said if key.startswith("release:unsure")]
