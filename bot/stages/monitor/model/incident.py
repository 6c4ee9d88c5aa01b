"""Incidents: something is wrong that more than one person works on; and what people noted of it and of alerts."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from bot.core import text_limits
from bot.core.durations import rounded
from bot.core.incident_severity import IncidentSeverity
from bot.core.people import Person
from bot.core.refusals import Stale


class IncidentState(StrEnum):
    """Whether it is over."""

    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One of them, from its opening to its end. ``lead`` decides; ``channel`` is where its card stands."""

    PREFIX: ClassVar[str] = "INC"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "lead", "service+state")

    title: str
    severity: IncidentSeverity
    lead: str
    lead_name: str
    opened_by: str
    opened_at: datetime
    channel: str
    service: str | None = None
    alerts: tuple[str, ...] = ()
    id: str = ""
    state: IncidentState = IncidentState.OPEN
    resolved_at: datetime | None = None
    resolved_by: str = ""
    outcome: str = ""

    @classmethod
    def open(
        cls,
        title: str,
        severity: IncidentSeverity,
        lead: Person,
        by: Person,
        at: datetime,
        channel: str,
        *,
        service: str | None = None,
        alert_id: str = "",
    ) -> Self:
        """A new one. Raises ``Refusal`` for a title that is none."""
        return cls(
            title=text_limits.line(title, "title", "title"),
            severity=severity,
            lead=lead.id,
            lead_name=lead.name,
            opened_by=by.id,
            opened_at=at,
            channel=channel,
            service=service,
            alerts=(alert_id,) if alert_id else (),
        )

    def join(self, alert_id: str, at: datetime) -> Self:
        """With one more alert that belongs to it. Raises ``Stale``."""
        self._must_be_open(at)
        return self if alert_id in self.alerts else replace(self, alerts=(*self.alerts, alert_id))

    def hand_to(self, lead: Person, at: datetime) -> Self:
        """With somebody else as its lead. Raises ``Stale``."""
        self._must_be_open(at)
        if lead.id == self.lead:
            raise Stale(f"{self.lead_name} leads {self.id} already.")
        return replace(self, lead=lead.id, lead_name=lead.name)

    def resolve(self, by: Person, at: datetime, outcome: str = "") -> Self:
        """Over. Raises ``Stale``."""
        self._must_be_open(at)
        return replace(
            self,
            state=IncidentState.RESOLVED,
            resolved_at=at,
            resolved_by=by.id,
            outcome=text_limits.optional(outcome, "outcome", "outcome"),
        )

    def _must_be_open(self, at: datetime) -> None:
        if self.state is IncidentState.RESOLVED and self.resolved_at:
            raise Stale(f"{self.id} {self.title} was resolved {rounded(at - self.resolved_at)} ago.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What somebody noted of an alert or an incident; ``about`` is its id. Its own id is "A-9/1"."""

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("about",)

    id: str
    about: str
    by: str
    by_name: str
    at: datetime
    text: str
