"""Repositories of one path on two code hosts: each has its own pull requests, runs and checks, in any order."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from bot.core.events import (
    CheckKind,
    DeploymentReported,
    Event,
    PipelineChanged,
    PullRequestChanged,
    PullRequestState,
    ReleasePublished,
    RunState,
)
from bot.core.refusals import Refusal
from bot.core.team import Repository, Service, Team
from bot.stages.build import runs as build_runs
from bot.stages.build.model.run import Run
from bot.stages.code import blocker_links, blockers, pull_requests
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.code.model.pull_request import PullRequest
from bot.stages.deploy import reported_by_others
from bot.stages.flow.board import board
from bot.stages.flow.passport import passport, services_of
from bot.stages.monitor.model.escalation import Escalations
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change
from bot.storage.engine.database import Database
from bot.storage.work.unit_of_work import UnitOfWork
from bot.team.oncall.model.rotations import Rotations
from commands.code import command as code
from tests.example_team import TEAM
from tests.fakes import ANA, LUIS, NOON, World
from tests.rendered import RENDER

HANDLERS = (
    build_runs.pipeline_changed,
    pull_requests.pull_request_changed,
    pull_requests.release_published,
    blocker_links.pull_request_moved,
    reported_by_others.deployment_reported,
    reported_by_others.run_reported,
)
GITHUB, ENTERPRISE = (
    Repository(github="acme/web"),
    Repository(github="acme/web", github_api="https://github.acme.example/api/v3"),
)
GITLAB, OWN_GITLAB = (
    Repository(gitlab="acme/web"),
    Repository(gitlab="acme/web", gitlab_api="https://gitlab.acme.example/api/v4"),
)
PAIRS = [
    (GITHUB, OWN_GITLAB),
    (OWN_GITLAB, GITHUB),
    (GITHUB, ENTERPRISE),
    (ENTERPRISE, GITHUB),
    (GITLAB, OWN_GITLAB),
]
OPEN, MERGED, CLOSED = PullRequestState.OPEN, PullRequestState.MERGED, PullRequestState.CLOSED
of_pairs = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(one.web for one in pair))


def team_of(*repositories: Repository) -> Team:
    """A team whose first service is web, and its second shop."""
    services = {name: Service(name, one) for name, one in zip(("web", "shop"), repositories, strict=False)}
    return replace(TEAM, services=services).with_parts(Escalations({}), Rotations({}))


def pull(at: Repository, state: PullRequestState, number: int = 7, **more: Any) -> PullRequestChanged:
    page = "pull" if at.github else "-/merge_requests"
    url = f"https://{at.web}/acme/web/{page}/{number}"
    told = PullRequestChanged(
        *(at.host, "acme/web", number, state, f"of {at.web}", "", "b", "", "ana-dev", "ana-dev", NOON),
        url=url,
        host=at.web,
    )
    return replace(told, **more)


def run(at: Repository, state: RunState) -> PipelineChanged:
    kind = CheckKind.ACTIONS if at.github else CheckKind.PIPELINE
    return PipelineChanged(
        *(at.host, "acme/web", "15", 1, "build", 3, "main", "9" * 40, state, NOON), kind=kind, host=at.web
    )


def told_by(at: Repository, end: PullRequestState, ran: RunState) -> list[Event]:
    """What a host tells, in its order."""
    return [pull(at, OPEN), run(at, RunState.RUNNING), pull(at, end), run(at, ran)]


def interleavings(one: list[Event], other: list[Event]) -> list[list[Event]]:
    """Every order in which both may come, each in its own order."""
    found: list[list[Event]] = []
    for places in combinations(range(len(one) + len(other)), len(one)):
        rest, mine = iter(other), iter(one)
        found.append([next(mine) if at in places else next(rest) for at in range(len(one) + len(other))])
    return found


@of_pairs
async def test_what_one_host_tells_changes_nothing_of_the_other(pair: tuple[Repository, Repository]) -> None:
    first, second = pair
    orders = interleavings(told_by(first, MERGED, RunState.PASSED), told_by(second, CLOSED, RunState.FAILED))
    assert len(orders) == 70
    for order in orders:
        world = World(team=team_of(first, second))
        for event in order:
            await world.happen(event, *HANDLERS)

        pulls = {(one.id, one.service, one.state, one.title) for one in await world.find(PullRequest)}
        assert pulls == {
            ("acme/web#7", "web", MERGED, f"of {first.web}"),
            (f"{second.web}/acme/web#7", "shop", CLOSED, f"of {second.web}"),
        }
        runs = {(one.id, one.service, one.state) for one in await world.find(Run)}
        assert runs == {
            ("acme/web/15", "web", RunState.PASSED),
            (f"{second.web}/acme/web/15", "shop", RunState.FAILED),
        }


@pytest.mark.parametrize("order", interleavings([OPEN, MERGED], [OPEN, CLOSED]), ids="-".join)
@pytest.mark.parametrize("is_first", [0, 1])
async def test_it_is_so_in_a_database(database: Database, order: list[Any], is_first: int) -> None:
    pair = PAIRS[is_first]
    unit = UnitOfWork(database, team=team_of(*pair), render=RENDER)
    await unit.run(lambda work: blockers.air(work, f"https://{pair[1].web}/acme/web/pull/7", LUIS.id))
    turn = {MERGED: 0, CLOSED: 1}
    opened = [pair[0], pair[1]] if order.index(MERGED) < order.index(CLOSED) else [pair[1], pair[0]]
    for state in order:
        at = pair[turn[state]] if state in turn else opened.pop(0)
        for handler in (pull_requests.pull_request_changed, blocker_links.pull_request_moved):
            await unit.run(lambda work, at=at, state=state, handler=handler: handler(work, pull(at, state)))
        async with unit() as work:
            held = await work.get(Blocker, "B-1")
            other = await work.get(PullRequest, f"{pair[1].web}/ACME/web#7")
        assert held
        assert held.is_open == (other is None or other.state is OPEN)

    async with unit() as work:
        pulls = {one.id: one.state for one in await work.find(PullRequest)}
    assert pulls == {"acme/web#7": MERGED, f"{pair[1].web}/acme/web#7": CLOSED}


def kept(id: str, url: str, **more: Any) -> PullRequest:
    """A pull request as it was kept before we knew on which host it is."""
    opened = pull(GITHUB, OPEN)
    return PullRequest(
        id, "acme/web", 7, "web", OPEN, "old", "b", "", "ana-dev", None, opened.at, opened.at, url=url, **more
    )


@pytest.mark.parametrize("at", [GITHUB, ENTERPRISE, GITLAB, OWN_GITLAB], ids=lambda at: at.web)
@pytest.mark.parametrize("has_address", [True, False])
async def test_a_team_with_one_host_finds_all_that_was_kept_and_reads_the_same_ids(
    database: Database, at: Repository, has_address: bool
) -> None:
    unit = UnitOfWork(database, team=team_of(at), render=RENDER)
    async with unit() as work:
        await work.add(kept("acme/web#7", pull(at, OPEN).url if has_address else ""))
    await unit.run(lambda work: pull_requests.pull_request_changed(work, pull(at, MERGED)))
    await unit.run(lambda work: pull_requests.pull_request_changed(work, pull(at, OPEN, 8)))
    other = pull(at, OPEN, 9, repository="acme/tools")
    await unit.run(lambda work: pull_requests.pull_request_changed(work, other))

    async with unit() as work:
        pulls = {one.id: one.state for one in await work.find(PullRequest)}
    assert pulls == {"acme/web#7": MERGED, "acme/web#8": OPEN, "acme/tools#9": OPEN}


async def test_a_repository_that_moved_to_another_host_takes_no_old_numbers(database: Database) -> None:
    unit = UnitOfWork(database, team=team_of(OWN_GITLAB), render=RENDER)
    async with unit() as work:
        await work.add(kept("acme/web#7", "https://github.com/acme/web/pull/7"))
    await unit.run(lambda work: pull_requests.pull_request_changed(work, pull(OWN_GITLAB, MERGED)))
    await unit.run(lambda work: pull_requests.pull_request_changed(work, pull(GITHUB, CLOSED)))

    async with unit() as work:
        pulls = {one.id: one.state for one in await work.find(PullRequest)}
    assert pulls == {"acme/web#7": CLOSED, "gitlab.acme.example/acme/web#7": MERGED}


async def test_a_run_kept_before_we_knew_its_host_is_the_same_check() -> None:
    world = World(team=team_of(GITHUB))
    told = run(GITHUB, RunState.FAILED)
    await world.add(replace(Run.begun(replace(told, host=""), "web", "acme/web/15"), kind=CheckKind.STATUS))
    passed = replace(told, state=RunState.PASSED, kind=CheckKind.STATUS, attempt=2)
    await world.happen(passed, *HANDLERS)

    (found,) = await world.find(Run)
    assert (found.state, found.host) == (RunState.PASSED, "github.com")


async def known(*pulls: PullRequestChanged, pair: tuple[Repository, Repository] = PAIRS[0]) -> World:
    world = World(team=team_of(*pair))
    for one in pulls:
        await world.happen(one, *HANDLERS)
    return world


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("web#7", "acme/web#7"),
        ("shop#7", "gitlab.acme.example/acme/web#7"),
        ("shop!7", "gitlab.acme.example/acme/web#7"),
        ("github.com/acme/web#7", "acme/web#7"),
        ("gitlab.acme.example/acme/web!7", "gitlab.acme.example/acme/web#7"),
        ("https://github.com/acme/web/pull/7", "acme/web#7"),
        ("https://gitlab.acme.example/acme/web/-/merge_requests/7", "gitlab.acme.example/acme/web#7"),
    ],
)
async def test_people_name_either_as_before_and_with_its_host(written: str, means: str) -> None:
    world = await known(pull(GITHUB, OPEN), pull(OWN_GITLAB, OPEN))
    async with world.unit() as work:
        await changes.plan(work, "Pay in one step", ANA)
    async with world.unit() as work:
        assert (await passport(work, written)).title == means.removeprefix("acme/")
        assert await services_of(work, written) == (("web",) if means == "acme/web#7" else ("shop",))
    await world.use(code, "link", change="C-1", pr=written)
    assert (await world.get(Change, "C-1")).prs == (means,)
    async with world.unit() as work:
        blocker = await blockers.air(work, f"review of {written}", LUIS.id)
        assert blocker.links == (f"pr:{means}",)


async def test_a_name_that_fits_two_hosts_is_refused_with_both() -> None:
    world = await known(pull(GITHUB, OPEN), pull(OWN_GITLAB, OPEN))
    both = "“github.com/acme/web#7” or “gitlab.acme.example/acme/web#7”"
    async with world.unit() as work:
        await changes.plan(work, "Pay in one step", ANA)
    for verb, args in {
        "link": {"change": "C-1", "pr": "acme/web#7"},
        "blocker": {"what": "review of acme/web#7"},
    }.items():
        with pytest.raises(Refusal, match=both):
            await world.use(code, verb, **args)
    async with world.unit() as work:
        with pytest.raises(Refusal, match=both):
            await passport(work, "acme/web#7")
        with pytest.raises(Refusal, match=r"acme/web#7, gitlab\.acme\.example/acme/web#7\. Say which"):
            await passport(work, "#7")


async def test_the_service_of_a_change_says_which_of_two_hosts_is_meant() -> None:
    world = await known()
    async with world.unit() as work:
        await changes.plan(work, "Pay in one step", ANA, service="shop")
    await world.use(code, "link", change="C-1", pr="acme/web#7")
    assert (await world.get(Change, "C-1")).prs == ("gitlab.acme.example/acme/web#7",)


async def test_words_that_nobody_can_be_asked_about_wait_for_both() -> None:
    world = await known()
    async with world.unit() as work:
        await blockers.air(work, "review of acme/web#7", LUIS.id)
    await world.happen(pull(GITHUB, MERGED), *HANDLERS)
    assert (await world.get(Blocker, "B-1")).state is BlockerState.OPEN
    await world.happen(pull(OWN_GITLAB, MERGED), *HANDLERS)
    assert (await world.get(Blocker, "B-1")).state is BlockerState.CLOSED


async def test_the_board_tells_them_apart() -> None:
    world = await known(pull(GITHUB, OPEN), pull(OWN_GITLAB, OPEN))
    async with world.unit() as work:
        items = [item.id for column in (await board(work)).columns for item in column.items]
    assert sorted(items) == ["gitlab.acme.example/acme/web#7", "web#7"]


async def test_a_release_and_a_deployment_belong_to_the_service_on_their_host() -> None:
    world = await known(pair=(GITHUB, ENTERPRISE))
    for at in (GITHUB, ENTERPRISE):
        release = ReleasePublished("github", "acme/web", "v1.0.0", "v1.0.0", "ana-dev", NOON, host=at.web)
        deployed = DeploymentReported(
            *("github", "acme/web", "5", "production", RunState.PASSED, "9" * 40, "v1.0.0", "ana-dev", NOON),
            host=at.web,
        )
        await world.happen(release, *HANDLERS)
        await world.happen(deployed, *HANDLERS)
    told = [s.name for one in world.entries if one.kind == "release.published_on_host" for s in one.subjects]
    assert told == ["web@v1.0.0", "web", "shop@v1.0.0", "shop"]
    live = {s.name for one in world.entries if one.kind == "deployment.succeeded" for s in one.subjects}
    assert {"D-1", "D-2", "web", "shop"} <= live


async def test_a_check_of_the_same_path_on_a_host_of_ones_own_passes_nothing() -> None:
    world = await known(pair=(GITHUB, Repository()))
    await world.happen(run(ENTERPRISE, RunState.PASSED), *HANDLERS)
    (found,) = await world.find(Run)
    assert found.service is None
    assert not found.is_of(GITHUB)
    assert found.is_of(ENTERPRISE)
