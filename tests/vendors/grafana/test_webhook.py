"""Grafana: unified alerting, the dashboard alerts before it, and its three ways to prove itself."""

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.events import AlertFired, AlertResolved
from bot.stages.monitor.model.alert_group import Severity
from bot.vendors.kit.webhooks import Delivery
from tests.vendors import captured

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "payloads" / "grafana"
GRAFANA = captured.SOURCES["grafana"]


def alerts(name: str, **changes: Any) -> list[Any]:
    received = captured.delivery("grafana", name)
    return GRAFANA.parse(replace(received, body=json.dumps(json.loads(received.body) | changes).encode()))


def test_each_alert_of_a_group_fires_and_resolves_as_itself() -> None:
    fired, resolved = alerts("firing_two"), alerts("resolved_two")

    assert {type(event) for event in fired} == {AlertFired}
    assert {type(event) for event in resolved} == {AlertResolved}
    assert [event.fingerprint for event in fired] == [event.fingerprint for event in resolved]
    assert len({event.group for event in (*fired, *resolved)}) == 1
    assert fired[0].annotations["dashboard"].endswith("viewPanel=4")
    assert fired[0].annotations["value"] == "B=0.91, C=1"
    assert Severity.of(fired[0].labels["severity"]) is Severity.WARNING


def test_the_signature_covers_the_instant_where_grafana_sends_one() -> None:
    body, secret = b"{}", "a-secret"
    signed = hmac.new(secret.encode(), b"1795521600:{}", hashlib.sha256).hexdigest()
    headers = {"x-grafana-alerting-signature": signed, "x-grafana-alerting-timestamp": "1795521600"}

    assert GRAFANA.verify(headers, body, secret)
    assert not GRAFANA.verify(headers | {"x-grafana-alerting-timestamp": "1795521601"}, body, secret)
    assert not GRAFANA.verify({"x-grafana-alerting-signature": signed}, body, secret)


def test_a_wrong_signature_is_not_made_good_by_the_secret_beside_it() -> None:
    headers = {"x-grafana-alerting-signature": "0" * 64, "authorization": "Bearer a-secret"}

    assert not GRAFANA.verify(headers, b"{}", "a-secret")


@pytest.mark.parametrize(
    ("state", "kind"), [("alerting", AlertFired), ("no_data", AlertFired), ("ok", AlertResolved), ("paused", None)]
)
def test_a_dashboards_alert_says_where_it_is(state: str, kind: type | None) -> None:
    assert [type(event) for event in alerts("dashboard_alerting", state=state)] == ([kind] if kind else [])


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not at hand")
@pytest.mark.parametrize(("name", "kind"), [("grafana_6", AlertFired), ("grafana_alert_ok", AlertResolved)])
def test_a_recorded_payload_is_understood(name: str, kind: type) -> None:
    body = (RECORDED / f"{name}.json").read_bytes()
    [event] = GRAFANA.parse(Delivery("grafana", {}, body, captured.NOW))

    assert type(event) is kind
