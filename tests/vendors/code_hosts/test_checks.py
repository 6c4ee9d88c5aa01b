"""How the pipelines of a commit stand, told by every host as its webhooks tell them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.core.events import CheckKind, PipelineChanged, RunState
from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.vendors.choose_code_host import AnyHost
from bot.vendors.github import webhook as github_source
from bot.vendors.gitlab import webhook as gitlab_source
from bot.vendors.kit.webhooks import Delivery
from bot.vendors.local.git import LocalGit
from tests.vendors.code_hosts.conftest import GITLAB_TOKEN, TOKEN
from tests.vendors.everywhere import everywhere

SHA, OTHER = "5" * 40, "6" * 40
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def host(session) -> AnyHost:
    return AnyHost(session, everywhere(TOKEN), everywhere(GITLAB_TOKEN))


@pytest.fixture
def github(stand_in) -> tuple[Any, Repository]:
    served, server = stand_in
    at = str(server.make_url("/"))
    return served, Repository(github="harbour/web", github_api=at, web_host="github.com")


def run(id: int = 31, status: str = "completed", conclusion: str | None = "success", **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "name": "CI",
        "display_title": "Round half up",
        "run_number": 7,
        "run_attempt": 2,
        "head_branch": "main",
        "head_sha": SHA,
        "status": status,
        "conclusion": conclusion,
        "html_url": f"https://github.com/harbour/web/actions/runs/{id}",
        "created_at": "2026-11-24T09:00:00Z",
        "updated_at": "2026-11-24T09:30:00Z",
        "run_started_at": "2026-11-24T09:10:00Z",
        "actor": {"login": "ana-dev"},
        "triggering_actor": {"login": "tom-dev"},
        "repository": {"full_name": "Harbour/web", "html_url": "https://github.com/Harbour/web"},
        **more,
    }


def suite(id: int = 41, slug: str = "jenkins", runs: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "head_branch": "main",
        "head_sha": SHA,
        "status": "in_progress",
        "conclusion": None,
        "app": {"id": 1, "slug": slug, "name": slug.title()},
        "created_at": "2026-11-24T09:00:00Z",
        "updated_at": "2026-11-24T09:30:00Z",
        "latest_check_runs_count": runs,
        "repository": {"full_name": "Harbour/web", "html_url": "https://github.com/Harbour/web"},
        **more,
    }


def status(context: str = "ci/drone", state: str = "success") -> dict[str, Any]:
    return {
        "id": 38459345678,
        "context": context,
        "state": state,
        "target_url": "https://drone.example/7",
        "created_at": "2026-11-24T09:00:00Z",
        "updated_at": "2026-11-24T09:30:00Z",
    }


def pipeline(id: int = 51, status: str = "success", **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "iid": 7,
        "project_id": 1,
        "status": status,
        "source": "push",
        "ref": "main",
        "sha": SHA,
        "name": None,
        "web_url": f"https://git.example.com/harbour/shop/web/-/pipelines/{id}",
        "created_at": "2026-11-24T10:00:00.000+01:00",
        "updated_at": "2026-11-24T10:30:00.000+01:00",
        **more,
    }


def delivery(source: str, event: str, body: dict[str, Any]) -> Delivery:
    headers = {f"x-{source}-event": event}
    return Delivery(source, headers, json.dumps(body).encode(), AT)


async def test_git_knows_of_no_pipelines(path: Path):
    assert await LocalGit().checks(Repository(git=str(path)), SHA) == []


async def test_a_commit_that_nothing_was_run_for_has_none(github, gitlab, host):
    assert await host.checks(github[1], SHA) == []
    assert await host.checks(gitlab[1], SHA) == []


async def test_gitlab_tells_pipelines_of_this_commit(gitlab, host):
    stand_in, repository = gitlab
    stand_in.pipelines = [
        pipeline(),
        pipeline(52, name="Nightly", iid=None, status="running"),
        pipeline(53, sha=OTHER),
    ]

    first, second = await host.checks(repository, SHA)

    assert first == PipelineChanged(
        source="gitlab",
        repository="harbour/shop/web",
        run="51",
        attempt=1,
        name="pipeline",
        number=7,
        branch="main",
        sha=SHA,
        state=RunState.PASSED,
        at=AT,
        started_at=AT - timedelta(minutes=30),
        url="https://git.example.com/harbour/shop/web/-/pipelines/51",
        kind=CheckKind.PIPELINE,
        host="git.example.com",
    )
    assert (second.run, second.name, second.number, second.state) == ("52", "Nightly", 0, RunState.RUNNING)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("created", RunState.QUEUED),
        ("waiting_for_resource", RunState.QUEUED),
        ("preparing", RunState.QUEUED),
        ("pending", RunState.QUEUED),
        ("manual", RunState.QUEUED),
        ("scheduled", RunState.QUEUED),
        ("running", RunState.RUNNING),
        ("canceling", RunState.CANCELLED),
        ("success", RunState.PASSED),
        ("failed", RunState.FAILED),
        ("canceled", RunState.CANCELLED),
        ("skipped", RunState.CANCELLED),
        ("a word of next year", RunState.QUEUED),
    ],
)
async def test_what_gitlab_calls_it(gitlab, host, told, state):
    stand_in, repository = gitlab
    stand_in.pipelines = [pipeline(status=told)]

    assert [one.state for one in await host.checks(repository, SHA)] == [state]


async def test_github_tells_workflow_runs_suites_of_other_apps_and_statuses(github, host):
    stand_in, repository = github
    stand_in.checks = {
        "workflow_runs": [run(), run(32, head_sha=OTHER)],
        "check_suites": [
            suite(),
            suite(42, "github-actions"),
            suite(43, "dependabot", runs=0),
            suite(44, app=None),
        ],
        "statuses": [status()],
    }

    ran, checked, said = await host.checks(repository, SHA)

    assert (ran.name, ran.run, ran.state) == ("CI", "31", RunState.PASSED)
    assert (checked.run, checked.name, checked.number) == ("suite-41", "Jenkins", 0)
    assert (checked.repository, checked.state) == ("Harbour/web", RunState.RUNNING)
    assert checked.url == f"https://github.com/Harbour/web/commit/{SHA}/checks?check_suite_id=41"
    assert (said.name, said.state, said.url) == ("ci/drone", RunState.PASSED, "https://drone.example/7")
    assert said.run == f"status-ci/drone@{SHA}"
    assert {one.sha for one in (ran, checked, said)} == {SHA}
    assert {one.at for one in (ran, checked, said)} == {AT}


async def test_a_workflow_run_is_told_as_its_webhook_tells_it(github, host):
    stand_in, repository = github
    told = run()
    stand_in.checks = {"workflow_runs": [told]}
    hook = {
        "action": "completed",
        "workflow_run": told,
        "repository": told["repository"],
        "sender": told["triggering_actor"],
    }
    assert await host.checks(repository, SHA) == github_source.parse(delivery("github", "workflow_run", hook))


async def test_a_suite_and_a_status_are_told_as_their_webhooks_tell_them(github, host):
    stand_in, repository = github
    a_suite, a_status = suite(status="completed", conclusion="success"), status()
    stand_in.checks = {"check_suites": [a_suite], "statuses": [a_status]}
    common = {"repository": a_suite["repository"], "sender": {"login": ""}}
    suited = {"action": "completed", "check_suite": a_suite, **common}
    said = {"sha": SHA, "branches": [], **a_status, **common}
    said["repository"] = {"full_name": "harbour/web", "html_url": "https://github.com/harbour/web"}

    assert await host.checks(repository, SHA) == [
        *github_source.parse(delivery("github", "check_suite", suited)),
        *github_source.parse(delivery("github", "status", said)),
    ]


@pytest.mark.parametrize("after", [timedelta(), timedelta(minutes=20)], ids=["at once", "tried again"])
async def test_a_pipeline_is_told_as_its_webhook_tells_it(gitlab, host, after):
    stand_in, repository = gitlab
    told = pipeline(name="build")
    stand_in.pipelines = [told]
    begun = AT - timedelta(minutes=30)
    stand_in.jobs = {"51": [{"id": n, "created_at": at.isoformat()} for n, at in enumerate([begun, begun + after])]}
    hook = {
        "object_kind": "pipeline",
        "object_attributes": {**told, "url": told["web_url"], "finished_at": told["updated_at"]},
        "project": {"id": 1, "path_with_namespace": "harbour/shop/web", "web_url": "https://git.example.com"},
        "builds": stand_in.jobs["51"],
    }

    (asked,) = await host.checks(repository, SHA)

    assert [asked] == gitlab_source.parse(delivery("gitlab", "Pipeline Hook", hook))
    assert asked.attempt == (int((begun + after).timestamp()) if after else 1)


@pytest.mark.parametrize(
    ("where", "conclusion", "state"),
    [
        ("queued", None, RunState.QUEUED),
        ("waiting", None, RunState.QUEUED),
        ("in_progress", None, RunState.RUNNING),
        ("completed", "success", RunState.PASSED),
        ("completed", "neutral", RunState.PASSED),
        ("completed", "skipped", RunState.CANCELLED),
        ("completed", "cancelled", RunState.CANCELLED),
        ("completed", "stale", RunState.CANCELLED),
        ("completed", "failure", RunState.FAILED),
        ("completed", "timed_out", RunState.FAILED),
        ("completed", "action_required", RunState.FAILED),
        ("completed", None, RunState.FAILED),
    ],
)
async def test_what_github_calls_it(github, host, where, conclusion, state):
    stand_in, repository = github
    stand_in.checks = {
        "workflow_runs": [run(status=where, conclusion=conclusion)],
        "check_suites": [suite(status=where, conclusion=conclusion)],
    }

    assert [one.state for one in await host.checks(repository, SHA)] == [state, state]


async def test_statuses_of_the_old_kind_have_words_of_their_own(github, host):
    stand_in, repository = github
    stand_in.checks = {"statuses": [status(state, state) for state in ("pending", "success", "failure", "error")]}

    assert [one.state for one in await host.checks(repository, SHA)] == [
        RunState.RUNNING,
        RunState.PASSED,
        RunState.FAILED,
        RunState.FAILED,
    ]


def no(status: int, **headers: str) -> Callable[[], web.Response]:
    return lambda: web.json_response({"message": "Resource not accessible"}, status=status, headers=headers)


@pytest.mark.parametrize("status_of_no", [403, 404])
async def test_a_kind_that_we_may_not_read_does_not_hide_the_others(github, host, status_of_no):
    stand_in, repository = github
    stand_in.checks = {"workflow_runs": no(status_of_no), "check_suites": [suite()], "statuses": no(status_of_no)}

    assert [one.run for one in await host.checks(repository, SHA)] == ["suite-41"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [(no(403), "lacks a right"), (no(404), "no repository harbour/web")],
)
async def test_a_commit_of_which_we_may_read_nothing_is_not_one_without_checks(github, host, answer, says):
    stand_in, repository = github
    stand_in.fail_with = answer

    with pytest.raises(HostUnreachable, match=says) as refused:
        await host.checks(repository, SHA)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("trouble", [no(500), no(429, **{"retry-after": "9"}), no(401)])
async def test_a_kind_that_cannot_be_told_now_is_not_left_out(github, host, trouble):
    stand_in, repository = github
    stand_in.checks = {"workflow_runs": [run()], "check_suites": [suite()], "statuses": trouble}

    with pytest.raises(HostUnreachable):
        await host.checks(repository, SHA)


async def test_checks_come_on_several_pages(github, gitlab, host):
    github[0].page = gitlab[0].page = 2
    github[0].checks = {
        "workflow_runs": [run(id) for id in range(5)],
        "check_suites": [suite(id) for id in range(3)],
    }
    gitlab[0].pipelines = [pipeline(id) for id in range(1, 6)]

    assert len(await host.checks(github[1], SHA)) == 8
    assert len(await host.checks(gitlab[1], SHA)) == 5


async def test_all_kinds_are_asked_for_at_the_same_time(github, host):
    stand_in, repository = github
    stand_in.meet = asyncio.Barrier(3)  # one after the other, none would ever be answered

    assert await host.checks(repository, SHA) == []


@pytest.mark.parametrize("kind", ["workflow_runs", "check_suites", "statuses"])
@pytest.mark.parametrize("one", ["x", {}, {"id": 1, "latest_check_runs_count": 1, "app": {"slug": "x"}}])
async def test_a_check_in_another_shape_is_said(github, host, kind, one):
    stand_in, repository = github
    body = {"total_count": 1, kind: [one]}
    stand_in.checks = {kind: lambda: web.json_response(body)}

    if kind == "check_suites" and one == {}:
        assert await host.checks(repository, SHA) == []
        return
    with pytest.raises(HostUnreachable, match="a check in a way"):
        await host.checks(repository, SHA)


async def test_beside_a_clone_github_is_asked(github, host, path):
    stand_in, remote = github
    stand_in.checks = {"workflow_runs": [run()]}

    assert len(await host.checks(replace(remote, git=str(path)), SHA)) == 1
