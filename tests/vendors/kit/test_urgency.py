"""What is urgent is known at the edge, as what is worked on later will say it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import discovery
from bot.core.events import AlertFired, AlertResolved
from bot.stages.monitor.model.severity import Severity
from bot.vendors.kit.urgency import SHORT, of_one_alert
from bot.vendors.kit.webhooks import ORDINARY, Delivery, MalformedPayload
from tests.fakes import NOON
from tests.vendors import captured

SOURCES = discovery.sources()
MONITORING = ("alertmanager", "grafana", "datadog", "pagerduty", "sentry", "sns")
DELIVERIES = [(folder, name) for folder, name in captured.names() if folder in (*MONITORING, "generic")]


def weighed(source: str, body: Any) -> Any:
    weigh = SOURCES[source].weigh
    assert weigh is not None
    return weigh(Delivery(source, {}, json.dumps(body).encode(), NOON), body)


def notification(*alerts: Any, group: str = "{}:{}") -> dict[str, Any]:
    return {"groupKey": group, "alerts": list(alerts)}


def alert(severity: str, status: str = "firing") -> dict[str, Any]:
    return {"status": status, "labels": {"alertname": "Down", "severity": severity}}


@pytest.mark.parametrize(("source", "name"), DELIVERIES)
def test_a_captured_delivery_is_urgent_where_what_it_is_parsed_to_is(source: str, name: str) -> None:
    delivery = captured.delivery(source, name, NOON)
    weigh = captured.SOURCES[delivery.source].weigh
    assert weigh is not None
    weight = weigh(delivery, json.loads(delivery.body))
    try:
        events = captured.SOURCES[delivery.source].parse(delivery)
    except MalformedPayload:
        assert weight == ORDINARY
        return
    critical = [
        one
        for one in events
        if isinstance(one, AlertFired) and Severity.of(one.labels.get("severity")) is Severity.CRITICAL
    ]
    assert weight.urgent == bool(critical)
    assert bool(weight.about) == any(isinstance(one, AlertFired | AlertResolved) for one in events)


def test_one_critical_alert_among_thousands_is_seen_and_an_end_is_not_urgent() -> None:
    many = [alert("warning") for _ in range(5_000)]
    assert not weighed("alertmanager", notification(*many)).urgent
    assert weighed("alertmanager", notification(*many, alert("page"))).urgent
    assert not weighed("alertmanager", notification(alert("critical", "resolved"))).urgent


def test_the_same_group_is_about_the_same_whatever_fires_in_it() -> None:
    fired, over = notification(alert("critical")), notification(alert("critical", "resolved"))
    assert weighed("alertmanager", fired).about == weighed("alertmanager", over).about
    assert weighed("alertmanager", fired).about != weighed("alertmanager", notification(group="{}:{x}")).about


def test_a_parser_that_breaks_or_a_long_body_is_ordinary() -> None:
    def breaks(_: Delivery) -> Any:
        raise RuntimeError("a bug")

    assert of_one_alert(breaks)(Delivery("x", {}, b"{}", NOON), {}) == ORDINARY
    assert of_one_alert(breaks)(Delivery("x", {}, b"x" * (SHORT + 1), NOON), {}) == ORDINARY


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(("groupKey", "alerts", "labels", "status", "severity", "x")), inner)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("source", MONITORING)
@given(body=JSON)
def test_nothing_that_is_json_breaks_it(source: str, body: Any) -> None:
    weighed(source, body)
