"""Alerts: one message a group, kept true; the thread tells what a person needs, once."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.domain.alerts import SAME_STORY, AlertGroup, Severity
from bot.domain.events import AlertFired, AlertResolved
from bot.domain.jobs import Due, Job, Outcome
from bot.domain.ledger import Entry, Subject
from bot.domain.messages import Band, Message
from bot.domain.ports import Work
from bot.domain.refusals import Refusal, Unknown
from bot.domain.stages import Stage
from bot.workflows.handles import due, on
from bot.workflows.services import environment_of, service_of_labels


def card_key(group: AlertGroup) -> str:
    """Names the group's message in its channel."""
    return f"alert:{group.id}"


@on(AlertFired)
async def fired(work: Work, event: AlertFired) -> None:
    """Open the group's message, or bring it up to date."""
    group = await _story(work, event)
    if group is None:
        group = await work.add(_unopened(work, event).fire(event))
        _record(work, group, "alert.fired", alerts=len(group.alerts), severity=str(group.severity))
        return show(work, group)
    after = group.fire(event)
    if after is group:
        return None
    await work.save(after)
    if group.state == "resolved":
        _record(work, after, "alert.fired", alerts=len(after.firing), again=True)
        _tell(work, after, f"again:{after.times_fired}", "monitor/fired_again", {"after": event.received_at})
    elif after.severity.rank < group.severity.rank:
        _record(work, after, "alert.worsened", severity=str(after.severity))
        _tell(work, after, f"worse:{after.severity}", "monitor/worsened", {"before": group.severity})
    return show(work, after)


@on(AlertResolved)
async def resolved(work: Work, event: AlertResolved) -> None:
    """Bring the group's message up to date; when nothing fires any more, say so in the thread."""
    group = await _story(work, event)
    if group is None:
        # It ended before we heard of it: nobody was told, so nothing is said. It is kept, since the delivery that
        # says it fires may still be on its way, and must not open what nobody will ever close.
        await work.add(_unopened(work, event).resolve(event))
        return
    after = group.resolve(event)
    if after is group:
        return
    if after.state == "resolved":
        after = after.unsilence()
        work.forgive(_silence_key(after))
        _record(work, after, "alert.resolved", minutes=_minutes(after))
        _tell(work, after, f"resolved:{after.times_fired}", "monitor/resolved", {})
    await work.save(after)
    show(work, after)


async def acknowledge(work: Work, group_id: str, by: str) -> AlertGroup:
    """Put somebody on it. Raises ``Refusal``."""
    group = (await find(work, group_id)).acknowledge(by, work.now)
    await work.save(group)
    _record(work, group, "alert.acknowledged", by=by)
    _tell(work, group, f"acknowledged:{group.times_fired}:{by}", "monitor/acknowledged", {})
    show(work, group)
    return group


async def silence(work: Work, group_id: str, by: str, until: datetime, because: str) -> AlertGroup:
    """Keep a group's thread quiet until then; its card stays true. Raises ``Refusal``."""
    group = (await find(work, group_id)).silence(by, work.now, until, because)
    await work.save(group)
    work.owe(Job("alert.unsilence", _silence_key(group), until, {"group": group.id}))
    _record(work, group, "alert.silenced", by=by, until=until.isoformat())
    _tell(work, group, f"silenced:{until.timestamp():.0f}", "monitor/silenced", {}, even_silent=True)
    show(work, group)
    return group


async def unsilence(work: Work, group_id: str, by: str) -> AlertGroup:
    """End a silence early. Raises ``Refusal``."""
    group = await find(work, group_id)
    if group.silenced_until is None:
        raise Refusal(f"{group.id} {group.name} is not silenced.")
    after = group.unsilence()
    await work.save(after)
    work.forgive(_silence_key(group))
    _record(work, after, "alert.unsilenced", by=by)
    show(work, after)
    return after


