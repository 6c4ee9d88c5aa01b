"""Examples of what /monitor says about routes and their noise."""

from dataclasses import replace
from datetime import timedelta

from bot.stages.monitor.model.matchers import read
from bot.stages.monitor.model.noise import Replayed, RouteNoise
from bot.stages.monitor.model.route import Alerting, Route
from bot.stages.monitor.noise import Lately, Path, Preview
from tests.golden.contexts.monitor import ONE, OVER

PAGER = Route(
    "pager", read('severity=~"critical|page"'), "#pager", escalation="payments", group_by=("alertname", "cluster")
)
AUDIT = Route("audit", read('team="payments", env!=""'), "#audit", goes_on=True, broadcast=True, pages=False)
ALERTING = Alerting((AUDIT, PAGER))
CRITICAL = {"alertname": "HighErrorRate", "severity": "critical", "team": "payments"}
LATELY = Lately([ONE, OVER], total=2)
ROUTES = [
    RouteNoise("pager", 12, 40, 11, timedelta(minutes=3, seconds=20), timedelta(minutes=41), passed=1),
    RouteNoise("disks", 240, 900, 2, None, timedelta(minutes=3), passed=17),
    RouteNoise("nightly", 30, 30, 1, timedelta(hours=9), timedelta(hours=11)),
    RouteNoise("default", 0, 0, 0, None, None),
]
NEW = Route("web", read('service="web"'), group_by=("alertname",))

CONTEXTS = {
    "monitor/route": {"path": Path(CRITICAL, ALERTING.tried(CRITICAL), {"pager": "#pager"})},
    "monitor/route#default": {"path": Path({"a": "b"}, ALERTING.tried({"a": "b"}), {"default": "#alerts"})},
    "monitor/route#both": {
        "path": Path(CRITICAL, ALERTING.tried({**CRITICAL, "env": "eu"}), {"audit": "#audit", "pager": "#pager"})
    },
    "monitor/preview": {
        "preview": Preview(
            replace(PAGER, storm=3),
            False,
            Lately([ONE, OVER], total=12_345),
            Replayed(282, 40, 14, 2),
            Replayed(120, 40, 14, 9),
            Replayed(42, 40, 11, 0),
            Replayed(30, 40, 11, 3),
        )
    },
    "monitor/preview#new": {
        "preview": Preview(NEW, True, LATELY, Replayed(2, 1, 1), Replayed(1, 1, 1), Replayed(), Replayed(1, 1, 1))
    },
    "monitor/noise": {"routes": ROUTES, "lately": LATELY},
    "monitor/noise#cut": {"routes": ROUTES, "lately": Lately([ONE, OVER], total=12_345)},
    "monitor/noise#none": {"routes": [], "lately": Lately([], total=0)},
    "monitor/noise_chart": {"routes": ROUTES[:3]},
}
