"""A required check is what our own repository says, by who says it and its name; nobody else's pass passes it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.events import CheckKind, PipelineChanged, RunState
from bot.domain.obstacles import Checks
from bot.integrations.hosts.github_checks import _run
from bot.workflows import builds
from tests.fakes import ANA, NOON
from tests.workflows.deploying import EVERYONE, Harbour, ask, card, press
from tests.workflows.test_deploy_bound import strict

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
        await world.happen(one, builds.pipeline_changed)
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
