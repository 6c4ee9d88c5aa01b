"""Alerts: one group is one message; it knows what fires, who is on it, and what is old news."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from bot.domain.events import AlertFired, AlertResolved
from bot.domain.refusals import Refusal, Stale

# A group that fires again this soon after it resolved is the same story and keeps its thread.
SAME_STORY = timedelta(hours=1)


class Severity(StrEnum):
    """How bad it is. Sources have many words for it; an unknown one maps, it does not crash."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, word: str | None) -> "Severity":
        """Our word for theirs."""
        return _SEVERITIES.get(_NOT_ALPHANUMERIC.sub("", (word or "").lower()), cls.UNKNOWN)

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return (Severity.CRITICAL, Severity.WARNING, Severity.UNKNOWN, Severity.INFO).index(self)


_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")  # "SEV-1" and "sev 1" are one word
# Prometheus, syslog, Sentry, Datadog, PagerDuty, CDEvents, Zabbix, and the priorities that teams number themselves.
_CRITICAL = "critical crit page fatal emergency emerg alert disaster urgent severe blocker high p0 p1 sev0 sev1"
_WARNING = "warning warn major error err medium moderate average degraded p2 sev2"
_INFO = "info informational information notice debug trace low minor trivial none ok success p3 p4 p5 sev3 sev4 sev5"
_SEVERITIES = {
    **dict.fromkeys(_CRITICAL.split(), Severity.CRITICAL),
    **dict.fromkeys(_WARNING.split(), Severity.WARNING),
    **dict.fromkeys(_INFO.split(), Severity.INFO),
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One firing condition: a set of labels."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    url: str = ""

    @property
    def firing(self) -> bool:
        """Whether the condition still holds, as far as we were told."""
        return self.ends_at is None

    @property
    def where(self) -> str:
        """What tells this alert from its neighbours, on one line."""
        return (
            self.labels.get("instance") or self.labels.get("service") or self.labels.get("job") or self.fingerprint
        )


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody is on it."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts that a source sends together: one message in the channel, one thread.

    ``opened_at`` is when the first of them started to fire, ``closed_at`` when the last one stopped.
    """

    PREFIX: ClassVar[str] = "A"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("group", "state", "service")

    source: str
    group: str
    opened_at: datetime
    alerts: tuple[Alert, ...] = ()
    service: str | None = None
    environment: str | None = None
    acknowledged: Acknowledgement | None = None
    silenced_until: datetime | None = None
    silenced_by: str = ""
    silenced_because: str = ""
    closed_at: datetime | None = None
    times_fired: int = 1
    id: str = ""
    state: str = field(default="firing")

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Those that still hold, the longest first."""
        return tuple(sorted((a for a in self.alerts if a.firing), key=lambda a: a.starts_at))

    @property
    def lead(self) -> Alert:
        """The alert that speaks for the group: the worst one that fires, else the latest to have ended."""
        pool = self.firing or self.alerts
        return min(pool, key=lambda a: (Severity.of(a.labels.get("severity")).rank, a.starts_at))

    @property
    def severity(self) -> Severity:
        """The worst that fires."""
        return Severity.of(self.lead.labels.get("severity"))

    @property
    def name(self) -> str:
        """What the alert is called."""
        return self.lead.labels.get("alertname") or self.lead.labels.get("alert") or "Unnamed alert"

    @property
    def summary(self) -> str:
        """One line in the words of whoever wrote the rule."""
        notes = self.lead.annotations
        return notes.get("summary") or notes.get("description") or notes.get("message") or ""

    def link(self, *names: str) -> str | None:
        """The first of these annotations that is a web address."""
        found = (self.lead.annotations.get(name, "") for name in names)
        return next((url for url in found if url.startswith(("https://", "http://"))), None)

    def fire(self, event: AlertFired) -> "AlertGroup":
        """With this alert firing. What we knew already, or what is older than what we know, changes nothing."""
        known = self._known(event.fingerprint)
        starts_at = event.starts_at or (known.starts_at if known and known.firing else event.received_at)
        if known is not None and known.ends_at is not None and starts_at <= known.ends_at:
            return self  # it was sent before it resolved, and overtaken on the way
        alert = Alert(event.fingerprint, event.labels, event.annotations, starts_at, None, event.url)
        if alert == known:
            return self
        again = self.state == "resolved"
        return replace(
            self,
            alerts=(*self._without(event.fingerprint), alert),
            state="firing",
            closed_at=None,
            acknowledged=None if again else self.acknowledged,
            times_fired=self.times_fired + again,
        )

    def resolve(self, event: AlertResolved) -> "AlertGroup":
        """With this alert resolved. One that we never saw fire is noted as ended, not as news."""
        known = self._known(event.fingerprint)
        if known is not None and not known.firing:
            return self
        if known is not None and event.starts_at and event.starts_at < known.starts_at:
            return self  # the end of an earlier time that it fired
        starts_at = known.starts_at if known else (event.starts_at or event.received_at)
        ends_at = max(event.ends_at or event.received_at, starts_at)
        alert = Alert(event.fingerprint, event.labels, event.annotations, starts_at, ends_at, event.url)
        alerts = (*self._without(event.fingerprint), alert)
        if any(a.firing for a in alerts):
            return replace(self, alerts=alerts)
        closed_at = max(a.ends_at for a in alerts if a.ends_at)
        return replace(self, alerts=alerts, state="resolved", closed_at=closed_at)

    def acknowledge(self, by: str, at: datetime) -> "AlertGroup":
        """With somebody on it. Raises ``Stale`` where that is no longer the question."""
        if self.state == "resolved":
            raise Stale(f"{self.id} {self.name} has resolved by itself; there is nothing left to acknowledge.")
        if self.acknowledged is not None:
            who = "You have" if self.acknowledged.by == by else f"<@{self.acknowledged.by}> has"
            raise Stale(f"{who} acknowledged {self.id} {self.name} already; the card shows since when.")
        return replace(self, acknowledged=Acknowledgement(by, at))

    def silence(self, by: str, at: datetime, until: datetime, because: str) -> "AlertGroup":
        """Kept quiet until then. Raises ``Refusal``."""
        if until <= at:
            raise Refusal("A silence ends in the future: say for example “until 17:00” or “until Mon 09:00”.")
        if until > at + timedelta(days=30):
            raise Refusal("A silence lasts 30 days at most; a rule that nobody needs is better removed.")
        if self.state == "resolved":
            raise Stale(f"{self.id} {self.name} has resolved already, so there is nothing to silence.")
        return replace(self, silenced_until=until, silenced_by=by, silenced_because=because)

    def unsilence(self) -> "AlertGroup":
        """Heard again."""
        return replace(self, silenced_until=None, silenced_by="", silenced_because="")

    def _known(self, fingerprint: str) -> Alert | None:
        return next((a for a in self.alerts if a.fingerprint == fingerprint), None)

    def _without(self, fingerprint: str) -> tuple[Alert, ...]:
        return tuple(a for a in self.alerts if a.fingerprint != fingerprint)
