"""Sentry's integration platform: issue alerts, metric alerts, and issues that come, go and come back.

https://docs.sentry.io/integrations/integration-platform/webhooks/
"""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from bot.core.events import Event
from bot.vendors.kit.alerts import Instant, Told, Words, known
from bot.vendors.kit.urgency import of_one_alert
from bot.vendors.kit.webhooks import Delivery, Model, Source, by_header, hmac_sha256, read

# What an issue's webhook says: whether somebody has to look. "assigned" changes nothing about that.
_ISSUE_FIRES = {"created": True, "unresolved": True, "resolved": False, "archived": False, "ignored": False}
_METRIC_FIRES = {"critical": True, "warning": True, "resolved": False}


class _Project(Model):
    slug: Words = ""


class _Issue(Model):
    id: Words = Field(min_length=1)
    title: str
    shortId: Words = ""
    culprit: Words = ""
    level: Words = ""
    web_url: Words = ""
    permalink: Words = ""
    project: _Project = _Project()
    firstSeen: Instant = None
    lastSeen: Instant = None


class _IssueData(Model):
    issue: _Issue


class _IssueChanged(Model):
    action: str
    data: _IssueData


class _OfIssue(Model):
    """The event that set off an issue alert; ``tags`` are pairs, and the project is only a number."""

    issue_id: Words = Field(min_length=1)
    title: str
    culprit: Words = ""
    level: Words = ""
    web_url: Words = ""
    datetime: Instant = None
    tags: list[tuple[str, str | None]] | None = None


class _AlertData(Model):
    event: _OfIssue
    triggered_rule: Words = ""


class _IssueAlert(Model):
    data: _AlertData


class _Rule(Model):
    id: Words = ""
    name: Words = ""
    projects: list[str] | None = None
    environment: Words = ""


class _Metric(Model):
    id: Words = Field(min_length=1)
    title: Words = ""
    identifier: Words = ""
    alert_rule: _Rule = _Rule()
    date_started: Instant = None
    date_closed: Instant = None


class _MetricData(Model):
    metric_alert: _Metric
    description_title: Words = ""
    description_text: Words = ""
    web_url: Words = ""


class _MetricAlert(Model):
    action: str
    data: _MetricData


def parse(delivery: Delivery) -> list[Event]:
    """What the resource named by ``Sentry-Hook-Resource`` means; those that we do not use give nothing."""
    reader = _READERS.get(delivery.headers.get("sentry-hook-resource", ""))
    told = None if reader is None else reader(delivery.body)
    return [] if told is None else [told.event(delivery)]


def _issue(body: bytes) -> Told | None:
    changed = read(_IssueChanged, body)
    issue, firing = changed.data.issue, _ISSUE_FIRES.get(changed.action)
    if firing is None:
        return None
    return Told(
        firing=firing,
        labels=known(
            alertname=issue.title, severity=issue.level, service=issue.project.slug, project=issue.project.slug
        ),
        annotations=known(summary=issue.culprit or issue.title, issue=issue.shortId),
        fingerprint=_of_issue(issue.id),
        # One that comes back fires since it came back, not since it was first seen.
        starts_at=issue.firstSeen if changed.action == "created" else None,
        url=issue.web_url or issue.permalink,
    )


def _issue_alert(body: bytes) -> Told:
    alert = read(_IssueAlert, body).data
    event = alert.event
    tags: dict[str, Any] = dict(event.tags or ())
    return Told(
        firing=True,
        labels=known(
            alertname=event.title,
            severity=event.level,
            service=tags.get("service"),
            environment=tags.get("environment"),
            instance=tags.get("server_name"),
            release=tags.get("release"),
        ),
        annotations=known(summary=event.culprit or event.title, rule=alert.triggered_rule),
        fingerprint=_of_issue(event.issue_id),  # so that the issue's own webhook resolves it
        starts_at=event.datetime,
        url=event.web_url,
    )


def _metric_alert(body: bytes) -> Told | None:
    changed = read(_MetricAlert, body)
    data, firing = changed.data, _METRIC_FIRES.get(changed.action)
    metric = data.metric_alert
    if firing is None:
        return None
    project = (metric.alert_rule.projects or [""])[0]
    return Told(
        firing=firing,
        labels=known(
            alertname=metric.alert_rule.name or metric.title or f"metric alert {metric.id}",
            severity=changed.action if firing else "",
            service=project,
            project=project,
            environment=metric.alert_rule.environment,
        ),
        annotations=known(summary=data.description_text or data.description_title),
        # The rule, not this time that it fired: what comes back within the hour is the same story.
        fingerprint=f"rule:{metric.alert_rule.id or metric.id}",
        starts_at=metric.date_started,
        ends_at=metric.date_closed,
        url=data.web_url,
    )


def _of_issue(issue_id: str) -> str:
    return f"issue:{issue_id}"


_READERS: dict[str, Callable[[bytes], Told | None]] = {
    "issue": _issue,
    "event_alert": _issue_alert,
    "metric_alert": _metric_alert,
}

source = Source(
    name="sentry",
    title="Sentry",
    how_to="In Settings, Developer Settings, make an internal integration with the address as webhook URL, switch on "
    "Alert Rule Action and the webhooks for issues; its client secret is the secret.",
    verify=hmac_sha256("sentry-hook-signature"),
    identify=by_header("request-id"),
    parse=parse,
    weigh=of_one_alert(parse),
    keeps=("sentry-hook-",),
    body_max=4 * 1024 * 1024,  # an issue with one event, which Sentry takes up to 1 MB
)
