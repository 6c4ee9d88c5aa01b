"""What deployers that were asked over HTTP tell of their runs."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import RunState
from bot.core.run_references import HTTP, deployment_reference
from bot.vendors.kit.webhooks import Delivery, MalformedPayload
from tests.vendors import captured

DEPLOYS = captured.SOURCES["deploys"]


def told(**body: Any) -> Any:
    body = {"deployment": "D-12/1", "state": "running"} | body
    [event] = DEPLOYS.parse(Delivery("deploys", {}, json.dumps(body).encode(), captured.NOW))
    return event


def captured_report(name: str) -> Any:
    [event] = DEPLOYS.parse(captured.delivery("deploys", name))
    return event


def test_a_success_and_a_failure_as_they_were_sent() -> None:
    done, failed = (captured_report(name) for name in ("succeeded", "failed"))

    assert (done.state, failed.state) == (RunState.PASSED, RunState.FAILED)
    assert (done.repository, done.environment, done.sha) == ("", "", "")
    assert done.facts == {"note": "4 of 4 machines", "log": "4/4 machines switched to v1.4.0\nchecks answer 200"}
    assert failed.facts["log"].split("\n")[-1] == "switched back to v1.3.2"
    assert failed.url == "https://deploys.harbor.example/runs/4071"


def test_it_is_found_by_the_reference_under_which_it_was_asked_for() -> None:
    report = told()

    assert deployment_reference(HTTP, "", "D-12/1") == f"{report.source}:{report.deployment}"
    assert DEPLOYS.name == HTTP


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("queued", RunState.QUEUED),
        ("running", RunState.RUNNING),
        ("succeeded", RunState.PASSED),
        ("failed", RunState.FAILED),
        ("timed_out", RunState.FAILED),
        ("cancelled", RunState.CANCELLED),
    ],
)
def test_each_state_is_one_of_ours(state: str, means: RunState) -> None:
    report = told(state=state)

    assert report.state is means
    assert report.facts == ({"timed_out": "yes"} if state == "timed_out" else {})


@pytest.mark.parametrize("state", ["done", "SUCCEEDED", "", None, 1, ["failed"]])
def test_an_unknown_state_is_refused_by_its_name(state: Any) -> None:
    with pytest.raises(MalformedPayload, match="succeeded") as refused:
        told(state=state)
    assert refused.value.path == "state"


@pytest.mark.parametrize("deployment", ["", None, "x" * 201, 12])
def test_a_report_of_no_run_is_refused(deployment: Any) -> None:
    with pytest.raises(MalformedPayload) as refused:
        told(deployment=deployment)
    assert refused.value.path == "deployment"


@pytest.mark.parametrize("log", ["\n".join(map(str, range(90))) + "\n\n", [str(each) for each in range(90)]])
def test_of_a_log_the_last_lines_are_kept(log: Any) -> None:
    assert told(log=log).facts["log"].split("\n") == [str(each) for each in range(70, 90)]


def test_a_log_is_shown_as_people_read_it_however_long_its_lines_are() -> None:
    report = told(log=["\x1b[31mfailed\x1b[0m", "\ud800", "x" * 100_000], note="first\nsecond")

    assert report.facts["log"].startswith("failed\n?\nxxx")
    assert len(report.facts["log"]) < 600
    assert report.facts["note"] == "first"


def test_what_is_not_told_is_not_there() -> None:
    report = told(note=None, log=None, url=None, at=None)

    assert (report.facts, report.url, report.at) == ({}, "", captured.NOW)
    assert told(at="2026-11-24T11:59:00Z").at == captured.NOW - timedelta(minutes=1)
    assert told(at="2126-11-24T11:59:00Z").at == captured.NOW
    with pytest.raises(MalformedPayload, match="log"):
        told(log=[1, 2])


def test_only_the_body_that_was_signed_with_the_secret_is_taken() -> None:
    body = b'{"deployment": "D-12/1", "state": "succeeded"}'
    signature = hmac.new(captured.SECRET.encode(), body, hashlib.sha256).hexdigest()

    def verified(given: str, of: bytes = body) -> bool:
        return DEPLOYS.verify({"x-eightbells-signature": given}, of, captured.SECRET)

    assert verified(f"sha256={signature}")
    assert not verified(f"sha256={signature}", body.replace(b"succeeded", b"cancelled"))
    assert not verified(signature)
    assert not verified("sha256=")
    assert not DEPLOYS.verify({"authorization": f"Bearer {captured.SECRET}"}, body, captured.SECRET)


def test_the_same_bytes_sent_again_are_the_same_delivery() -> None:
    assert DEPLOYS.identify({"x-id": "1"}, b"{}") == DEPLOYS.identify({"x-id": "2"}, b"{}")
    assert DEPLOYS.identify({}, b"{}") != DEPLOYS.identify({}, b"{ }")
