"""Incidents: opened from an alert or alone, led by somebody, told as a card, resolved with a word on how."""

from dataclasses import dataclass
from datetime import datetime

from bot.core import text_limits
from bot.core.find_or_refuse import found
from bot.core.incident_severity import IncidentSeverity
from bot.core.ledger import Entry, Fact, Recorded, Subject
from bot.core.messages import Band, Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.core.stages import Stage
from bot.stages.monitor import cards
from bot.stages.monitor.model.alert_group import Severity
from bot.stages.monitor.model.incident import Incident, IncidentState, Noted
from bot.team.environments.look_again import look_around

_FROM_ALERT = {Severity.CRITICAL: IncidentSeverity.CRITICAL, Severity.WARNING: IncidentSeverity.MAJOR}
TOLD = 100  # entries of a timeline


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline; ``text`` are somebody's own words, where they noted something."""

    at: datetime
    what: str
    by: str = ""
    text: str = ""


async def open_one(
    work: Work,
    title: str,
    by: Person,
    *,
    severity: IncidentSeverity | None = None,
    service: str | None = None,
    alert_id: str = "",
    lead: Person | None = None,
) -> Incident:
    """A new incident with its card in the alerts' channel; of an alert, it takes service and severity from it.

    Raises ``Refusal``.
    """
    group = await cards.find(work, alert_id) if alert_id else None
    if group is not None:
        for other in await open_ones(work):
            if group.id in other.alerts:
                raise Refusal(
                    f"{group.id} belongs to {other.id} {other.title} already; {other.lead_name} leads it."
                )
        service = service or group.service
        severity = severity or _FROM_ALERT.get(group.severity, IncidentSeverity.MINOR)
    channel = work.team.channel_for(Stage.MONITOR, service)
    opened = Incident.open(
        title,
        severity or IncidentSeverity.MAJOR,
        lead or by,
        by,
        work.now,
        channel,
        service=service,
        alert_id=group.id if group else "",
    )
    incident = await work.add(opened)
    record(work, incident, "opened", by.id, severity=str(incident.severity))
    show(work, incident)
    look_around(work, f"{incident.id}:opened", service=incident.service)
    if group is not None:
        group = await cards.acted(work, group)
        context = {"incident": incident}
        cards.tell(work, group, f"incident:{incident.id}", "monitor/incident_of", context, even_silent=True)
    return incident


async def join(work: Work, incident_id: str, alert_id: str, by: Person) -> Incident:
    """An alert that belongs to it as well. Raises ``Refusal``."""
    group = await cards.find(work, alert_id)
    incident = (await known(work, incident_id)).join(group.id, work.now)
    await work.save(incident)
    record(work, incident, "joined", by.id)
    show(work, incident)
    cards.tell(
        work, group, f"incident:{incident.id}", "monitor/incident_of", {"incident": incident}, even_silent=True
    )
    return incident


async def lead(work: Work, incident_id: str, who: Person, by: Person) -> Incident:
    """Somebody leads it from now on. Raises ``Refusal``."""
    if not who.is_member:
        raise Refusal(f"{who.name} is no full member here, so they cannot lead. Name one.", field="person")
    incident = (await known(work, incident_id)).hand_to(who, work.now)
    await work.save(incident)
    record(work, incident, "led", by.id, (Subject("person", who.id),))
    show(work, incident)
    return incident


async def note(work: Work, incident_id: str, text: str, by: Person) -> Incident:
    """Keep what somebody saw or did, in its thread and timeline. Raises ``Refusal``."""
    incident = await known(work, incident_id)
    number = await work.count(Noted, about=incident.id) + 1
    kept = await work.add(
        Noted(
            id=f"{incident.id}/{number}",
            about=incident.id,
            by=by.id,
            by_name=by.name,
            at=work.now,
            text=text_limits.required(text, "words", "note"),
        )
    )
    record(work, incident, "noted", by.id)
    _tell(work, incident, f"note:{kept.id}", "monitor/note", {"note": kept})
    return incident


async def resolve(work: Work, incident_id: str, by: Person, outcome: str = "") -> Incident:
    """It is over. Raises ``Refusal``."""
    incident = (await known(work, incident_id)).resolve(by, work.now, outcome)
    await work.save(incident)
    minutes = int((work.now - incident.opened_at).total_seconds() // 60)
    record(work, incident, "resolved", by.id, minutes=minutes)
    show(work, incident)
    look_around(work, f"{incident.id}:resolved", service=incident.service)
    return incident


async def timeline(work: Work, incident: Incident) -> list[Moment]:
    """What happened to it and its alerts, by the ledger, and what people noted; the oldest first."""
    subjects = (Subject("incident", incident.id), *(Subject("alert", id) for id in incident.alerts))
    moments = [
        Moment(one.at, _said(one), one.entry.by)
        for one in await work.history(*subjects, limit=TOLD)
        if not one.entry.kind.endswith(".noted")
    ]
    for about in (incident.id, *incident.alerts):
        notes = await work.find(Noted, about=about, newest_first=False)
        moments += [Moment(one.at, "noted", one.by, one.text) for one in notes]
    return sorted(moments, key=lambda one: one.at)


async def open_ones(work: Work) -> list[Incident]:
    """Those that are not over: the worst first, then the oldest."""
    every = await work.find(Incident, state=IncidentState.OPEN)
    ranks = list(IncidentSeverity)
    return sorted(every, key=lambda one: (ranks.index(one.severity), one.opened_at))


async def known(work: Work, id: str) -> Incident:
    """The incident with this id. Raises ``Unknown``."""
    return await found(work, Incident, id, "incident", field="incident")


def show(work: Work, incident: Incident) -> None:
    """Post the card, or redraw it."""
    band = Band.NOW if incident.state is IncidentState.OPEN else Band.NORMAL
    work.say(
        Message(f"incident:{incident.id}", incident.channel, "monitor/incident", {"incident": incident}, band=band)
    )


def record(
    work: Work, incident: Incident, what: str, by: str, also: tuple[Subject, ...] = (), **facts: Fact
) -> None:
    """A ledger entry ``incident.<what>`` that links incident, alerts and service."""
    subjects = [Subject("incident", incident.id), *(Subject("alert", id) for id in incident.alerts)]
    if incident.service:
        subjects.append(Subject("service", incident.service))
    work.record(Entry(f"incident.{what}", (*subjects, *also), by, facts))


def _tell(work: Work, incident: Incident, what: str, template: str, context: dict[str, object]) -> None:
    key = f"incident:{incident.id}"
    work.say(Message(f"{key}:{what}", incident.channel, template, context, thread_of=key))


def _said(recorded: Recorded) -> str:
    """ "alert acknowledged", "incident opened": the ledger's kind in words."""
    noun, _, happened = recorded.entry.kind.partition(".")
    names = {one.kind: one.name for one in recorded.entry.subjects}
    return f"{names.get(noun, noun)} {happened.replace('_', ' ')}"
