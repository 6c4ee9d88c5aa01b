"""Datadog's transitions and PagerDuty's incidents become alerts that end where they began."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.core.events import AlertFired, AlertResolved
from bot.stages.monitor.model.alert_group import Severity
from bot.vendors.datadog.webhook import TEMPLATE
from bot.vendors.kit.webhooks import MalformedPayload
from tests.vendors import captured

DATADOG, PAGERDUTY = captured.SOURCES["datadog"], captured.SOURCES["pagerduty"]


def datadogs(name: str = "triggered", **changes: Any) -> Any:
    received = captured.delivery("datadog", name)
    body = json.loads(received.body) | changes
    events = DATADOG.parse(replace(received, body=json.dumps(body).encode()))
    return events[0] if events else None


def pagerdutys(name: str = "incident_triggered", **changes: Any) -> Any:
    received = captured.delivery("pagerduty", name)
    body = json.loads(received.body)
    body["event"]["data"] |= changes
    events = PAGERDUTY.parse(replace(received, body=json.dumps(body).encode()))
    return events[0] if events else None


@pytest.mark.parametrize(
    ("transition", "kind"),
    [
        ("Triggered", AlertFired),
        ("Re-Triggered", AlertFired),
        ("Warn", AlertFired),
        ("Re-Warn", AlertFired),
        ("No Data", AlertFired),
        ("Re-No Data", AlertFired),
        ("Renotify", AlertFired),
        ("Recovered", AlertResolved),
        ("Null", type(None)),
        ("", type(None)),
    ],
)
def test_datadogs_transition_decides(transition: str, kind: type) -> None:
    assert type(datadogs(transition=transition)) is kind


def test_datadogs_deliveries_are_filled_in_from_the_template_that_its_page_shows() -> None:
    for folder, name in captured.names():
        if folder == "datadog":
            assert json.loads(captured.delivery(folder, name).body).keys() == TEMPLATE.keys()
    assert json.dumps(TEMPLATE) in DATADOG.how_to


def test_datadogs_scopes_of_one_monitor_are_one_message() -> None:
    here, there = datadogs(), datadogs(aggregate="another", scope="host:web-2")

    assert here.group == there.group
    assert here.fingerprint != there.fingerprint
    assert (here.labels["alertname"], here.labels["host"]) == ("Checkout queue is long", "web-1.harbor.example")


@pytest.mark.parametrize(
    ("name", "priority", "severity"),
    [
        ("triggered", "P1", Severity.CRITICAL),
        ("triggered", "P2", Severity.WARNING),
        ("triggered", "", Severity.CRITICAL),
        ("warn", "P1", Severity.WARNING),
        ("no_data", "", Severity.WARNING),
    ],
)
def test_datadogs_priority_and_transition_make_the_severity(name: str, priority: str, severity: Severity) -> None:
    assert Severity.of(datadogs(name, priority=priority).labels["severity"]) is severity


def test_datadogs_own_payload_is_refused_by_the_field_that_is_missing() -> None:
    theirs = {"id": "1", "last_updated": "1", "event_type": "x", "title": "[Triggered] x", "date": "1", "body": "x"}
    with pytest.raises(MalformedPayload, match="transition") as refused:
        DATADOG.parse(replace(captured.delivery("datadog", "triggered"), body=json.dumps(theirs).encode()))

    assert refused.value.path == "transition"


def test_pagerdutys_incident_fires_until_it_is_resolved() -> None:
    told = [pagerdutys(f"incident_{what}") for what in ("triggered", "acknowledged", "resolved")]

    assert [type(event) for event in told] == [AlertFired, AlertFired, AlertResolved]
    assert len({event.fingerprint for event in told}) == 1
    assert told[1].annotations["in_pagerduty"] == "acknowledged by Mei Tanaka"
    assert told[0].starts_at == told[1].starts_at != None  # noqa: E711  both are there
    assert told[2].ends_at == captured.NOW


def test_pagerdutys_reopened_incident_fires_since_it_was_reopened() -> None:
    assert pagerdutys("incident_reopened").starts_at == captured.NOW


@pytest.mark.parametrize(
    ("priority", "urgency", "severity"),
    [
        ({"summary": "P1"}, "low", Severity.CRITICAL),
        ({"summary": "SEV-2"}, "high", Severity.WARNING),
        ({"summary": "Customers cry"}, "high", Severity.CRITICAL),
        (None, "low", Severity.INFO),
    ],
)
def test_pagerdutys_priority_counts_before_its_urgency(priority: Any, urgency: str, severity: Severity) -> None:
    assert Severity.of(pagerdutys(priority=priority, urgency=urgency).labels["severity"]) is severity


def test_pagerdutys_notes_and_pings_are_nothing_to_us() -> None:
    received = captured.delivery("pagerduty", "incident_triggered")
    for kind, data in (
        ("incident.annotated", {"id": "P1", "type": "incident_note"}),
        ("pagey.ping", {"message": "Hi"}),
    ):
        body = {"event": {"id": "1", "event_type": kind, "occurred_at": "2026-11-24T12:00:00Z", "data": data}}
        assert PAGERDUTY.parse(replace(received, body=json.dumps(body).encode())) == []


def test_one_of_pagerdutys_signatures_is_enough_while_its_secret_is_changed() -> None:
    received = captured.delivery("pagerduty", "incident_triggered")
    right = received.headers["x-pagerduty-signature"]
    wrong = "v1=" + "0" * 64

    assert PAGERDUTY.verify({"x-pagerduty-signature": f"{wrong},{right}"}, received.body, captured.SECRET)
    assert PAGERDUTY.verify({"x-pagerduty-signature": f"{right}, {wrong}"}, received.body, captured.SECRET)
    assert not PAGERDUTY.verify({"x-pagerduty-signature": f"{wrong},{wrong}"}, received.body, captured.SECRET)
    assert not PAGERDUTY.verify(
        {"x-pagerduty-signature": right.removeprefix("v1=")}, received.body, captured.SECRET
    )
