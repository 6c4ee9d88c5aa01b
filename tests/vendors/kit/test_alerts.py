"""What monitoring sources leave out, overdo or get wrong becomes an alert all the same."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.events import AlertFired, AlertResolved
from bot.vendors.kit.alerts import ANNOTATION_MAX, LABEL_MAX, Told, instant
from bot.vendors.kit.webhooks import Delivery
from tests.vendors import captured

DELIVERY = Delivery("somebody", {}, b"{}", captured.NOW)


def alertmanagers(**changes: Any) -> Delivery:
    """Alertmanager's, with its only alert changed; ``...`` takes a field away."""
    received = captured.delivery("alertmanager", "firing_one")
    body = json.loads(received.body)
    alert = body["alerts"][0] | changes
    body["alerts"] = [{name: value for name, value in alert.items() if value is not ...}]
    return replace(received, body=json.dumps(body).encode())


def parsed(delivery: Delivery) -> Any:
    return captured.SOURCES[delivery.source].parse(delivery)[0]


@pytest.mark.parametrize(
    "absurd",
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "yesterday", "", None, 12],
)
def test_an_absurd_start_is_no_start(absurd: Any) -> None:
    event = parsed(alertmanagers(startsAt=absurd))

    assert isinstance(event, AlertFired)
    assert event.starts_at is None


def test_an_end_that_cannot_be_true_is_no_end() -> None:
    event = parsed(alertmanagers(status="resolved", endsAt="2199-01-01T00:00:00Z"))

    assert isinstance(event, AlertResolved)
    assert event.ends_at is None


def test_an_alert_without_a_fingerprint_is_known_by_its_labels() -> None:
    first, again = parsed(alertmanagers(fingerprint=...)), parsed(alertmanagers(fingerprint=...))
    other = parsed(alertmanagers(fingerprint=..., labels={"alertname": "Other"}))

    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_what_nobody_can_read_is_cut_and_says_so_but_still_tells_alerts_apart() -> None:
    def told(last: str) -> AlertFired | AlertResolved:
        labels = {"alertname": "Huge", "query": "x" * 10_240 + last}
        return Told(firing=True, labels=labels, annotations={"summary": "y" * 20_000}).event(DELIVERY)

    event = told("a")
    assert event.labels["query"] == "x" * LABEL_MAX + "… (cut; it has 10,241 characters)"
    assert event.annotations["summary"].startswith("y" * ANNOTATION_MAX + "… (cut")
    assert event.fingerprint != told("b").fingerprint


def test_an_alert_without_a_group_is_alone_in_its_message() -> None:
    event = Told(firing=True, labels={"alertname": "Alone"}, fingerprint="f-1").event(DELIVERY)

    assert event.group == event.fingerprint == "f-1"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("2026-11-24T12:00:00Z", captured.NOW),
        ("2026-11-24T13:00:00.000+0100", captured.NOW),
        (1795521600, captured.NOW),
        ("1795521600000", captured.NOW),
        (1795521600.25, datetime(2026, 11, 24, 12, 0, 0, 250_000, UTC)),
        ("2026-11-24T12:00:00", None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        ("9" * 400, None),
        ({}, None),
    ],
)
def test_instants_are_read_as_they_come(value: Any, meant: datetime | None) -> None:
    assert instant(value) == meant


def test_five_thousand_alerts_in_one_body_are_five_thousand_events() -> None:
    received = captured.delivery("alertmanager", "firing_one")
    body = json.loads(received.body)
    alert = body["alerts"][0]
    body["alerts"] = [alert | {"fingerprint": f"{number:016x}"} for number in range(5_000)]
    events = captured.SOURCES["alertmanager"].parse(replace(received, body=json.dumps(body).encode()))

    assert len({event.fingerprint for event in events if isinstance(event, AlertFired)}) == 5_000
