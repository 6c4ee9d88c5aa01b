"""Grafana's webhook contact point, and the dashboard alerts of its versions before 8.

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field

from bot.core.events import Event
from bot.vendors.kit.alerts import Instant, Told, Words, digest, known, words
from bot.vendors.kit.urgency import of_groups
from bot.vendors.kit.webhooks import Delivery, Model, Source, an_object, bearer_or_basic, by_body, loaded, read

SIGNATURE = "x-grafana-alerting-signature"
# The header for the instant has no name until somebody gives it one; these are the ones that Grafana's pages use.
TIMESTAMPS = ("x-grafana-alerting-timestamp", "x-grafana-alerting-signature-timestamp")

_FIRING = {"alerting": True, "no_data": True, "ok": False}  # else "pending" and "paused": nobody is asked to act
_plain = bearer_or_basic()


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """The HMAC where the contact point makes one (over "instant:body" where it sends the instant), else the secret."""
    given = headers.get(SIGNATURE)
    if given is None:
        return _plain(headers, body, secret)
    at = next((headers[name] for name in TIMESTAMPS if name in headers), None)
    signed = body if at is None else at.encode() + b":" + body
    return hmac.compare_digest(hmac.new(secret.encode(), signed, sha256).hexdigest().encode(), given.encode())


class _Alert(Model):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    startsAt: Instant = None
    endsAt: Instant = None
    generatorURL: Words = ""
    fingerprint: Words = ""
    dashboardURL: Words = ""
    panelURL: Words = ""
    values: dict[str, Any] | None = None


class _Notification(Model):
    alerts: list[_Alert]
    groupKey: Words = ""
    groupLabels: dict[str, str] = Field(default_factory=dict)


class _Match(Model):
    metric: Words = ""
    value: Any = None


class _DashboardAlert(Model):
    ruleId: int
    state: str
    ruleName: Words = ""
    title: Words = ""
    message: Words = ""
    ruleUrl: Words = ""
    evalMatches: list[_Match] | None = None
    tags: dict[str, str] = Field(default_factory=dict)


def parse(delivery: Delivery) -> list[Event]:
    """One event an alert, in the order of the body."""
    body = an_object(loaded(delivery.body))
    if "alerts" not in body and body.keys() & {"ruleId", "evalMatches"}:
        return _of_dashboard(read(_DashboardAlert, body), delivery)
    notification = read(_Notification, body)
    group = notification.groupKey or digest(notification.groupLabels)
    return [_told(alert, group).event(delivery) for alert in notification.alerts]


def _told(alert: _Alert, group: str) -> Told:
    shown = known(dashboard=alert.panelURL or alert.dashboardURL, value=_values(alert.values or {}))
    return Told(
        firing=alert.status == "firing",
        labels=alert.labels,
        annotations=shown | alert.annotations,
        fingerprint=alert.fingerprint,
        group=group,
        starts_at=alert.startsAt,
        ends_at=alert.endsAt,
        url=alert.generatorURL,
    )


def _of_dashboard(alert: _DashboardAlert, delivery: Delivery) -> list[Event]:
    firing = _FIRING.get(alert.state)
    if firing is None:
        return []
    name = alert.ruleName or alert.title or f"rule {alert.ruleId}"
    values = {match.metric or "value": match.value for match in alert.evalMatches or ()}
    told = Told(
        firing=firing,
        labels=alert.tags | {"alertname": name},
        annotations=known(summary=alert.message or alert.title, value=_values(values)),
        fingerprint=f"rule:{alert.ruleId}",
        url=alert.ruleUrl,
    )
    return [told.event(delivery)]


def _values(values: Mapping[str, Any]) -> str:
    """ "B=0.83, C=1"."""
    texts = {
        name: words(value) if isinstance(value, str | int | float) else json.dumps(value)
        for name, value in values.items()
    }
    return ", ".join(f"{name}={text}" for name, text in texts.items())


source = Source(
    name="grafana",
    title="Grafana alerting",
    how_to="Add a contact point of type Webhook with the address; put the secret under HMAC Signature (a timestamp "
    "header, if you want one, is called X-Grafana-Alerting-Timestamp) or under Authorization Header Credentials.",
    verify=verify,
    identify=by_body,
    parse=parse,
    weigh=of_groups(parse),
)
