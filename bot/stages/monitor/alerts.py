"""Alerts: one message a group, kept true; the thread tells what a person needs, once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.events import AlertFired, AlertResolved
from bot.core.handlers import due, on
from bot.core.jobs import Due, Job, Outcome
from bot.core.messages import Band
from bot.core.ports import Work
from bot.core.redraw_soon import soon
from bot.stages.monitor import cards as news
from bot.stages.monitor import charts, heartbeats, hooks, route, storms
from bot.stages.monitor.model.alert_group import SAME_STORY, AlertGroup
from bot.stages.monitor.model.route import Alerting
from bot.stages.monitor.model.severity import Severity
from bot.stages.monitor.route import Story

EDITS_EVERY = timedelta(seconds=2)  # what changes without being news is drawn no more often
NEWCOMERS_EVERY = timedelta(seconds=15)  # new label sets are named in the thread together


async def happened(work: Work, events: Sequence[AlertFired | AlertResolved]) -> None:
    """Take what a delivery tells: each group is read, written and shown once, however many alerts it holds."""
    rest = await heartbeats.heard(work, events)
    for story in await route.stories(work, rest):
        await take(work, story)


@on(AlertFired, together=happened)
async def fired(work: Work, event: AlertFired) -> None:
    """Open the group's message, or bring it up to date."""
    await happened(work, (event,))


@on(AlertResolved, together=happened)
async def resolved(work: Work, event: AlertResolved) -> None:
    """Bring the group's message up to date; when nothing fires any more, say so in the thread."""
    await happened(work, (event,))


async def take(work: Work, story: Story) -> None:
    """Bring one group up to date with what is told of it."""
    if story.known is None:
        await _open(work, story)
        return
    before = story.known
    after = before.take(story.events)
    if after is before:
        return
    if after.state == "firing" and after.times_fired > before.times_fired:
        if before.state == "firing":  # it ended meanwhile as well, and whoever was on it was on what has ended
            news.record(work, after, "alert.resolved", ended=_ended(story).isoformat())
        await _fire_again(work, story, before, after)
    elif after.state == "resolved" and before.state == "firing":
        await _resolve(work, story, after)
    else:
        await _change(work, story, before, after)


async def _open(work: Work, story: Story) -> None:
    group = route.unopened(work, story).take(story.events)
    if group.state == "resolved" or not group.firing:
        # It ended before we heard of it: nobody was told, so nothing is said. It is kept, since the delivery that
        # says it fires may still be on its way, and must not open what nobody will ever close.
        _record_passed(work, await work.add(replace(group, has_card=False)), story)
        return
    group = await storms.admitted(work, group, story.route)
    # Whoever opens a group of this route holds its traffic: what another replica has opened meanwhile is seen by now.
    twins = await work.find(AlertGroup, group=story.key, state="firing", limit=1)
    if twins:
        story.known = await work.get(AlertGroup, twins[0].id)
        await take(work, story)
        return
    group = await work.add(await hooks.before_showing(work, group))
    news.record(work, group, "alert.fired", alerts=len(group.firing), severity=str(group.severity))
    news.show(work, group)
    charts.draw_soon(work, group)
    await hooks.after_firing(work, group)


async def _fire_again(work: Work, story: Story, before: AlertGroup, after: AlertGroup) -> None:
    """The same story goes on. Told in the thread until it has been told too often."""
    after = await storms.admitted(work, replace(after, untold=()), story.route)
    begins_to_flap = not before.flaps and after.fired_lately(work.now) >= work.team.part(Alerting).flaps
    after = replace(after, flaps=before.flaps or begins_to_flap)
    after = await hooks.before_showing(work, after)
    await work.save(after)
    news.record(work, after, "alert.fired", alerts=len(after.firing), again=True)
    if after.flaps:
        work.owe(
            Job(
                "alert.calm",
                f"alert.calm:{after.id}:{after.times_fired}",
                work.now + SAME_STORY,
                {"name": after.id},
            )
        )
    if begins_to_flap and after.storm is None:
        times = {"times": after.fired_lately(work.now)}
        _tell(work, story, replace(after, flaps=False), f"flaps:{after.times_fired}", "monitor/flaps", times)
    else:
        _tell(work, story, after, f"again:{after.times_fired}", "monitor/fired_again", {"after": work.now})
    news.show(work, after)
    if not after.flaps:
        charts.draw_soon(work, after)
    await hooks.after_firing(work, after)


