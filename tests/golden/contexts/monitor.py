"""Examples of what /monitor and alerts say."""

from dataclasses import replace
from datetime import timedelta

from bot.core.events import AlertFired, AlertResolved
from bot.stages.monitor.model.alert_group import AlertGroup, Severity
from bot.stages.monitor.model.matchers import common
from bot.stages.monitor.model.silence import Silence
from tests.example_team import ANA, NOON

LABELS = {"alertname": "HighErrorRate", "severity": "critical", "service": "payments"}
NOTES = {
    "summary": "5xx at 7.2 % (limit 1 %) on payments",
    "runbook_url": "https://wiki.harbor.example/runbooks/high-error-rate",
    "dashboard": "https://grafana.harbor.example/d/abc",
}
END = NOON + timedelta(minutes=21)


def _fired(where: str, severity: str = "critical") -> AlertFired:
    labels = {**LABELS, "instance": where, "severity": severity}
    url = "https://prometheus.harbor.example/graph"
    return AlertFired("alertmanager", where, "g", labels, NOTES, NOON, NOON, url)


def _resolved(where: str) -> AlertResolved:
    return AlertResolved("alertmanager", where, "g", {**LABELS, "instance": where}, NOTES, NOON, END, END)


def _group() -> AlertGroup:
    return AlertGroup("alertmanager", "g", NOON, service="payments", environment="production", id="A-9")


ONE = _group().fire(_fired("payments-1:9090"))
THREE = ONE.fire(_fired("payments-2:9090")).fire(_fired("payments-3:9090"))
MANY = THREE
for number in range(4, 9):
    MANY = MANY.fire(_fired(f"payments-{number}:9090"))
ACKNOWLEDGED = THREE.acknowledge("U0MEI", NOON + timedelta(minutes=2), NOON + timedelta(minutes=62))
SILENCE = replace(
    Silence.place(
        common([alert.labels for alert in THREE.alerts]),
        ANA,
        NOON,
        NOON + timedelta(hours=2),
        "the disk is being replaced",
        group_id="A-9",
    ),
    id="Q-3",
)
SILENCED = THREE.muted(SILENCE)
PARTLY = ACKNOWLEDGED.resolve(_resolved("payments-2:9090"))
OVER = PARTLY.resolve(_resolved("payments-1:9090")).resolve(_resolved("payments-3:9090"))
AGAIN = OVER.fire(
    AlertFired("alertmanager", "payments-1:9090", "g", LABELS, NOTES, END + timedelta(minutes=5), END)
)
BARE = AlertGroup("generic", "g", NOON, id="A-10").fire(AlertFired("generic", "f", "g", {}, {}, NOON, NOON))

CONTEXTS = {
    "monitor/card": {"group": ONE},
    "monitor/card#many": {"group": MANY},
    "monitor/card#acknowledged": {"group": ACKNOWLEDGED},
    "monitor/card#silenced": {"group": SILENCED},
    "monitor/card#partly": {"group": PARTLY},
    "monitor/card#resolved": {"group": OVER},
    "monitor/card#again": {"group": AGAIN},
    "monitor/card#bare": {"group": BARE},
    "monitor/acknowledged": {"group": ACKNOWLEDGED},
    "monitor/resolved": {"group": OVER},
    "monitor/fired_again": {"group": AGAIN, "after": END},
    "monitor/worsened": {"group": ONE, "before": Severity.WARNING},
    "monitor/open": {"groups": [ONE, ACKNOWLEDGED, SILENCED]},
    "monitor/open#none": {"groups": []},
}
