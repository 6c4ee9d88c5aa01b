"""Datadog's webhooks: a body of our choice, filled in by its variables.

https://docs.datadoghq.com/integrations/webhooks/
"""

import json

from pydantic import Field

from bot.core.events import Event
from bot.stages.monitor.model.alert_group import Severity
from bot.vendors.kit.alerts import Instant, Told, Words, known
from bot.vendors.kit.urgency import of_one_alert
from bot.vendors.kit.webhooks import Delivery, Model, Source, bearer_or_basic, by_body, read

# What is to be pasted as the webhook's payload: left our name of a field, right Datadog's variable.
TEMPLATE = {
    "transition": "$ALERT_TRANSITION",
    "alert_id": "$ALERT_ID",
    "aggregate": "$AGGREG_KEY",
    "title": "$EVENT_TITLE",
    "text": "$TEXT_ONLY_MSG",
    "status": "$ALERT_STATUS",
    "type": "$ALERT_TYPE",
    "priority": "$ALERT_PRIORITY",
    "scope": "$ALERT_SCOPE",
    "tags": "$TAGS",
    "host": "$HOSTNAME",
    "date": "$DATE",
    "link": "$LINK",
    "snapshot": "$SNAPSHOT",
}
# "Re-Triggered", "Re-Warn" and so on say the same again. "Null" is a test of the webhook itself.
_FIRES = {"triggered": True, "warn": True, "no data": True, "renotify": True, "recovered": False}


class _Alert(Model):
    transition: str
    alert_id: Words = Field(min_length=1)
    title: Words = ""
    aggregate: Words = ""
    text: Words = ""
    status: Words = ""
    type: Words = ""
    priority: Words = ""
    scope: Words = ""
    tags: Words = ""
    host: Words = ""
    date: Instant = None
    link: Words = ""
    snapshot: Words = ""


def parse(delivery: Delivery) -> list[Event]:
    """The one alert of the body."""
    alert = read(_Alert, delivery.body)
    transition = alert.transition.casefold().removeprefix("re-")
    firing = _FIRES.get(transition)
    if firing is None:
        return []
    # Of the two, the scope is what tells this alert from others of the same monitor.
    tags = _tags(alert.tags) | _tags(alert.scope)
    told = Told(
        firing=firing,
        labels=tags | known(alertname=_name(alert), severity=_severity(alert, transition), host=alert.host),
        annotations=known(
            summary=alert.status or _first_line(alert.text) or alert.title,
            description=alert.text,
            snapshot=alert.snapshot,
            state=transition if transition == "no data" else "",
        ),
        fingerprint=f"{alert.alert_id}:{alert.aggregate or alert.scope}",
        group=alert.alert_id,
        starts_at=alert.date if firing else None,
        ends_at=None if firing else alert.date,
        url=alert.link,
    )
    return [told.event(delivery)]


def _severity(alert: _Alert, transition: str) -> str:
    """The monitor's priority, but a warning is never more than that; without one, the transition tells."""
    if transition == "warn":
        return "warning"
    if Severity.of(alert.priority) is not Severity.UNKNOWN:
        return alert.priority
    return "critical" if transition == "triggered" else alert.type


def _name(alert: _Alert) -> str:
    """ "[Triggered on {host:web-1}] Disk is full" without what the card says already."""
    title = alert.title.strip()
    while title.startswith("[") and "]" in title and title.partition("]")[2].strip():
        title = title.partition("]")[2].strip()
    return title or f"monitor {alert.alert_id}"


def _tags(text: str) -> dict[str, str]:
    """ "service:web,host:web-1" by their names; a tag without a value says only that it is there."""
    pairs = (tag.strip().partition(":") for tag in text.split(",") if tag.strip())
    return {name: value or "true" for name, _, value in pairs if name}


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


source = Source(
    name="datadog",
    title="Datadog",
    how_to="In Integrations, Webhooks, make a webhook with the address, the custom header "
    '`{"Authorization": "Bearer <secret>"}` and the payload '
    f"`{json.dumps(TEMPLATE)}`; then name it in a monitor's message: `@webhook-<its name>`.",
    verify=bearer_or_basic(),
    identify=by_body,
    parse=parse,
    weigh=of_one_alert(parse),
    body_max=1 * 1024 * 1024,  # one monitor's template
)
