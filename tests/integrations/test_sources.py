"""What holds for every source: signatures, hostile bodies, and the deliveries that were captured."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.events import AlertFired, AlertResolved, PipelineChanged, PullRequestChanged, RunState
from bot.integrations.source import Delivery, MalformedPayload, Source
from tests.integrations import captured

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "payloads"


def source(name: str) -> Source:
    return importlib.import_module(f"bot.integrations.sources.{name}").source


def paths_of(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path into a JSON value, but not into the second and later items of a list."""
    if at:
        yield at
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths_of(inner, (*at, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with something else at this path (``...`` takes it away)."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if new is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return copy


def problem_of(name: str, delivery: Delivery) -> MalformedPayload | None:
    """What a source finds wrong with a delivery; any other exception is a failed test."""
    try:
        source(name).parse(delivery)
    except MalformedPayload as problem:
        return problem
    return None


@pytest.mark.parametrize(("name", "delivery"), captured.names())
def test_a_captured_delivery_is_signed_and_understood(name: str, delivery: str) -> None:
    received = captured.delivery(name, delivery)
    events = source(name).parse(received)

    assert source(name).verify(received.headers, received.body, captured.SECRET)
    assert bool(events) is (delivery != "ping")


@pytest.mark.parametrize(("name", "delivery"), captured.names())
def test_a_wrong_secret_a_changed_body_or_no_signature_is_not_verified(name: str, delivery: str) -> None:
    received = captured.delivery(name, delivery)
    unsigned = {k: v for k, v in received.headers.items() if k not in ("authorization", "x-hub-signature-256")}

    assert not source(name).verify(received.headers, received.body, "another")
    assert not source(name).verify(unsigned, received.body, captured.SECRET)
    if "x-hub-signature-256" in received.headers:
        assert not source(name).verify(received.headers, received.body + b" ", captured.SECRET)


@pytest.mark.parametrize(("name", "delivery"), captured.names())
def test_a_missing_or_wrong_field_names_its_path_or_does_no_harm(name: str, delivery: str) -> None:
    received = captured.delivery(name, delivery)
    body = json.loads(received.body)
    refused = 0
    for path in paths_of(body):
        for new in (..., None, 7, [], {"a": 1}):
            damaged = replace(received, body=json.dumps(changed(body, path, new)).encode())
            problem = problem_of(name, damaged)
            if problem is not None:
                refused += 1
                assert problem.problem
                assert problem.path.split(".")[0] in str(path)
    assert refused or delivery == "ping"


@given(st.binary(max_size=200), st.sampled_from(["alertmanager", "github"]), st.sampled_from(["push", "release"]))
def test_any_bytes_are_malformed_or_understood(body: bytes, name: str, event: str) -> None:
    try:
        events = source(name).parse(Delivery(name, {"x-github-event": event}, body, captured.NOW))
    except MalformedPayload:
        return
    assert isinstance(events, list)


def test_deeply_nested_json_is_malformed_and_not_a_crash() -> None:
    nested = Delivery("alertmanager", {}, b"[" * 100_000, captured.NOW)

    with pytest.raises(MalformedPayload):
        source("alertmanager").parse(nested)


def test_alertmanagers_group_tells_firing_from_resolved() -> None:
    events = source("alertmanager").parse(captured.delivery("alertmanager", "mixed_firing_resolved"))

    assert [type(event) for event in events] == [AlertFired, AlertResolved, AlertFired]
    assert len({event.group for event in events if isinstance(event, AlertFired | AlertResolved)}) == 1


@pytest.mark.parametrize("absurd", ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "yesterday", "", None, 12])
def test_an_absurd_start_is_no_start(absurd: Any) -> None:
    received = captured.delivery("alertmanager", "firing_one")
    body = changed(json.loads(received.body), ("alerts", 0, "startsAt"), absurd)
    event = source("alertmanager").parse(replace(received, body=json.dumps(body).encode()))[0]

    assert isinstance(event, AlertFired)
    assert event.starts_at is None


def test_an_alert_without_a_fingerprint_is_known_by_its_labels() -> None:
    received = captured.delivery("alertmanager", "firing_one")
    body = changed(json.loads(received.body), ("alerts", 0, "fingerprint"), ...)
    nameless = replace(received, body=json.dumps(body).encode())
    first, again = source("alertmanager").parse(nameless)[0], source("alertmanager").parse(nameless)[0]

    assert isinstance(first, AlertFired)
    assert first == again
    assert first.fingerprint


def test_basic_authentication_carries_the_secret_as_its_password() -> None:
    verify = source("alertmanager").verify

    assert verify({"authorization": "Basic YW06cHc="}, b"", "pw")
    assert not verify({"authorization": "Basic YW06cHc="}, b"", "other")
    assert not verify({"authorization": "Basic %%%"}, b"", "pw")


def test_github_pipelines_and_pull_requests_say_where_they_are() -> None:
    build = source("github").parse(captured.delivery("github", "workflow_run_build_failed"))[0]
    pull = source("github").parse(captured.delivery("github", "pull_request_merged"))[0]

    assert isinstance(build, PipelineChanged)
    assert (build.state, build.repository, build.name) == (RunState.FAILED, "harbor/web", "build")
    assert isinstance(pull, PullRequestChanged)
    assert (pull.state, pull.number, pull.sha[:7]) == ("merged", 812, "9f3c2a1")


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not at hand")
def test_every_recorded_payload_is_understood() -> None:
    for path in sorted((RECORDED / "github").glob("*.json")):
        headers = {"x-github-event": path.name.partition(".")[0]}
        source("github").parse(Delivery("github", headers, path.read_bytes(), captured.NOW))
    for path in sorted((RECORDED / "alertmanager").glob("*.json")):
        if ".headers." not in path.name:
            assert source("alertmanager").parse(Delivery("alertmanager", {}, path.read_bytes(), captured.NOW))
