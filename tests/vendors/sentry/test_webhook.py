"""Sentry: issues, issue alerts and metric alerts become alerts that end where they began."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.events import AlertFired, AlertResolved
from bot.stages.monitor.model.alert_group import Severity
from bot.vendors.kit.webhooks import Delivery
from tests.vendors import captured

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "payloads" / "sentry"
SENTRY = captured.SOURCES["sentry"]


def alert(name: str, **changes: Any) -> Any:
    received = captured.delivery("sentry", name)
    body = json.loads(received.body) | changes
    events = SENTRY.parse(replace(received, body=json.dumps(body).encode()))
    return events[0] if events else None


def test_an_issue_fires_until_it_is_resolved() -> None:
    created, resolved = alert("issue_created"), alert("issue_resolved")

    assert isinstance(created, AlertFired)
    assert isinstance(resolved, AlertResolved)
    assert created.fingerprint == resolved.fingerprint
    assert Severity.of(created.labels["severity"]) is Severity.WARNING
    assert created.url == "https://harbor.sentry.example/issues/1117540176/"


@pytest.mark.parametrize(
    ("action", "kind"),
    [("unresolved", AlertFired), ("archived", AlertResolved), ("ignored", AlertResolved), ("assigned", type(None))],
)
def test_what_happens_to_an_issue_decides_whether_somebody_has_to_look(action: str, kind: type) -> None:
    assert type(alert("issue_created", action=action)) is kind


def test_an_issue_that_comes_back_fires_since_then() -> None:
    assert alert("issue_created").starts_at is not None
    assert alert("issue_created", action="unresolved").starts_at is None


def test_an_issue_alert_is_resolved_by_its_issue() -> None:
    fired = alert("issue_alert")
    issue = json.loads(captured.delivery("sentry", "issue_resolved").body)["data"]
    issue["issue"]["id"] = "1117540201"

    assert alert("issue_resolved", data=issue).fingerprint == fired.fingerprint
    assert Severity.of(fired.labels["severity"]) is Severity.CRITICAL
    assert fired.labels["environment"] == "production"


def test_a_metric_alert_gets_worse_and_ends() -> None:
    told = [alert(f"metric_alert_{action}") for action in ("warning", "critical", "resolved")]

    assert [type(event) for event in told] == [AlertFired, AlertFired, AlertResolved]
    assert len({event.fingerprint for event in told}) == 1
    assert [event.labels.get("severity") for event in told] == ["warning", "critical", None]
    assert told[2].ends_at == captured.NOW


def test_resources_that_are_no_alerts_are_nothing_to_us() -> None:
    received = captured.delivery("sentry", "issue_created")

    assert SENTRY.parse(replace(received, headers={"sentry-hook-resource": "comment"})) == []
    assert SENTRY.parse(replace(received, headers={})) == []


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not at hand")
@pytest.mark.parametrize(
    ("name", "resource", "kind"),
    [
        ("MOCK_ISSUE_CREATED_WEBHOOK", "issue", AlertFired),
        ("MOCK_METRIC_ALERT_CRITICAL_WEBHOOK", "metric_alert", AlertFired),
        ("MOCK_METRIC_ALERT_RESOLVED_WEBHOOK", "metric_alert", AlertResolved),
    ],
)
def test_a_recorded_payload_is_understood(name: str, resource: str, kind: type) -> None:
    body = (RECORDED / f"{name}.json").read_bytes()
    [event] = SENTRY.parse(Delivery("sentry", {"sentry-hook-resource": resource}, body, captured.NOW))

    assert type(event) is kind
