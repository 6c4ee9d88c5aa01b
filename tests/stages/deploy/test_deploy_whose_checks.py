"""A required check is what our own repository says, by who says it and its name; nobody else's pass passes it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import CheckKind, PipelineChanged, RunState
from bot.stages.build import runs
from bot.stages.deploy.model.obstacles import Checks
from bot.team.services import service_of_repository
from bot.vendors.github.checks import _run, _suite
from bot.vendors.github.webhook_checks import check_suite
from bot.vendors.kit.webhooks import Delivery
from tests.fakes import ANA, NOON
from tests.stages.deploy.deploying import EVERYONE, Harbour, ask, card, press
from tests.stages.deploy.test_deploy_bound import strict

STATUS, ACTIONS = CheckKind.STATUS, CheckKind.ACTIONS


def said(world: Harbour, name: str = "e2e", state: RunState = RunState.PASSED, **more: Any) -> PipelineChanged:
    given: dict[str, Any] = {
        "repository": "org/web",
        "run": f"{name}-1",
        "attempt": 1,
        "number": 1,
        "kind": ACTIONS,
    }
    given |= {"branch": "main", "sha": world.host.sha("v1.4.0"), "at": NOON, **more}
    return PipelineChanged(source="github", name=name, state=state, **given)


async def checks(world: Harbour, *told: PipelineChanged) -> Checks:
    """The checks on the card of a deployment, once this was told."""
    id = await ask(world)
    for one in told:
        await world.happen(one, runs.pipeline_changed)
    await press(world, "approve", id, ANA)
    return card(world, id)["picture"].checks


def pending(found: Checks, *required: str) -> list[str]:
    return found.pending_of(required)


async def test_a_status_of_a_fork_with_the_same_commit_and_context_passes_nothing() -> None:
    world = strict(checks=("e2e",))
    forked = said(world, repository="mallory/web", run="status-e2e", number=0, kind=STATUS)

    found = await checks(world, forked)

    assert (found.runs, found.absent) == ((), ("e2e",))
    assert world.target.runs == []


async def test_a_run_of_a_forks_commit_in_our_own_repository_passes_nothing() -> None:
    world = strict(checks=("e2e",))

    found = await checks(world, said(world, fork="mallory/web"))

    assert (found.runs, found.absent) == ((), ("e2e",))


async def test_an_id_of_a_status_does_not_outrank_a_run_of_that_name() -> None:
    world = strict(checks=("e2e",))
    red = said(world, state=RunState.FAILED, number=37)
    green = said(world, run="status-e2e", number=0, attempt=39_000_000_001, kind=STATUS)

    found = await checks(world, red, green)

    assert found.failed_of(["e2e"]) == ["e2e"]
    assert found.failed_of(["status:e2e"]) == []


async def test_a_required_check_may_say_who_has_to_say_it() -> None:
    world = strict(checks=("actions:e2e",))

    found = await checks(world, said(world, run="status-e2e", number=0, kind=STATUS))

    assert (pending(found, "actions:e2e"), pending(found, "e2e")) == (["actions:e2e"], [])


async def test_another_source_does_not_change_a_run_whose_id_it_takes() -> None:
    world = strict(checks=("e2e",))
    red = said(world, state=RunState.FAILED)

    found = await checks(world, red, replace(red, state=RunState.PASSED, attempt=2, kind=CheckKind.CDEVENTS))

    assert found.failed_of(["e2e"]) == ["e2e"]


@pytest.mark.parametrize(
    ("head", "fork"),
    [({"full_name": "Org/Web"}, ""), ({"full_name": "mallory/web"}, "mallory/web"), (None, "a fork that is gone")],
)
def test_github_tells_whose_commit_a_run_is_about(head: Any, fork: str) -> None:
    web = replace(EVERYONE.services["web"].repository, github="org/web")
    body = {"id": 1, "status": "completed", "conclusion": "success", "updated_at": "2026-11-24T14:40:00Z"}

    assert _run(web, "a" * 40, {**body, "head_repository": head}).fork == fork


async def test_a_gitlab_project_of_the_same_path_as_our_github_repository_passes_nothing() -> None:
    world = strict(checks=("e2e",))
    elsewhere = replace(said(world, kind=CheckKind.PIPELINE), source="gitlab")

    found = await checks(world, elsewhere)

    assert (found.runs, found.absent) == ((), ("e2e",))
    named = replace(elsewhere, repository="Org/Web")
    assert service_of_repository(world.team, replace(named, source="gitlab")) is None
    assert service_of_repository(world.team, replace(named, source="github")) == "web"


@pytest.mark.parametrize("was", [RunState.FAILED, RunState.PASSED])
async def test_a_run_kept_without_its_kind_ends_with_a_newer_one_of_its_name(was: RunState) -> None:
    world = strict(checks=("e2e", "later"))
    old = said(world, state=was, kind=None, number=39_000_000_001, run="kept")
    now = RunState.PASSED if was is RunState.FAILED else RunState.FAILED
    new = said(world, state=now, number=2, run="new", at=NOON + timedelta(minutes=1))

    found = await checks(world, old, new)

    assert [run.state for run in found.runs] == [now]


async def test_a_run_kept_without_its_kind_is_not_ended_by_an_older_one_or_a_forks() -> None:
    world = strict(checks=("e2e",))
    old = said(world, state=RunState.FAILED, kind=None, run="kept")
    older = said(world, run="older", at=NOON - timedelta(minutes=1))
    forks = said(world, run="forks", at=NOON + timedelta(minutes=1), fork="mallory/web")

    found = await checks(world, old, older, forks)

    assert found.failed_of(["e2e"]) == ["e2e"]


async def test_a_run_kept_without_its_kind_takes_it_from_whoever_tells_of_it_again() -> None:
    world = strict(checks=("actions:e2e", "later"))
    kept = said(world, kind=None)

    found = await checks(world, kept, replace(kept, kind=ACTIONS))

    assert [run.kind for run in found.runs] == [ACTIONS]
    assert [row.entry.kind for row in world.store.entries].count("testrun.passed") == 1


OURS: dict[str, Any] = {"id": 7, "full_name": "org/web"}
PULL = {"number": 3, "head": {"repo": {"id": 7}}, "base": {"repo": {"id": 7}}}
FORKED = {"number": 4, "head": {"repo": {"id": 8}}, "base": {"repo": {"id": 7}}}


@pytest.mark.parametrize(
    ("branch", "pulls", "fork"),
    [("main", [], ""), (None, [], "a fork"), (None, [PULL], ""), (None, [FORKED], "a fork")],
)
def test_github_tells_whose_commit_a_check_suite_is_about(branch: Any, pulls: Any, fork: str) -> None:
    web = replace(EVERYONE.services["web"].repository, github="org/web")
    body = {"id": 1, "status": "completed", "conclusion": "success", "updated_at": "2026-11-24T14:40:00Z"}
    body |= {"app": {"slug": "jenkins", "name": "Jenkins"}, "head_branch": branch, "pull_requests": pulls}
    hook = {"action": "completed", "check_suite": {**body, "head_sha": "a" * 40}, "repository": OURS}
    hook |= {"sender": {"login": "jenkins"}}

    sent = Delivery("github", {"x-github-event": "check_suite"}, json.dumps(hook).encode(), NOON)

    assert _suite(web, "a" * 40, {**body, "repository": OURS}).fork == fork
    assert [one.fork for one in check_suite(sent) if isinstance(one, PipelineChanged)] == [fork]
