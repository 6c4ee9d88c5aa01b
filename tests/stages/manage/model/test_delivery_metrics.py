"""The four numbers of delivery, by examples: what counts, and what does not."""

from dataclasses import replace
from datetime import timedelta

from bot.core.incident_severity import IncidentSeverity
from bot.core.team import Environment
from bot.stages.deploy.model.changes_shipped import Ships
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.manage.model.delivery_metrics import delivery
from bot.stages.monitor.model.incident import Incident
from bot.stages.monitor.model.suspect import FailureRate
from tests.example_team import MEI, NOON, TOM

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NONE = FailureRate(0, 0)


def live(ago: timedelta, waited: timedelta | None = None, **more) -> Deployment:
    asked = Deployment.ask("web", "v1", Environment("production"), TOM, NOON)
    ended = NOON - ago
    ships = Ships(1, oldest=ended - waited if waited else None)
    return replace(asked, **{"state": State.SUCCEEDED, "ended_at": ended, "ships": ships} | more)


def incident(opened: timedelta, lasted: timedelta) -> Incident:
    one = Incident.open("Slow", IncidentSeverity.MAJOR, MEI, MEI, NOON - opened, "#x")
    return one.resolve(MEI, NOON - opened + lasted)


def test_what_counts() -> None:
    counted = [
        live(HOUR, 2 * HOUR),
        live(DAY, 10 * HOUR),
        live(2 * DAY, 4 * HOUR),
        live(3 * DAY),  # of which no commit is known
        live(3 * DAY, rolls_back="D-1"),
        live(HOUR, HOUR, environment="staging"),
        live(HOUR, HOUR, state=State.FAILED),
        live(40 * DAY, HOUR),
    ]
    incidents = [incident(2 * DAY, HOUR), incident(3 * DAY, 3 * HOUR), incident(50 * DAY, DAY)]

    told = delivery(counted, incidents, FailureRate(4, 1), "production", NOON - 28 * DAY, NOON)

    assert (told.deployments, told.rollbacks, told.per_week) == (4, 1, 1.0)
    assert told.lead_time == 4 * HOUR
    assert told.restore == 2 * HOUR
    assert told.failure.causes == 1


def test_nothing_is_not_zero() -> None:
    told = delivery([], [], NONE, "production", NOON - DAY, NOON)

    assert (told.deployments, told.lead_time, told.restore) == (0, None, None)
