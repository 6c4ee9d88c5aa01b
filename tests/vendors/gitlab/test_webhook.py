"""What GitLab means by what it sends, whatever it leaves out."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.events import (
    DeploymentReported,
    PipelineChanged,
    PullRequestChanged,
    PullRequestReviewed,
    PullRequestState,
    Pushed,
    ReleasePublished,
    RunState,
    Verdict,
)
from bot.stages.build.model.run import Run
from bot.vendors.kit.webhooks import Delivery, MalformedPayload
from tests.vendors import captured
from tests.vendors.test_every_webhook import changed, paths_of

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "payloads" / "gitlab"
GITLAB = captured.SOURCES["gitlab"]
SHA = "9f3c2a1b7d5e4c60812f3a94b6d7e8f901a2b3c4"
HEAD = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
ZEROS = "0" * 40


def told(delivery: str, /, **changes: Any) -> Any:
    """The one event of a delivery, with changes at the top of its body, or below ``object_attributes``."""
    received = captured.delivery("gitlab", delivery)
    body = json.loads(received.body)
    for key, value in changes.items():
        (body["object_attributes"] if key in body.get("object_attributes", ()) else body)[key] = value
    events = GITLAB.parse(replace(received, body=json.dumps(body).encode()))
    assert len(events) <= 1
    return events[0] if events else None


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not at hand")
@pytest.mark.parametrize(
    ("name", "kind", "repository"),
    [
        ("push", Pushed, "mike/diaspora"),
        ("tag_push", Pushed, "jsmith/example"),
        ("merge_request", PullRequestChanged, "gitlabhq/gitlab-test"),
        ("pipeline", PipelineChanged, "gitlab-org/gitlab-test"),
        ("release", ReleasePublished, "exm-namespace/example-project"),
        ("deployment", DeploymentReported, "root/test-deployment-webhooks"),
        ("job", None, ""),
    ],
)
def test_a_recorded_payload_is_understood(name: str, kind: type | None, repository: str) -> None:
    body = (RECORDED / f"{name}.json").read_bytes()
    events: list[Any] = GITLAB.parse(Delivery("gitlab", {}, body, captured.NOW))

    assert [type(event) for event in events] == ([kind] if kind else [])
    assert [event.repository for event in events] == ([repository] if kind else [])


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not at hand")
def test_recorded_instants_are_read_in_each_of_gitlabs_ways_of_writing_them() -> None:
    def event(name: str) -> Any:
        body = (RECORDED / f"{name}.json").read_bytes()
        return GITLAB.parse(Delivery("gitlab", {}, body, captured.NOW))[0]

    assert event("pipeline").at == datetime(2016, 8, 12, 15, 26, 29, tzinfo=UTC)
    assert event("deployment").at == datetime(2021, 4, 28, 19, 50, tzinfo=UTC)
    assert event("merge_request").at == datetime(2013, 12, 3, 17, 23, 34, tzinfo=UTC)
    assert event("push").at == datetime(2012, 1, 3, 21, 36, 29, tzinfo=UTC)


def test_the_secret_is_the_token_and_nothing_less() -> None:
    received = captured.delivery("gitlab", "push_main")

    assert GITLAB.verify(received.headers, received.body, captured.SECRET)
    for token in (
        "",
        captured.SECRET[:-1],
        captured.SECRET + "x",
        captured.SECRET.upper(),
        f"Bearer {captured.SECRET}",
    ):
        assert not GITLAB.verify({"x-gitlab-token": token}, received.body, captured.SECRET)
    assert not GITLAB.verify({}, received.body, captured.SECRET)


def test_a_retry_is_the_same_delivery_and_what_one_webhook_leads_to_is_not() -> None:
    first = {"idempotency-key": "1", "x-gitlab-event-uuid": "a"}

    assert GITLAB.identify(first, b"{}") == GITLAB.identify(first | {"x-gitlab-event-uuid": "b"}, b"{}")
    assert GITLAB.identify(first, b"{}") != GITLAB.identify(first | {"idempotency-key": "2"}, b"{}")
    # GitLab before 17.4 gives no key, and the same UUID to all that one webhook leads to.
    assert GITLAB.identify({"x-gitlab-event-uuid": "a"}, b"1") != GITLAB.identify(
        {"x-gitlab-event-uuid": "a"}, b"2"
    )


def test_a_push_says_which_commits_came_and_whose_they_are() -> None:
    push = told("push_main")

    assert (push.repository, push.ref, push.after, push.actor) == ("harbor/web", "refs/heads/main", SHA, "ana-dev")
    assert (push.deleted, push.forced, push.tag, push.at) == (False, False, None, captured.NOW)
    [commit] = push.commits
    assert (commit.sha, commit.author) == (SHA, "ana-dev")
    assert "C-1" in commit.message


def test_a_commit_of_somebody_else_keeps_the_name_that_it_has() -> None:
    commit = {"id": SHA, "message": "x", "author": {"name": "Tom Hale", "email": "tom@harbor.example"}}

    assert told("push_main", commits=[commit]).commits[0].author == "Tom Hale"
    assert told("push_main", commits=[commit], user_email="Tom@harbor.example").commits[0].author == "ana-dev"
    assert told("push_main", commits=[commit | {"author": None}]).commits[0].author == ""
    assert told("push_main", commits=None).commits == ()


def test_a_tag_names_the_commit_and_not_the_tags_own_object() -> None:
    tag = told("tag_push")

    assert (tag.tag, tag.after, tag.deleted) == ("v1.4.0", SHA, False)


@pytest.mark.parametrize("name", ["push_main", "tag_push"])
def test_a_deleted_ref_is_said_to_be_deleted(name: str) -> None:
    gone = told(name, after=ZEROS, checkout_sha=None, commits=[])

    assert (gone.deleted, gone.after) == (True, ZEROS)


def test_a_merge_request_is_opened_and_merged() -> None:
    opened, merged = told("merge_request_opened"), told("merge_request_merged")

    assert (opened.number, opened.state, opened.sha) == (812, PullRequestState.OPEN, HEAD)
    assert (opened.author, opened.actor, opened.branch) == ("ana-dev", "ana-dev", "c-1-faster-checkout")
    assert (merged.state, merged.sha, merged.actor, merged.author) == (
        PullRequestState.MERGED,
        SHA,
        "tom-dev",
        "ana-dev",
    )
    assert merged.url == "https://gitlab.com/harbor/web/-/merge_requests/812"


@pytest.mark.parametrize(
    ("state", "means"), [("opened", "open"), ("locked", "open"), ("closed", "closed"), ("merged", "merged")]
)
def test_each_state_of_a_merge_request_is_one_of_ours(state: str, means: str) -> None:
    assert told("merge_request_opened", state=state).state == means


@pytest.mark.parametrize(
    ("merge", "squash", "sha"),
    [(SHA, "b" * 40, SHA), (None, "b" * 40, "b" * 40), (None, None, HEAD), ("", "", HEAD)],
)
def test_what_was_merged_is_found_without_a_merge_commit(merge: str | None, squash: str | None, sha: str) -> None:
    assert told("merge_request_merged", merge_commit_sha=merge, squash_commit_sha=squash).sha == sha


def test_an_author_who_is_nobody_in_the_body_is_not_guessed() -> None:
    assert told("merge_request_merged", assignees=None, reviewers=[]).author == ""
    assert told("merge_request_opened", user=None, assignees=[]).author == ""


@pytest.mark.parametrize(
    ("action", "verdict"),
    [
        ("approval", Verdict.APPROVED),
        ("approved", Verdict.APPROVED),
        ("unapproval", Verdict.REVIEWED),
        ("unapproved", Verdict.REVIEWED),
    ],
)
def test_an_approval_is_a_review_and_taking_it_back_asks_for_no_change(action: str, verdict: Verdict) -> None:
    review = told("merge_request_approved", action=action)

    assert isinstance(review, PullRequestReviewed)
    assert (review.number, review.verdict, review.actor, review.at) == (812, verdict, "tom-dev", captured.NOW)


def test_approvals_that_a_push_takes_back_are_nobodys_review() -> None:
    assert told("merge_request_approved", action="unapproved", system=True) is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        *((each, RunState.QUEUED) for each in ("created", "waiting_for_resource", "preparing", "pending")),
        *((each, RunState.QUEUED) for each in ("scheduled", "manual", "a word of tomorrow")),
        ("running", RunState.RUNNING),
        ("success", RunState.PASSED),
        ("failed", RunState.FAILED),
        *((each, RunState.CANCELLED) for each in ("canceled", "canceling", "skipped")),
    ],
)
def test_each_state_of_a_pipeline_is_one_of_ours(status: str, state: RunState) -> None:
    assert told("pipeline_running", status=status).state is state


def test_a_pipeline_says_what_it_ran_on_and_how_long() -> None:
    run = told("pipeline_passed")

    assert (run.run, run.number, run.name, run.attempt) == ("31812", 123, "build", 1)
    assert (run.sha, run.branch, run.actor) == (SHA, "main", "ana-dev")
    assert (run.title, run.url) == (
        "feat: take the second step out of checkout (C-1)",
        "https://gitlab.com/harbor/web/-/pipelines/31812",
    )
    assert (run.started_at, run.at) == (captured.NOW - timedelta(minutes=15), captured.NOW)


def test_a_pipeline_without_a_number_is_counted_by_nobody_and_has_the_rest_all_the_same() -> None:
    run = told("pipeline_passed", name=None, iid=None, url=None, commit=None, user=None, builds=None)

    assert (run.name, run.number) == ("pipeline", 0)
    assert run.url == "https://gitlab.com/harbor/web/-/pipelines/31812"
    assert (run.title, run.actor, run.attempt) == ("", "", 1)


def test_a_retried_pipeline_that_passes_has_passed() -> None:
    def job(minutes: int) -> Any:
        return [{"created_at": f"2026-11-24 11:{45 + minutes}:00 UTC"}]

    failed = told("pipeline_failed", builds=job(0))
    again = [told("pipeline_running", builds=job(5)), told("pipeline_failed", builds=job(5))]
    passed = told("pipeline_passed", builds=job(9))
    states: list[RunState] = []
    run = Run.begun(failed, "web")
    for event in (*again, passed, again[0]):
        run = run.changed(event)
        states.append(run.state)

    assert failed.attempt == 1
    assert states == [RunState.RUNNING, RunState.FAILED, RunState.PASSED, RunState.PASSED]


def test_a_release_is_told_when_it_is_made_and_not_again() -> None:
    release = told("release_created")

    assert (release.tag, release.title, release.author, release.at) == ("v1.4.0", "web 1.4", "", captured.NOW)
    assert told("release_created", name=None).title == "v1.4.0"
    assert told("release_created", action="update") is None
    assert told("release_created", action="delete") is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        *((each, RunState.QUEUED) for each in ("created", "blocked", "approved", "a word of tomorrow")),
        ("running", RunState.RUNNING),
        ("success", RunState.PASSED),
        ("failed", RunState.FAILED),
        ("canceled", RunState.CANCELLED),
    ],
)
def test_each_state_of_a_deployment_is_one_of_ours(status: str, state: RunState) -> None:
    assert told("deployment_success", status=status).state is state


def test_a_deployment_says_what_and_where() -> None:
    deployment = told("deployment_success")

    assert (deployment.deployment, deployment.environment, deployment.ref) == ("15", "staging", "v1.4.0")
    assert (deployment.sha, deployment.url) == (SHA, "https://gitlab.com/harbor/web/-/jobs/796")
    assert told("deployment_success", commit_url="https://gitlab.com/harbor/web/-/commit/9f3c2a1b").sha == ""
    assert told("deployment_success", commit_url=None, user=None).sha == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-24 11:30:00 UTC", "2026-11-24T11:30:00+00:00"),
        ("2026-11-24 12:30:00 +0100", "2026-11-24T11:30:00+00:00"),
        ("2026-11-24 12:30:00 +01:00", "2026-11-24T11:30:00+00:00"),
        ("2026-11-24T11:30:00.123Z", "2026-11-24T11:30:00.123000+00:00"),
        ("2026-11-24T12:30:00+01:00", "2026-11-24T11:30:00+00:00"),
        # None of these can be when it happened, so that it is when we heard of it.
        *(
            (absurd, captured.NOW.isoformat())
            for absurd in ("", "soon", None, [], {"a": 1}, True, "0001-01-01 00:00:00")
        ),
        *((absurd, captured.NOW.isoformat()) for absurd in ("9999-12-31 23:59:59 -2359", "2126-01-01T00:00:00Z")),
        ("1970-01-01 00:00:00 UTC", captured.NOW.isoformat()),
    ],
)
def test_instants_are_read_and_absurd_ones_are_none(written: Any, read: str) -> None:
    assert told("deployment_success", status_changed_at=written).at.isoformat() == read
    assert told("pipeline_passed", finished_at=written).at.isoformat() == read


@pytest.mark.parametrize("name", [name for folder, name in captured.names() if folder == "gitlab"])
def test_null_says_no_more_than_a_missing_field(name: str) -> None:
    received = captured.delivery("gitlab", name)
    body = json.loads(received.body)

    def parsed(path: tuple[Any, ...], new: Any) -> list[Any] | None:
        try:
            return GITLAB.parse(replace(received, body=json.dumps(changed(body, path, new)).encode()))
        except MalformedPayload:
            return None

    fields = [path for path in paths_of(body) if isinstance(path[-1], str)]
    without = {path: parsed(path, ...) for path in fields}

    assert {path: parsed(path, None) for path in fields} == without
    # Of more than a hundred fields, few are indispensable.
    assert sum(events is None for events in without.values()) <= 8


def test_what_we_do_not_use_and_what_is_not_gitlabs_gives_nothing() -> None:
    for body in (b"{}", b'{"object_kind": "note"}', b'{"object_kind": "build"}', b'{"object_kind": ["push"]}'):
        assert GITLAB.parse(Delivery("gitlab", {}, body, captured.NOW)) == []
    with pytest.raises(MalformedPayload, match=r"object_attributes\.id"):
        GITLAB.parse(Delivery("gitlab", {}, b'{"object_kind": "pipeline", "object_attributes": {}}', captured.NOW))
