"""Which group each alert of a delivery belongs to: by the team's routes, unless it fires in another one already."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.events import AlertFired, AlertResolved
from bot.core.find_or_refuse import every
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.monitor.model.alert_group import SAME_STORY, AlertGroup
from bot.stages.monitor.model.route import Alerting, Route
from bot.team.services import environment_of, service_of_labels

Event = AlertFired | AlertResolved


@dataclass
class Story:
    """What a delivery tells of one group. ``known`` is the group, where there is one whose story goes on."""

    key: str
    known: AlertGroup | None
    route: Route
    events: list[Event] = field(default_factory=list[Event])


@dataclass
class _Placed:
    event: Event
    origin: str
    routes: dict[str, Route]  # by the key of the group that they lead to


async def stories(work: Work, events: Sequence[Event]) -> list[Story]:
    """The groups that these events are about, in the order in which they are first named."""
    placed = [_placed(work, event) for event in events]
    known = await _going_on(work, list(dict.fromkeys(key for one in placed for key in one.routes)))
    elsewhere = await _elsewhere(work, placed, known)
    found: dict[str, Story] = {}
    for one in placed:
        stays = elsewhere.get((one.origin, one.event.fingerprint))
        if stays is not None:
            route = work.team.part(Alerting).named(stays.route)
            found.setdefault(stays.id, Story(stays.group, stays, route)).events.append(one.event)
            continue
        for key, route in one.routes.items():
            group = known.get(key)
            if group is not None and _is_over(work, group, one.event):
                group = None
            name = group.id if group else key
            found.setdefault(name, Story(key, group, route)).events.append(one.event)
    for story in found.values():
        if story.known is not None:  # found without a lock; read again, so that no delivery overwrites another
            story.known = await work.get(AlertGroup, story.known.id)
    return list(found.values())


def unopened(work: Work, story: Story) -> AlertGroup:
    """A group for a story that begins: it holds nothing yet."""
    first = story.events[0]
    service = service_of_labels(work.team, first.labels)
    named = (first.labels.get(label, "") for label in ("environment", "env", "stage"))
    return AlertGroup(
        source=first.source,
        group=story.key,
        opened_at=first.starts_at or first.received_at,
        service=service,
        environment=environment_of(work.team, next((name for name in named if name), "")),
        origin=origin_of(first),
        route=story.route.name,
        channel=story.route.channel or work.team.channel_for(Stage.MONITOR, service),
    )


def origin_of(event: Event) -> str:
    """The group as its source names it."""
    return f"{event.source}:{event.group}"


def _placed(work: Work, event: Event) -> _Placed:
    taken = work.team.part(Alerting).taken(event.labels)
    return _Placed(
        event, origin_of(event), {route.key(event.source, event.group, event.labels): route for route in taken}
    )


async def _going_on(work: Work, keys: list[str]) -> dict[str, AlertGroup]:
    """The newest group of each key: the one that fires, else the one that was the last to."""
    found = await _newest(work, keys, "firing")
    return found | await _newest(work, [key for key in keys if key not in found], "resolved")


async def _newest(work: Work, keys: list[str], state: str) -> dict[str, AlertGroup]:
    if not keys:
        return {}
    usual = 3 * len(keys) + 10
    there = await work.find(AlertGroup, group=tuple(keys), state=state, limit=usual)
    found = {group.group: group for group in reversed(there)}
    if len(there) == usual:  # one that comes and goes may leave no room for the others
        for key in (one for one in keys if one not in found):
            for group in await work.find(AlertGroup, group=key, state=state, limit=1):
                found[key] = group
    return found


async def _elsewhere(
    work: Work, placed: Sequence[_Placed], known: dict[str, AlertGroup]
) -> dict[tuple[str, str], AlertGroup]:
    """Where alerts fire that their labels lead elsewhere by now: they stay, so that their end is heard there.

    Routes change, and so do the labels of an alert whose source names it otherwise (Sentry's level).
    """
    if not work.team.part(Alerting).routes and not work.team.part(Alerting).default.group_by:
        return {}
    strays = {one.origin for one in placed if not any(_fires_in(known.get(key), one.event) for key in one.routes)}
    if not strays:
        return {}
    wanted = {(one.origin, one.event.fingerprint) for one in placed if one.origin in strays}
    siblings = await every(work, AlertGroup, origin=tuple(sorted(strays)), state="firing")
    found = {(group.origin, alert.fingerprint): group for group in siblings for alert in group.firing}
    return {name: group for name, group in found.items() if name in wanted and known.get(group.group) != group}


def _fires_in(group: AlertGroup | None, event: Event) -> bool:
    alert = group.knows(event.fingerprint) if group else None
    return alert is not None and alert.firing


def _is_over(work: Work, group: AlertGroup, event: Event) -> bool:
    """Whether the group's story has ended, so that what fires now begins another one."""
    closed_at = group.closed_at
    return isinstance(event, AlertFired) and closed_at is not None and work.now - closed_at > SAME_STORY
