"""Examples of what is said when much fires, or the same again and again."""

from dataclasses import replace
from datetime import timedelta

from bot.core.events import AlertFired
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.storm import Storm, summed_up
from tests.example_team import NOON
from tests.golden.contexts.monitor import AGAIN, MANY, OVER, THREE

STORM = Storm("default #alerts#1", "default", "#alerts", NOON)


def _one_of(number: int) -> AlertGroup:
    labels = {
        "alertname": "HighErrorRate" if number % 3 else "PodCrashLooping",
        "severity": "critical" if number % 4 == 0 else "warning",
        "service": f"shop-{number % 7}",
        "cluster": "eu-1",
    }
    notes = {"summary": f"5xx at {number} %"}
    event = AlertFired("alertmanager", f"f{number}", f"g{number}", labels, notes, NOON, NOON)
    return AlertGroup("alertmanager", f"g{number}", NOON, service=f"shop-{number % 7}", id=f"A-{number}").fire(
        event
    )


GROUPS = [_one_of(number) for number in range(20, 48)]
FLAPPING = replace(AGAIN, flaps=True, times_fired=5)
OVER_NOW = replace(STORM, ended_at=NOON + timedelta(minutes=12))

CONTEXTS = {
    "monitor/card#flapping": {"group": FLAPPING},
    "monitor/flaps": {"group": FLAPPING, "times": 5},
    "monitor/joined": {"group": THREE, "joined": THREE.alerts[1:]},
    "monitor/joined#many": {"group": MANY, "joined": MANY.alerts},
    "monitor/storm": {"summary": summed_up(STORM, GROUPS, len(GROUPS))},
    "monitor/storm#cut": {"summary": summed_up(STORM, GROUPS, 2_345)},
    "monitor/storm#over": {"summary": summed_up(OVER_NOW, [replace(OVER, id="A-20"), *GROUPS[:3]], 4)},
    "monitor/storm#resolved": {"summary": summed_up(OVER_NOW, [replace(OVER, id="A-20")], 1)},
    "monitor/storm_page#left": {"groups": [], "first": 21},
    "monitor/storm_page": {"groups": [OVER, *GROUPS[:19]], "first": 1},
}
