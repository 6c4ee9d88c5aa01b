"""Alertmanager's webhook (version 4): the whole group every time, resolved alerts beside firing ones."""

from typing import Literal

from pydantic import Field

from bot.core.events import Event
from bot.vendors.kit.alerts import Instant, Told, digest
from bot.vendors.kit.urgency import of_groups
from bot.vendors.kit.webhooks import Delivery, Model, Source, bearer_or_basic, by_body, read


class _Alert(Model):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    startsAt: Instant = None
    endsAt: Instant = None
    generatorURL: str = ""
    fingerprint: str = ""


class _Notification(Model):
    alerts: list[_Alert]
    groupKey: str = ""
    groupLabels: dict[str, str] = Field(default_factory=dict)
    externalURL: str = ""


def parse(delivery: Delivery) -> list[Event]:
    """One event an alert, in the order of the body."""
    notification = read(_Notification, delivery.body)
    group = notification.groupKey or digest(notification.groupLabels)
    return [_told(alert, group).event(delivery) for alert in notification.alerts]


def _told(alert: _Alert, group: str) -> Told:
    return Told(
        firing=alert.status == "firing",
        labels=alert.labels,
        annotations=alert.annotations,
        fingerprint=alert.fingerprint,
        group=group,
        starts_at=alert.startsAt,
        ends_at=alert.endsAt,
        url=alert.generatorURL,
    )


source = Source(
    name="alertmanager",
    title="Prometheus Alertmanager",
    how_to="In a receiver's webhook_configs, give the address as url and the secret under "
    "http_config.authorization.credentials; set send_resolved: true.",
    verify=bearer_or_basic(),
    identify=by_body,
    parse=parse,
    weigh=of_groups(parse),
)