async def _resolve(work: Work, story: Story, after: AlertGroup) -> None:
    after = await hooks.before_showing(work, replace(after, untold=()))
    await work.save(after)
    news.record(work, after, "alert.resolved", minutes=_minutes(after))
    _tell(work, story, after, f"resolved:{after.times_fired}", "monitor/resolved", {})
    news.show(work, after)
    await hooks.after_resolving(work, after)


async def _change(work: Work, story: Story, before: AlertGroup, after: AlertGroup) -> None:
    """Still firing, or still over: others joined, some ended, it became worse, or its words changed."""
    worse = after.state == "firing" and after.severity.rank < before.severity.rank
    if after.state == "firing" and after.has_card:
        joined = tuple(a.fingerprint for a in after.firing if before.knows(a.fingerprint) is None)
        after = replace(after, untold=(*after.untold, *joined))
    if worse:
        after = await storms.worsened(work, after, story.route)
    after = await hooks.before_showing(work, after)
    await work.save(after)
    if after.state == "resolved":
        _record_passed(work, after, story)
    if after.untold:
        soon(work, "alert.newcomers", after.id, NEWCOMERS_EVERY)
    if not worse:
        if after.has_card:
            soon(work, "alert.redraw", after.id, EDITS_EVERY)
        elif after.storm is not None:
            storms.redraw_soon(work, after.storm)
        return
    news.record(work, after, "alert.worsened", severity=str(after.severity))
    what = f"worse:{after.times_fired}:{after.severity}"
    band = Band.NOW if after.is_critical else Band.NORMAL
    _tell(work, story, after, what, "monitor/worsened", {"before": before.severity}, band)
    news.show(work, after)
    await hooks.after_firing(work, after)


@due("alert.redraw")
async def redraw(work: Work, job: Due) -> Outcome:
    """Draw a card whose alerts have changed."""
    group = await work.get(AlertGroup, str(job.job.args["name"]))
    if group is None:
        return Outcome.NOOP
    news.show(work, group)
    return Outcome.DONE


@due("alert.newcomers")
async def newcomers(work: Work, job: Due) -> Outcome:
    """Name in the thread what has joined lately, in one line."""
    group = await work.get(AlertGroup, str(job.job.args["name"]))
    if group is None or not group.untold:
        return Outcome.NOOP
    joined = [alert for name in group.untold if (alert := group.knows(name)) and alert.firing]
    after = replace(group, untold=())
    await work.save(after)
    if joined and not after.flaps and after.storm is None:
        news.tell(work, after, f"joined:{job.job.due.timestamp():.0f}", "monitor/joined", {"joined": joined})
    return Outcome.DONE


@due("alert.calm")
async def calm(work: Work, job: Due) -> Outcome:
    """An hour after it fired anew: it flaps no more, unless it did so again meanwhile."""
    group = await work.get(AlertGroup, str(job.job.args["name"]))
    if group is None or not group.flaps or group.fired_lately(work.now) >= work.team.part(Alerting).flaps:
        return Outcome.NOOP
    after = replace(group, flaps=False)
    await work.save(after)
    news.show(work, after)
    return Outcome.DONE


def _record_passed(work: Work, group: AlertGroup, story: Story) -> None:
    """A ledger entry, and nothing else: it fired and was over before we heard of it."""
    told = {event.fingerprint for event in story.events}
    passed = [alert for alert in group.ended if alert.fingerprint in told]
    began = min((alert.starts_at for alert in passed), default=group.opened_at)
    severities = (Severity.of(alert.labels.get("severity")) for alert in passed)
    severity = min(severities, key=lambda one: one.rank, default=group.severity)
    news.record(
        work,
        group,
        "alert.passed",
        alerts=len(passed),
        severity=str(severity),
        began=began.isoformat(),
        ended=_ended(story).isoformat(),
    )


def _ended(story: Story) -> datetime:
    """When the last of those that ended did."""
    ends = (one for one in story.events if isinstance(one, AlertResolved))
    return max(one.ends_at or one.received_at for one in ends)


def _tell(
    work: Work,
    story: Story,
    group: AlertGroup,
    what: str,
    template: str,
    context: Mapping[str, object],
    band: Band = Band.NORMAL,
) -> None:
    """One line in the thread; none while it flaps or a storm rages, when the card says it all."""
    if group.flaps or group.storm is not None:
        return
    news.tell(work, group, what, template, context, band=band, broadcast=story.route.broadcast)


def _minutes(group: AlertGroup) -> int:
    return int(((group.closed_at or group.opened_at) - group.opened_at) / timedelta(minutes=1))
