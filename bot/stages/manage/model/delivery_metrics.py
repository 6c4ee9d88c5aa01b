"""How delivery goes: how often, how long a commit waits, how often it breaks something, how long until it works."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.monitor.model.incident import Incident
from bot.stages.monitor.model.suspect import FailureRate

WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a stretch of time comes to, for one service or all; nobody in it has a name.

    Attributes:
        over: how long the stretch is.
        deployments: how many went live in the last environment; ``rollbacks`` are not among them.
        lead_time: the median from a deployment's oldest commit to going live; None where no commit is known.
        failure: of those, how many a person said were the cause of an alert.
        restore: the median from an incident's opening to its end; None where there was none.
    """

    over: timedelta
    deployments: int
    rollbacks: int
    lead_time: timedelta | None
    failure: FailureRate
    restore: timedelta | None

    @property
    def per_week(self) -> float:
        """How often something went live."""
        return self.deployments / (self.over / WEEK)


def delivery(
    deployments: Iterable[Deployment],
    incidents: Iterable[Incident],
    failure: FailureRate,
    environment: str,
    since: datetime,
    until: datetime,
) -> Delivery:
    """Counted over what went live in ``environment``, and what was restored, in this stretch."""
    live = [
        one
        for one in deployments
        if one.state is State.SUCCEEDED and one.environment == environment and one.ended_at
        if since <= one.ended_at < until
    ]
    forward = [one for one in live if not one.rolls_back]
    waits = [one.ended_at - one.ships.oldest for one in forward if one.ended_at and one.ships.oldest]
    restored = [
        one.resolved_at - one.opened_at for one in incidents if one.resolved_at and since <= one.resolved_at < until
    ]
    return Delivery(
        until - since, len(forward), len(live) - len(forward), _median(waits), failure, _median(restored)
    )


def _median(spans: list[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None
