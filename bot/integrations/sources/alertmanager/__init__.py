"""Alertmanager's webhook (version 4): the whole group every time, resolved alerts beside firing ones."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from bot.domain.events import AlertFired, AlertResolved, Event
from bot.integrations.source import Delivery, Source, bearer_or_basic, by_body, read

# An instant further ahead than clocks are wrong, or from before there were monitoring systems, is not one.
SKEW = timedelta(hours=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def _instant(value: Any) -> datetime | None:
    """An instant, or None for what can't be one: Alertmanager writes year 1 for "not ended"."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo and at > EARLIEST else None


Instant = Annotated[datetime | None, BeforeValidator(_instant)]


class _Alert(BaseModel):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    startsAt: Instant = None
    endsAt: Instant = None
    generatorURL: str = ""
    fingerprint: str = ""


class _Notification(BaseModel):
    alerts: list[_Alert]
    groupKey: str = ""
    groupLabels: dict[str, str] = Field(default_factory=dict)
    externalURL: str = ""


def parse(delivery: Delivery) -> list[Event]:
    """One event an alert, in the order of the body."""
    notification = read(_Notification, delivery.body)
    group = notification.groupKey or _digest(notification.groupLabels)
    return [_event(alert, group, delivery) for alert in notification.alerts]


def _event(alert: _Alert, group: str, delivery: Delivery) -> Event:
    latest = delivery.received_at + SKEW
    starts_at = alert.startsAt if alert.startsAt and alert.startsAt < latest else None
    fingerprint = alert.fingerprint or _digest(alert.labels)
    if alert.status == "firing":
        return AlertFired(
            delivery.source,
            fingerprint,
            group,
            alert.labels,
            alert.annotations,
            starts_at,
            delivery.received_at,
            alert.generatorURL,
        )
    ends_at = alert.endsAt if alert.endsAt and alert.endsAt < latest else None
    return AlertResolved(
        delivery.source,
        fingerprint,
        group,
        alert.labels,
        alert.annotations,
        starts_at,
        ends_at,
        delivery.received_at,
        alert.generatorURL,
    )


def _digest(labels: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16]


source = Source(
    name="alertmanager",
    title="Prometheus Alertmanager",
    how_to="In a receiver's webhook_configs, give the address as url and the secret under "
    "http_config.authorization.credentials; set send_resolved: true.",
    verify=bearer_or_basic(),
    identify=by_body,
    parse=parse,
)
