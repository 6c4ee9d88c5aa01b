"""Signs of life of the sources that have to be heard of, and how long we wait for the next one."""

from collections.abc import Sequence

from bot.core.durations import rounded
from bot.core.events import AlertFired, AlertResolved
from bot.core.jobs import Job
from bot.core.ports import Work
from bot.stages.monitor.model.heartbeat import Vigil
from bot.stages.monitor.model.route import Alerting, Watch

SOURCE = "eightbells"

Event = AlertFired | AlertResolved


async def heard(work: Work, events: Sequence[Event]) -> list[Event]:
    """Note the signs of life among these; gives the events that are news, with the end of an alarm of ours."""
    rest = list(events)
    for watch in work.team.part(Alerting).watches:
        if watch.matchers:
            signs = any(isinstance(one, AlertFired) and watch.hears(one.source, one.labels) for one in rest)
            # The alert that always fires is no alert, nor is its end.
            rest = [one for one in rest if not watch.hears(one.source, one.labels)]
        else:
            signs = any(one.source == watch.source for one in events)
        over = await _alive(work, watch) if signs else None
        rest += [over] if over else []
    return rest


async def _alive(work: Work, watch: Watch) -> AlertResolved | None:
    """Wait anew; the end of the alarm, where there is one."""
    before = await work.get(Vigil, watch.name)
    if before is None:
        wait(work, await work.add(Vigil(watch.name, work.now)), watch)
        return None
    after = before.hears(work.now, watch.every)
    if after is before:
        return None
    await work.save(after)
    wait(work, after, watch)
    if before.quiet_since is None:
        return None
    alarm_ = alarm(work, watch)
    return AlertResolved(
        SOURCE, alarm_.fingerprint, alarm_.group, alarm_.labels, alarm_.annotations, None, work.now, work.now
    )


def wait(work: Work, vigil: Vigil, watch: Watch) -> None:
    """Raise the alarm once nothing has been heard for as long as the team file says."""
    args = {"watch": watch.name, "turn": vigil.turn}
    key = f"alert.quiet:{watch.name}:{vigil.turn}"
    work.owe(Job("alert.quiet", key, vigil.heard_at + watch.every, args))


def alarm(work: Work, watch: Watch) -> AlertFired:
    """Our own alert about a source that has gone quiet."""
    name = f"quiet:{watch.name}"
    labels = {"alertname": "SourceQuiet", "severity": "critical", "source": watch.source, "watch": watch.name}
    summary = (
        f"Nothing has come from {watch.name} for more than {rounded(watch.every)}; its alerts may not reach us"
    )
    return AlertFired(SOURCE, name, name, labels, {"summary": summary}, None, work.now)
