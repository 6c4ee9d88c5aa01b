"""Whether alerts are worth their noise: each route's last 30 days, and what a changed one would have said."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappush, heappushpop

from bot.core.handlers import due_outside
from bot.core.jobs import Due, Outcome
from bot.core.messages import File
from bot.core.ports import Charts, Tools, Work
from bot.core.stages import Stage
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.noise import Replayed, RouteNoise, by_route, replay, route_of
from bot.stages.monitor.model.route import Alerting, Route, Tried
from bot.team.services import service_of_labels

LOOKED_BACK = timedelta(days=30)
GROUPS_MAX = 5_000  # that figures are made of: the newest; how many there are is counted


@dataclass(frozen=True, slots=True)
class Lately:
    """Groups of the last 30 days, the newest first: all ``total``, or as many of them as figures are made of.

    ``passed``, by route, is how many were over before we heard of them: they were never shown.
    """

    groups: Sequence[AlertGroup]
    total: int
    passed: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def is_cut(self) -> bool:
        """Whether there were more than figures are made of."""
        return self.total > len(self.groups)


@dataclass(frozen=True, slots=True)
class Path:
    """Where an alert with these labels goes: every route that was tried, and the channel of each that takes it."""

    labels: Mapping[str, str]
    tried: Sequence[Tried]
    channels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """The last 30 days as they are routed today and as they would be; ``by_it`` is the changed route's share alone."""

    route: Route
    is_new: bool
    lately: Lately
    today: Replayed
    then: Replayed
    by_it_today: Replayed
    by_it_then: Replayed


class _Newest:
    """How many there were, and the ``GROUPS_MAX`` of them that began last."""

    def __init__(self) -> None:
        self.total = 0
        self._heap: list[tuple[datetime, int, AlertGroup]] = []

    def add(self, group: AlertGroup) -> None:
        self.total += 1
        push = heappushpop if len(self._heap) >= GROUPS_MAX else heappush
        push(self._heap, (group.opened_at, self.total, group))

    def kept(self) -> list[AlertGroup]:
        return [group for _, _, group in sorted(self._heap, key=lambda one: one[:2], reverse=True)]


async def lately(work: Work) -> Lately:
    """What fired in the last 30 days, the newest first."""
    since = work.now - LOOKED_BACK
    groups, passed = _Newest(), Counter[str]()
    async for one in work.changed(AlertGroup, since):
        if one.opened_at >= since and one.lead.labels:
            if one.has_card or one.storm:
                groups.add(one)
            else:
                passed[route_of(one)] += 1
    return Lately(groups.kept(), groups.total, passed)


async def noise(work: Work) -> tuple[list[RouteNoise], Lately]:
    """Every route of the team file, and those of the past that alerts still took."""
    found = await lately(work)
    names = [route.name for route in (*work.team.part(Alerting).routes, work.team.part(Alerting).default)]
    return by_route(found.groups, names, found.passed), found


def path(work: Work, labels: Mapping[str, str]) -> Path:
    """Where an alert with these labels would go, and why."""
    tried = work.team.part(Alerting).tried(labels)
    service = service_of_labels(work.team, labels)
    usual = work.team.channel_for(Stage.MONITOR, service)
    return Path(labels, tried, {one.route.name: one.route.channel or usual for one in tried if one.fits})


async def preview(work: Work, name: str, changes: Mapping[str, object]) -> Preview:
    """What the route of this name, changed so, would have said; a new name is a route that is tried first."""
    alerting = work.team.part(Alerting)
    is_new = name != alerting.default.name and all(route.name != name for route in alerting.routes)
    before = Route(name) if is_new else alerting.named(name)
    after = replace(before, **changes)  # pyright: ignore[reportArgumentType]
    found = await lately(work)
    changed = alerting.changed(after)
    return Preview(
        after,
        is_new,
        found,
        _replayed(found, alerting),
        _replayed(found, changed),
        _replayed(found, alerting, name),
        _replayed(found, changed, name),
    )


def _replayed(found: Lately, alerting: Alerting, name: str = "") -> Replayed:
    return replay(found.groups, alerting, lambda route: not name or route.name == name)


@due_outside("alert.noise")
async def draw(tools: Tools, due: Due) -> Outcome:
    """Draw the chart and send it to whoever asked; drawn again after a crash, it is sent once all the same."""
    async with tools.unit() as work:
        routes, _ = await noise(work)
    rows = [(one.route, one.acted_on, one.messages - one.acted_on) for one in routes if one.messages]
    if not rows:
        return Outcome.NOOP
    picture = await tools.port(Charts).shares(
        "Alerts of the last 30 days by route", ("acted on", "not acted on"), rows
    )
    in_words = "; ".join(f"{name}: {acted} of {acted + not_acted} acted on" for name, acted, not_acted in rows)
    async with tools.unit() as work:
        work.say(
            File(
                due.job.key,
                str(due.job.args["for"]),
                "alert-noise.png",
                picture,
                "monitor/noise_chart",
                {"routes": routes},
                alt=f"Bars of how many alerts each route had and how many were acted on. {in_words}",
            )
        )
    return Outcome.DONE
