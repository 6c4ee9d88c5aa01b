"""What is asked for is found behind any number of newer ones that are something else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import AlertFired, AlertResolved, CheckKind, RunState
from bot.core.ledger import Subject
from bot.core.team import Environment
from bot.stages.build import runs as build_runs
from bot.stages.build.model.run import Purpose, Run
from bot.stages.code import blocker_links
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.deploy import approved as deploy_approved
from bot.stages.deploy import rules
from bot.stages.deploy.model.changes_shipped import Version
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.monitor import route
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.storm import Storm, summed_up
from bot.stages.release import correct, what_is_live
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import ReleaseState
from bot.stages.standup import health, history
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Standup
from bot.team.environments import look_again
from tests.fakes import NOON, TEAM, TOM, World
from tests.rendered import RENDER
from tests.stages.code.asking import Asked

DAY = timedelta(days=1)
MANY = 450
STAGED = replace(
    TEAM,
    environments={"staging": Environment("staging"), "production": Environment("production", 1, after="staging")},
)


def run_(number: int, branch: str = "main", state: RunState = RunState.PASSED, fork: str = "") -> Run:
    return Run(
        f"org/web/{number}",
        Purpose.BUILD,
        "org/web",
        "web",
        "build",
        number,
        1,
        branch,
        f"{number:040x}",
        state,
        NOON,
        kind=CheckKind.ACTIONS,
        fork=fork,
    )


def live(version: str, environment: str = "production", **more: object) -> Deployment:
    asked = Deployment.ask("web", version, Environment(environment), TOM, NOON - DAY)
    values: dict[str, Any] = {"state": State.SUCCEEDED, "ended_at": NOON - DAY} | more
    return replace(asked, **values)


def group(name: str, state: str = "firing", origin: str = "am:g") -> AlertGroup:
    fired = AlertFired("am", name, "g", {"service": "web"}, {}, NOON, NOON)
    return replace(AlertGroup("am", f"key-{name}", NOON, origin=origin).fire(fired), channel="#alerts", state=state)


async def put(world: World, *things: object) -> None:
    async with world.unit() as work:
        for one in things:
            await work.add(one)  # pyright: ignore[reportArgumentType]


async def test_the_run_before_on_its_branch_is_behind_any_number_of_other_branches() -> None:
    world = World()
    broken = run_(2)
    await put(world, run_(1, state=RunState.FAILED), *(run_(n, f"topic-{n}") for n in range(10, MANY)), broken)
    async with world.unit() as work:
        before = await build_runs._previous(work, broken)

    assert (before and before.number, before and before.state) == (1, RunState.FAILED)


async def test_the_newest_run_of_ours_is_behind_any_number_of_forks() -> None:
    world = World()
    await put(world, run_(1), *(run_(n, fork="eve/web") for n in range(2, MANY)))
    async with world.unit() as work:
        runs = await build_runs.latest(work, Purpose.BUILD, "web")

    assert [run.number for run in runs] == [1]


async def test_what_was_approved_long_ago_stays_approved_however_often_it_is_reported() -> None:
    world = World()
    approved = live("v1", sha="a" * 40)
    told = live("v1", sha="a" * 40, reported_by="github")
    await put(world, approved, *[told] * MANY)
    async with world.unit() as work:
        why = await deploy_approved.not_approved(work, "web", "production", Version("v1", "a" * 40))

    assert approved.approval.is_given
    assert why == ""


async def test_a_commit_that_was_first_elsewhere_long_ago_may_come_after_it() -> None:
    world = World(team=STAGED)
    there = live("v1", "staging", sha="a" * 40)
    later = live("v2", "staging", sha="b" * 40, ended_at=NOON)
    await put(world, there, *[later] * MANY)
    wanted = Deployment.ask("web", "v1.0", Environment("production", 1, after="staging"), TOM, NOON)
    async with world.unit() as work:
        facts = await rules.facts_of(work, replace(wanted, sha="a" * 40))

    assert facts.before is not None
    assert (facts.before.since, facts.before.until) == (NOON - DAY, NOON)


async def test_whatever_waits_is_looked_at_however_much_of_it_there_is() -> None:
    world = World()
    waiting = Deployment.ask("web", "v1", Environment("production", approvals=1), TOM, NOON)
    await put(world, *[waiting] * 130)
    async with world.unit() as work:
        look_again.look_around(work, "lock:L-1")
    await world.later(timedelta(), look_again.when_it_moved)

    assert sum(job.kind == "deploy.look" for job in world.jobs.values()) == 130


async def test_an_old_alert_that_ends_closes_what_waits_for_it_behind_newer_stories_of_its_source() -> None:
    world = World()
    held = Blocker.air("waits for A-1", TOM.id, NOON, channel="#code")
    held = held.link([Subject("alert", "A-1")], [Subject("alert", "A-1")])
    await put(world, group("f-old"), *(group(f"f-{n}", "resolved") for n in range(MANY)), held)
    over = AlertResolved("am", "f-old", "g", {"service": "web"}, {}, None, NOON, NOON)
    await world.unit.run(lambda work: blocker_links.alerts_moved(work, (over,)))

    assert (await world.get(Blocker, "B-1")).state is BlockerState.CLOSED


async def test_a_group_that_comes_and_goes_hides_no_other_groups_story() -> None:
    world = World()
    await put(world, group("calm", "resolved"), *[group("restless", "resolved")] * MANY)
    async with world.unit() as work:
        found = await route._going_on(work, ["key-calm", "key-restless"])

    assert found["key-calm"].id == "A-1"
    assert found["key-restless"].id == f"A-{MANY + 1}"


async def test_every_release_that_people_have_read_and_every_deployment_of_it_is_looked_at() -> None:
    world = World()
    read = Release(
        service="web", asked_by=TOM.id, asked_name="Tom", asked_at=NOON, version="v1", state=ReleaseState.PUBLISHED
    )
    await put(world, *[read] * 130, *(live(f"v{n}") for n in range(130)))
    async with world.unit() as work:
        assert len(await correct.published(work, "web")) == 130
        assert len(await what_is_live.moves_so_far(work, "web", "production")) == 130


async def _rounds(there: Asked, many: int) -> tuple[Standup, Round]:
    """A stand-up with so many rounds of later days, after one that Tom answered."""
    await there.plan()
    standup, first = (await there.find(Standup))[0], (await there.find(Round))[0]
    said = StandupAnswer(id=f"{first.id}/{TOM.id}", round_id=first.id, user_id=TOM.id, at=there.clock.at)
    later = [replace(first, id="", day=first.day + n * DAY, occasion="", people=("U9",)) for n in range(1, many)]
    await put(there, replace(said, standup_id=standup.id), *later)
    return standup, first


async def test_the_answers_of_a_day_are_found_behind_any_number_of_later_rounds() -> None:
    there = Asked()
    standup, first = await _rounds(there, MANY)
    async with there.unit() as work:
        of_day = await history.day_of(work, standup, first.day, TOM)
        exported = await history.export(work, standup, TOM, None, "csv", str, "k")
        recent = await health.rounds_since(work, standup, first.day + DAY)

    assert [told.answer.user_id for told in of_day] == [TOM.id]
    assert exported == 1
    assert len(recent) == MANY - 1


@pytest.mark.parametrize("days", [None, 0])
async def test_what_somebody_said_is_found_behind_newer_answers_that_are_not_the_readers(days: int | None) -> None:
    there = Asked()
    _, first = await _rounds(there, MANY)
    rounds = [one for one in await there.find(Round) if one.people == ("U9",)]
    theirs = [
        StandupAnswer(id=f"{one.id}/{TOM.id}", round_id=one.id, user_id=TOM.id, at=there.clock.at + n * DAY)
        for n, one in enumerate(sorted(rounds, key=lambda one: one.day), start=1)
    ]
    await put(there, *theirs)
    day = None if days is None else first.day
    async with there.unit() as work:
        told = await history.answers_of(work, TOM.id, TOM, day)

    assert first.id in [one.round.id for one in told]


def test_a_storm_of_more_than_is_read_says_of_how_many_its_figures_are() -> None:
    storm = Storm("default #alerts#1", "default", "#alerts", NOON)
    whole = RENDER("monitor/storm", {"summary": summed_up(storm, [group("a", "resolved")], 1)})
    cut = RENDER("monitor/storm", {"summary": summed_up(storm, [group("a", "resolved")], 2_345)})

    assert "All resolved" in whole.text
    assert "2345 messages" in cut.text.replace(",", "")
    assert "All resolved" not in cut.text
    assert "Of the first 1 none fires" in cut.text
    assert "Only the first 1 are counted" in str(cut.blocks)
