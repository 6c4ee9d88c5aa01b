"""Alerts: one group is one message; it knows what fires, who is on it, and what is old news."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from bot.core.events import AlertFired, AlertResolved
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.stages.monitor.model.alert import SAME_STORY, Alert, fired, kept, resolved
from bot.stages.monitor.model.severity import Severity
from bot.stages.monitor.model.silence import Silence
from bot.stages.monitor.model.suspect import Suspected
from bot.team.people.model.working_hours import why_not_askable

__all__ = ["SAME_STORY", "Acknowledgement", "Alert", "AlertGroup", "Severity"]

FIRES_KEPT = 50  # instants of the last hour at which it fired anew; only whether there are few or many matters


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody is on it, until then; ``given_by`` is who gave it to them."""

    by: str
    at: datetime
    until: datetime | None = None
    given_by: str = ""


@dataclass(frozen=True)  # without slots, so that what is asked for often is found once
class AlertGroup:
    """Alerts that belong together: one message in the channel, one thread.

    Attributes:
        group: what is one message: the source's own group, or the labels that the route groups by.
        opened_at: when the first of them started to fire; ``closed_at``: when the last one stopped.
        origin: the group as its source names it.
        route: which of the team's routes it took; ``channel``: where that led, for ever.
        storm: the storm in whose list it stands; ``has_card`` tells whether it has a message of its own as well.
        fires: when it fired anew within the last hour.
        untold: fingerprints that the thread has still to name.
        first_acted_at: when a person first did something about it; ``first_acknowledged_at``: said to be on it.
    """

    PREFIX: ClassVar[str] = "A"
    FOUND_BY: ClassVar[tuple[str, ...]] = (
        *("state", "service", "origin", "route", "storm", "group+state", "origin+state", "service+state"),
    )

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
    silence_id: str = ""
    silence_trouble: str = ""  # why Alertmanager does not have the silence, so that only we keep it
    closed_at: datetime | None = None
    times_fired: int = 1
    id: str = ""
    state: str = field(default="firing")
    origin: str = ""
    route: str = ""
    channel: str = ""
    storm: str | None = None
    has_card: bool = True
    fires: tuple[datetime, ...] = ()
    flaps: bool = False
    untold: tuple[str, ...] = ()
    first_acted_at: datetime | None = None
    first_acknowledged_at: datetime | None = None
    chart_trouble: str = ""  # why there is no chart in its thread
    suspected: Suspected | None = None  # what changed shortly before it began to fire

    @cached_property
    def firing(self) -> tuple[Alert, ...]:
        """Those that still hold, the longest first."""
        return tuple(sorted((a for a in self.alerts if a.firing), key=lambda a: a.starts_at))

    @property
    def ended(self) -> tuple[Alert, ...]:
        """Those that hold no longer, the latest first."""
        over = [(a.ends_at, a) for a in self.alerts if a.ends_at]
        return tuple(a for _, a in sorted(over, key=lambda pair: pair[0], reverse=True))

    @property
    def in_order(self) -> tuple[Alert, ...]:
        """All of them: those that fire first."""
        return (*self.firing, *self.ended)

    @cached_property
    def lead(self) -> Alert:
        """The alert that speaks for the group: the worst one that fires, else the latest to have ended."""
        pool = self.firing or [a for a in self.alerts if a.labels] or self.alerts
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

    @property
    def is_critical(self) -> bool:
        """Whether something critical fires."""
        return self.state == "firing" and self.severity is Severity.CRITICAL

    def link(self, *names: str) -> str | None:
        """The first of these annotations that is a web address."""
        found = (self.lead.annotations.get(name, "") for name in names)
        return next((url for url in found if url.startswith(("https://", "http://"))), None)

    def knows(self, fingerprint: str) -> Alert | None:
        """The alert with this fingerprint, firing or ended."""
        return self._by_fingerprint.get(fingerprint)

    @cached_property
    def _by_fingerprint(self) -> dict[str, Alert]:
        return {alert.fingerprint: alert for alert in self.alerts}

    def fire(self, event: AlertFired) -> "AlertGroup":
        """With this alert firing. What we knew already, or what is older than what we know, changes nothing."""
        return self.take((event,))

    def resolve(self, event: AlertResolved) -> "AlertGroup":
        """With this alert resolved. One that we never saw fire is noted as ended, not as news."""
        return self.take((event,))

    def take(self, events: Iterable[AlertFired | AlertResolved]) -> "AlertGroup":
        """With what these events say, one after the other; itself where that is nothing new."""
        alerts = dict(self._by_fingerprint)
        after, still = self, len(self.firing)
        latest = self.opened_at
        for event in events:
            known = alerts.get(event.fingerprint)
            alert = fired(event, known) if isinstance(event, AlertFired) else resolved(event, known)
            if alert is None:
                continue
            latest = max(latest, event.received_at)
            alerts[event.fingerprint] = alert
            still += alert.firing - (known is not None and known.firing)
            if alert.firing and after.state == "resolved":
                after = after._again(event.received_at)
            elif not still and after.state == "firing":
                after = replace(after, state="resolved")
        if alerts == self._by_fingerprint and after is self:
            return self
        left = kept(alerts.values(), latest)
        ends = [alert.ends_at for alert in left if alert.ends_at]
        closed_at = max(ends) if after.state == "resolved" and ends else None
        return replace(after, alerts=left, closed_at=closed_at)

    def _again(self, at: datetime) -> "AlertGroup":
        recent = (*(one for one in self.fires if at - one < SAME_STORY), at)[-FIRES_KEPT:]
        return replace(self, state="firing", acknowledged=None, times_fired=self.times_fired + 1, fires=recent)

    def fired_lately(self, at: datetime) -> int:
        """How many times it fired anew within the hour before."""
        return sum(at - one < SAME_STORY for one in self.fires)

    def acknowledge(self, by: str, at: datetime, until: datetime | None = None) -> "AlertGroup":
        """With somebody on it, until then. Raises ``Stale`` where that is no longer the question.

        Whoever is on it already may say so again with another end.
        """
        if self.state == "resolved":
            raise Stale(f"{self.id} {self.name} has resolved by itself; there is nothing left to acknowledge.")
        ours = self.acknowledged
        if ours is not None and (ours.by != by or until is None or until == ours.until):
            who = "You have" if ours.by == by else f"<@{ours.by}> has"
            raise Stale(f"{who} acknowledged {self.id} {self.name} already; the card shows since when.")
        first = self.first_acknowledged_at or at
        on_it = Acknowledgement(by, ours.at if ours else at, until)
        return replace(self.acted(at), acknowledged=on_it, first_acknowledged_at=first)

    def assign(self, to: Person, by: Person, at: datetime, until: datetime) -> "AlertGroup":
        """With somebody on it who was given it. Raises ``Stale``, ``Refusal``."""
        self.must_fire("nobody has to be put on it")
        if why := why_not_askable(to):
            raise Refusal(f"{to.name} {why}, so nobody can rely on them. Name a full member.", field="person")
        if self.acknowledged is not None and self.acknowledged.by == to.id:
            raise Stale(f"{to.name} is on {self.id} {self.name} already.")
        first = self.first_acknowledged_at or at
        return replace(
            self.acted(at), acknowledged=Acknowledgement(to.id, at, until, by.id), first_acknowledged_at=first
        )

    def let_go(self) -> "AlertGroup":
        """With nobody on it."""
        return replace(self, acknowledged=None)

    def close(self, at: datetime) -> "AlertGroup":
        """Resolved by hand: what fires counts as ended, until its source says that it began anew."""
        self.must_fire("there is nothing left to resolve")
        alerts = tuple(replace(a, ends_at=max(at, a.starts_at)) if a.firing else a for a in self.alerts)
        return replace(self.acted(at), alerts=alerts, state="resolved", closed_at=max(at, self.opened_at))

    def acted(self, at: datetime) -> "AlertGroup":
        """A person has done something about it: it was not noise, and it has a message of its own from now on."""
        return replace(self, first_acted_at=self.first_acted_at or at, has_card=True)

    def must_fire(self, otherwise: str) -> None:
        """Raises ``Stale``, which ends in ``otherwise``, where nothing fires any more."""
        if self.state == "resolved":
            raise Stale(f"{self.id} {self.name} has resolved already, so {otherwise}.")

    def is_muted_by(self, silence: Silence) -> bool:
        """Whether the silence is about everything that fires in it."""
        return bool(self.firing) and all(silence.mutes(alert.labels) for alert in self.firing)

    def muted(self, silence: Silence) -> "AlertGroup":
        """Kept quiet by this silence."""
        return replace(
            self,
            silence_id=silence.id,
            silenced_until=silence.until,
            silenced_by=silence.by,
            silenced_because=silence.because,
            silence_trouble=silence.trouble,
        )

    def unsilence(self) -> "AlertGroup":
        """Heard again."""
        return replace(
            self, silence_id="", silence_trouble="", silenced_until=None, silenced_by="", silenced_because=""
        )
