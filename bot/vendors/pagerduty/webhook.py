"""PagerDuty's webhooks, version 3: its incidents from triggered to resolved.

https://developer.pagerduty.com/docs/webhooks-overview and …/verifying-webhook-signatures
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from pydantic import Field

from bot.core.events import Event
from bot.stages.monitor.model.alert_group import Severity
from bot.vendors.kit.alerts import Instant, Told, Words, known
from bot.vendors.kit.urgency import of_one_alert
from bot.vendors.kit.webhooks import Delivery, Model, Source, an_object, by_body, loaded, read

# Whatever else happens to an incident while it is open, what it says of it is the newest that we know.
_FIRING = frozenset(
    f"incident.{what}"
    for what in (
        "triggered",
        "acknowledged",
        "unacknowledged",
        "escalated",
        "delegated",
        "reassigned",
        "priority_updated",
        "reopened",
    )
)
_RESOLVED = "incident.resolved"


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether one of the signatures ("v1=…,v1=…") is right: while a secret is changed, there is one with each."""
    want = b"v1=" + hmac.new(secret.encode(), body, sha256).hexdigest().encode()
    given = headers.get("x-pagerduty-signature", "").split(",")
    return any(hmac.compare_digest(want, each.strip().encode()) for each in given)


class _Reference(Model):
    id: Words = ""
    summary: Words = ""


class _Incident(Model):
    id: str = Field(min_length=1)
    title: Words = ""
    number: int | None = None
    status: Words = ""
    urgency: Words = ""
    html_url: Words = ""
    created_at: Instant = None
    service: _Reference | None = None
    priority: _Reference | None = None
    assignees: list[_Reference] | None = None


class _Event(Model):
    event_type: str
    occurred_at: Instant = None
    agent: _Reference | None = None


class _Changed(_Event):
    data: _Incident


class _Body(Model):
    event: _Event


def parse(delivery: Delivery) -> list[Event]:
    """What happened to one incident; notes, responders and services give nothing."""
    body = an_object(loaded(delivery.body))
    kind = read(_Body, body).event.event_type
    if kind != _RESOLVED and kind not in _FIRING:
        return []
    changed = read(_Changed, body["event"], at="event")
    incident = changed.data
    # A reopened one fires since it was reopened: it did not in between.
    starts_at = changed.occurred_at if kind == "incident.reopened" else incident.created_at
    told = Told(
        firing=kind != _RESOLVED,
        labels=known(
            alertname=incident.title or f"incident {incident.number or incident.id}",
            severity=_severity(incident),
            service=incident.service.summary if incident.service else "",
            urgency=incident.urgency,
        ),
        annotations=known(summary=incident.title, in_pagerduty=_there(changed)),
        fingerprint=incident.id,
        starts_at=starts_at,
        ends_at=changed.occurred_at if kind == _RESOLVED else None,
        url=incident.html_url,
    )
    return [told.event(delivery)]


def _severity(incident: _Incident) -> str:
    """Teams name their priorities themselves; one that says nothing to us leaves the urgency, high or low."""
    named = incident.priority.summary if incident.priority else ""
    return incident.urgency if Severity.of(named) is Severity.UNKNOWN else named


def _there(changed: _Changed) -> str:
    """ "acknowledged by Mei Tanaka"."""
    who = changed.agent.summary if changed.agent else ""
    return (
        f"{changed.data.status} by {who}" if changed.data.status == "acknowledged" and who else changed.data.status
    )


source = Source(
    name="pagerduty",
    title="PagerDuty",
    how_to="In Integrations, Generic Webhooks (v3), add a webhook with the address and the incident events; the "
    "secret that PagerDuty then shows, once, is the secret.",
    verify=verify,
    identify=by_body,
    parse=parse,
    weigh=of_one_alert(parse),
    body_max=2 * 1024 * 1024,  # one incident
)