@due("alert.unsilence")
async def silence_ended(work: Work, job: Due) -> Outcome:
    """Say that a silence has ended and the alert still fires, to the person who asked for quiet."""
    group = await work.get(AlertGroup, str(job.job.args["group"]))
    if group is None or group.silenced_until is None or group.silenced_until > work.now:
        return Outcome.NOOP
    after = group.unsilence()
    await work.save(after)
    _record(work, after, "alert.unsilenced")
    if after.state == "firing":
        context = {"by": group.silenced_by, "late_by": job.late_by}
        _tell(work, after, f"heard:{group.silenced_until.timestamp():.0f}", "monitor/silence_ended", context)
    show(work, after)
    return Outcome.DONE


async def find(work: Work, group_id: str) -> AlertGroup:
    """The group with this id. Raises ``Unknown``."""
    group = await work.get(AlertGroup, group_id)
    if group is None:
        fires = await work.find(AlertGroup, state="firing", limit=5)
        raise Unknown("alert", group_id, tuple(other.id for other in fires))
    return group


async def open_groups(work: Work) -> list[AlertGroup]:
    """What fires now: the worst first, then the oldest."""
    groups = await work.find(AlertGroup, state="firing")
    return sorted(groups, key=lambda group: (group.severity.rank, group.opened_at))


def show(work: Work, group: AlertGroup) -> None:
    """Make the channel show the group as it is."""
    band = Band.NOW if group.severity is Severity.CRITICAL and group.state == "firing" else Band.NORMAL
    work.say(Message(card_key(group), _channel(work, group), "monitor/card", {"group": group}, band=band))


async def _story(work: Work, event: AlertFired | AlertResolved) -> AlertGroup | None:
    """The group that this event belongs to: the open one, or the one that closed a short while ago."""
    newest = await work.find(AlertGroup, group=_group_key(event), limit=1)
    if not newest:
        return None
    # Found without a lock; read again, so that two deliveries at once do not overwrite each other.
    group = await work.get(AlertGroup, newest[0].id)
    if group is None or group.state == "firing" or group.closed_at is None:
        return group
    if isinstance(event, AlertResolved) or work.now - group.closed_at <= SAME_STORY:
        return group
    return None


def _unopened(work: Work, event: AlertFired | AlertResolved) -> AlertGroup:
    return AlertGroup(
        source=event.source,
        group=_group_key(event),
        opened_at=event.starts_at or event.received_at,
        service=service_of_labels(work.team, event.labels),
        environment=environment_of(
            work.team, event.labels.get("environment") or event.labels.get("env") or event.labels.get("stage") or ""
        ),
    )


def _group_key(event: AlertFired | AlertResolved) -> str:
    return f"{event.source}:{event.group}"


def _silence_key(group: AlertGroup) -> str:
    return f"alert.unsilence:{group.id}"


def _minutes(group: AlertGroup) -> int:
    return int(((group.closed_at or group.opened_at) - group.opened_at) / timedelta(minutes=1))


def _channel(work: Work, group: AlertGroup) -> str:
    return work.team.channel_for(Stage.MONITOR, group.service)


def _tell(
    work: Work,
    group: AlertGroup,
    what: str,
    template: str,
    context: Mapping[str, object],
    *,
    even_silent: bool = False,
) -> None:
    """One line in the thread, unless somebody asked for quiet."""
    if group.silenced_until and group.silenced_until > work.now and not even_silent:
        return
    key = f"{card_key(group)}:{what}"
    told = {"group": group, **context}
    work.say(Message(key, _channel(work, group), template, told, thread_of=card_key(group)))


def _record(work: Work, group: AlertGroup, kind: str, by: str = "", **facts: str | int | bool) -> None:
    subjects = [Subject("alert", group.id)]
    if group.service:
        subjects.append(Subject("service", group.service))
    if group.environment:
        subjects.append(Subject("environment", group.environment))
    work.record(Entry(kind, tuple(subjects), by or group.source, facts))
