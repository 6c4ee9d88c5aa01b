"""Storms: one message for everything that begins to fire at once, until it is quiet again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Band, Message
from bot.core.ports import Work
from bot.core.redraw_soon import soon
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.route import Route
from bot.stages.monitor.model.storm import QUIET, Storm, Traffic, summed_up

REDRAWN_EVERY = timedelta(seconds=4)
LISTED_EVERY = timedelta(seconds=12)
A_PAGE = 20  # groups in one message of the thread
GROUPS_MAX = 2_000  # of one storm that are read, the first of them; its message says so where there are more


async def admitted(work: Work, group: AlertGroup, route: Route) -> AlertGroup:
    """The group that begins to fire (again): with a message of its own, or in the storm that rages.

    In a storm critical ones keep their messages, until there are as many of those as make a storm.
    """
    name = f"{route.name} {group.channel}"
    before = await work.get(Traffic, name) or await work.add(Traffic(name))
    traffic = before.admit(work.now, route.storm)
    await work.save(traffic)
    if group.storm not in (None, traffic.storm):
        redraw_soon(work, str(group.storm))  # it leaves that one's list
    if traffic.storm is None:
        return replace(group, storm=None, has_card=True)
    storm = await _storm(work, traffic.storm, route, group)
    has_card = bool(group.id) and group.has_card
    if not has_card and group.is_critical and storm.carded < route.storm:
        storm, has_card = replace(storm, carded=storm.carded + 1), True
    await work.save(storm)
    work.owe(Job("storm.end", f"storm.end:{storm.id}", work.now + QUIET, {"name": name}))
    redraw_soon(work, storm.id)
    return replace(group, storm=storm.id, has_card=has_card)


async def _storm(work: Work, id: str, route: Route, first: AlertGroup) -> Storm:
    """The storm that rages. Its message comes with the first redrawing, so that critical ones go before it."""
    storm = await work.get(Storm, id)
    if storm is None:
        storm = await work.add(Storm(id, route.name, first.channel, work.now))
        work.record(Entry("alert.storm_began", (Subject("channel", first.channel),), "", {"route": route.name}))
    return storm


async def worsened(work: Work, group: AlertGroup, route: Route) -> AlertGroup:
    """One that has become worse: what is critical by now gets a message of its own, as it would have got at first."""
    return await admitted(work, group, route) if group.is_critical and not group.has_card else group


def redraw_soon(work: Work, storm: str) -> None:
    """Have the storm's message and its list show what is so by now."""
    soon(work, "storm.redraw", storm, REDRAWN_EVERY)
    soon(work, "storm.list", storm, LISTED_EVERY)


@due("storm.redraw")
async def redraw(work: Work, job: Due) -> Outcome:
    """Draw the summary."""
    storm = await work.get(Storm, str(job.job.args["name"]))
    if storm is None:
        return Outcome.NOOP
    await _say(work, storm, await groups_of(work, storm))
    return Outcome.DONE


@due("storm.list")
async def list_groups(work: Work, job: Due) -> Outcome:
    """Draw the list in its thread."""
    storm = await work.get(Storm, str(job.job.args["name"]))
    if storm is None:
        return Outcome.NOOP
    await _list(work, storm, await groups_of(work, storm))
    return Outcome.DONE


@due("storm.end")
async def end(work: Work, job: Due) -> Outcome:
    """After long enough without anything new: messages are single again, and the summary says so."""
    traffic = await work.get(Traffic, str(job.job.args["name"]))
    if traffic is None or traffic.storm is None or not traffic.is_quiet(work.now):
        return Outcome.NOOP
    storm = await work.get(Storm, traffic.storm)
    await work.save(traffic.end())
    if storm is None:
        return Outcome.NOOP
    storm = replace(storm, ended_at=work.now)
    await work.save(storm)
    groups = await groups_of(work, storm)
    facts = {"route": storm.route, "groups": await work.count(AlertGroup, storm=storm.id)}
    work.record(Entry("alert.storm_ended", (Subject("channel", storm.channel),), "", facts))
    await _say(work, storm, groups)
    await _list(work, storm, groups)
    return Outcome.DONE


async def groups_of(work: Work, storm: Storm) -> list[AlertGroup]:
    """What began to fire in it first, in that order."""
    return await work.find(AlertGroup, storm=storm.id, newest_first=False, limit=GROUPS_MAX)


def _key(storm: Storm) -> str:
    return f"storm:{storm.id}"


async def _say(work: Work, storm: Storm, groups: Sequence[AlertGroup]) -> None:
    band = Band.NORMAL if storm.ended_at else Band.NOW
    context = {"summary": summed_up(storm, groups, await work.count(AlertGroup, storm=storm.id))}
    work.say(Message(_key(storm), storm.channel, "monitor/storm", context, band=band))


async def _list(work: Work, storm: Storm, groups: Sequence[AlertGroup]) -> None:
    pages = max(storm.pages, -(-len(groups) // A_PAGE))  # one that nothing is left for says so
    if pages != storm.pages:
        await work.save(replace(storm, pages=pages))
    for page in range(pages):
        shown = {"groups": groups[page * A_PAGE :][:A_PAGE], "first": page * A_PAGE + 1}
        where = f"{_key(storm)}:{page}"
        work.say(Message(where, storm.channel, "monitor/storm_page", shown, thread_of=_key(storm), band=Band.BULK))
