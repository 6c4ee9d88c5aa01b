"""What others than GitHub Actions say of commits, and of deployments, through GitHub."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.events import RunState
from bot.stages.build.model.run import Purpose, Run
from bot.vendors.kit.webhooks import Delivery, MalformedPayload
from tests.vendors import captured

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "payloads" / "github"
GITHUB = captured.SOURCES["github"]
SHA = "9f3c2a1b7d5e4c60812f3a94b6d7e8f901a2b3c4"


def told(delivery: str, below: str = "", /, **changes: Any) -> Any:
    """The one event of a delivery, with changes in its body, or below this field of it."""
    received = captured.delivery("github", delivery)
    body = json.loads(received.body)
    (body[below] if below else body).update(changes)
    events = GITHUB.parse(replace(received, body=json.dumps(body).encode()))
    assert len(events) <= 1
    return events[0] if events else None


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not at hand")
def test_recorded_payloads_are_understood() -> None:
    def event(kind: str, action: str) -> Any:
        body = (RECORDED / f"{kind}.{action}.1.json").read_bytes()
        return GITHUB.parse(Delivery("github", {"x-github-event": kind}, body, captured.NOW))[0]

    suite, asked, done = (
        event("check_suite", "completed"),
        event("deployment", "created"),
        event("deployment_status", "created"),
    )
    assert (suite.run, suite.name, suite.state) == ("suite-118578147", "octocoders-linter", RunState.PASSED)
    assert (asked.deployment, asked.state) == (done.deployment, RunState.QUEUED) == ("145988746", RunState.QUEUED)
    assert (asked.sha, asked.environment, done.state) == (done.sha, "production", RunState.PASSED)


def test_a_suite_of_checks_is_a_run_of_its_app() -> None:
    suite = told("check_suite_completed")

    assert (suite.run, suite.name, suite.number) == ("suite-118578147", "Harbor Linter", 0)
    assert (suite.repository, suite.sha, suite.branch) == ("harbor/web", SHA, "main")
    assert (suite.started_at, suite.at) == (captured.NOW - timedelta(minutes=2), captured.NOW)
    assert suite.title == "feat: take the second step out of checkout (C-1)"
    assert suite.url == f"https://github.com/harbor/web/commit/{SHA}/checks?check_suite_id=118578147"


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [
        ("success", RunState.PASSED),
        ("neutral", RunState.PASSED),
        ("skipped", RunState.CANCELLED),
        ("cancelled", RunState.CANCELLED),
        ("stale", RunState.CANCELLED),
        *((each, RunState.FAILED) for each in ("failure", "timed_out", "action_required", "startup_failure", None)),
    ],
)
def test_a_suite_ends_as_its_conclusion_says(conclusion: str | None, state: RunState) -> None:
    assert told("check_suite_completed", "check_suite", conclusion=conclusion).state is state


def test_what_workflow_runs_say_and_what_says_nothing_is_left_out() -> None:
    app = {"name": "GitHub Actions", "slug": "github-actions"}

    assert told("check_suite_completed", "check_suite", app=app) is None
    assert told("check_suite_completed", "check_suite", latest_check_runs_count=0) is None
    assert told("check_suite_completed", action="requested") is None
    assert told("check_suite_completed", "check_suite", app={"name": "x"}, latest_check_runs_count=None) is not None


def test_a_suite_that_is_asked_for_again_can_mend() -> None:
    failed = told("check_suite_completed", "check_suite", conclusion="failure")
    passed = told("check_suite_completed", "check_suite", updated_at="2026-11-24T12:00:30Z")
    run = Run.begun(failed, "web")

    assert run.changed(passed).state is RunState.PASSED
    assert run.changed(passed).changed(failed).state is RunState.PASSED


def test_a_commit_status_is_a_run_of_its_context() -> None:
    status = told("status_success")

    assert (status.name, status.sha, status.branch) == ("ci/jenkins: tests", SHA, "main")
    assert Purpose.of(status.name) is Purpose.TEST
    assert (status.url, status.actor) == ("https://ci.harbor.example/job/web/41", "ana-dev")
    assert (status.number, status.at, status.state) == (0, captured.NOW, RunState.PASSED)
    assert status.attempt == 38459345678
    assert status.title == "feat: take the second step out of checkout (C-1)"


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("pending", "running"),
        ("success", "passed"),
        ("failure", "failed"),
        ("error", "failed"),
        ("new word", "failed"),
    ],
)
def test_each_state_of_a_status_is_one_of_ours(state: str, means: str) -> None:
    assert told("status_success", state=state).state == means


def test_a_context_speaks_of_each_commit_anew_and_the_newest_word_counts() -> None:
    pending, failed, passed = (
        told("status_success", id=id, state=state) for id, state in enumerate(("pending", "failure", "success"), 1)
    )
    run = Run.begun(pending, "web")

    assert run.changed(failed).changed(passed).state is RunState.PASSED
    assert run.changed(passed).changed(failed).state is RunState.PASSED
    assert told("status_success", sha="b" * 40).run != passed.run == failed.run


def test_the_branch_of_a_status_is_one_that_ends_with_the_commit() -> None:
    there = {"name": "later", "commit": {"sha": "b" * 40}}
    here = {"name": "c-1", "commit": {"sha": SHA}}

    assert told("status_success", branches=[there, here]).branch == "c-1"
    assert told("status_success", branches=[there]).branch == ""
    assert told("status_success", branches=None, commit=None, target_url=None).branch == ""


def test_a_deployment_is_queued_when_it_is_asked_for_and_only_then() -> None:
    asked = told("deployment_created")

    assert (asked.state, asked.environment, asked.ref, asked.sha) == (RunState.QUEUED, "staging", "v1.4.0", SHA)
    assert (asked.facts, asked.at) == ({"note": "Deploy v1.4.0"}, captured.NOW)
    assert told("deployment_created", "deployment", description=None).facts == {}
    assert told("deployment_created", action="deleted") is None


@pytest.mark.parametrize(
    ("state", "means"),
    [
        *((each, RunState.QUEUED) for each in ("queued", "pending", "waiting")),
        ("in_progress", RunState.RUNNING),
        ("success", RunState.PASSED),
        ("failure", RunState.FAILED),
        ("error", RunState.FAILED),
        ("inactive", RunState.CANCELLED),
    ],
)
def test_each_state_of_a_deployment_is_one_of_ours(state: str, means: RunState) -> None:
    assert told("deployment_status_success", "deployment_status", state=state).state is means


def test_a_deployments_status_says_why_and_where_to_look() -> None:
    def status(**changes: Any) -> Any:
        return told("deployment_status_success", "deployment_status", **changes)

    assert status(description="3 of 4 machines").facts == {"note": "3 of 4 machines"}
    assert status(description=None).facts == {}
    assert status(log_url="https://log", target_url="https://target").url == "https://log"
    assert status(log_url="", target_url="https://target").url == "https://target"
    assert status(log_url=None, target_url=None).url == ""


def test_a_workflow_that_ran_out_of_time_has_failed() -> None:
    assert told("workflow_run_build_failed", "workflow_run", conclusion="timed_out").state is RunState.FAILED


def test_an_instant_before_all_years_is_refused_and_no_crash() -> None:
    received = captured.delivery("github", "deployment_created")
    early = received.body.replace(
        captured.NOW.isoformat().replace("+00:00", "Z").encode(), b"0001-01-01T00:00:00+05:00"
    )

    assert early != received.body
    with pytest.raises(MalformedPayload, match="no year"):
        GITHUB.parse(replace(received, body=early))
