"""How much of what alerts say is acted on, route by route; and what another route would have said."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from bot.stages.monitor.model.alert_group import SAME_STORY, AlertGroup
from bot.stages.monitor.model.route import Alerting, Route
from bot.stages.monitor.model.severity import Severity
from bot.stages.monitor.model.storm import COUNTED

ENOUGH = 5  # messages of a route before anything is concluded from them
HARDLY = 10  # percent acted on, or less


@dataclass(frozen=True, slots=True)
class RouteNoise:
    """One route over a while.

    ``messages`` are groups that began; ``acted_on``: somebody did something about them; ``passed``: groups that were
    over before they could be shown, on which nobody could act.
    """

    route: str
    messages: int
    alerts: int
    acted_on: int
    to_acknowledge: timedelta | None
    to_resolve: timedelta | None
    passed: int = 0

    @property
    def rate(self) -> int:
        """Percent that were acted on."""
        return round(100 * self.acted_on / self.messages) if self.messages else 0

    @property
    def nobody_acts(self) -> bool:
        """Whether so little is acted on that the route is better changed."""
        return self.messages >= ENOUGH and self.rate <= HARDLY

    @property
    def suggestion(self) -> str:
        """What to do about a route that nobody acts on."""
        if self.to_resolve is not None and self.to_resolve < timedelta(minutes=5):
            return "most are over within 5 min: let the rules wait longer (for: 5m), or group them"
        return "lower its urgency, send it to a channel that is read once a day, or remove the rules"


def by_route(groups: Iterable[AlertGroup], names: Sequence[str], passed: Mapping[str, int]) -> list[RouteNoise]:
    """Each of these routes, and those that are no more, in this order; ``passed`` are how many, by route."""
    found: dict[str, list[AlertGroup]] = {name: [] for name in names}
    for group in groups:
        found.setdefault(route_of(group), []).append(group)
    return [_noise(name, found.get(name, ()), passed.get(name, 0)) for name in dict.fromkeys((*found, *passed))]


def route_of(group: AlertGroup) -> str:
    """The name of the route that it took."""
    return group.route or "default"


def _noise(route: str, groups: Sequence[AlertGroup], passed: int) -> RouteNoise:
    return RouteNoise(
        route,
        len(groups),
        sum(len(group.alerts) for group in groups),
        sum(group.first_acted_at is not None for group in groups),
        _median(group.first_acknowledged_at - group.opened_at for group in groups if group.first_acknowledged_at),
        _median(group.closed_at - group.opened_at for group in groups if group.closed_at),
        passed,
    )


def _median(spans: Iterable[timedelta]) -> timedelta | None:
    every = [max(span, timedelta()).total_seconds() for span in spans]
    return timedelta(seconds=median(every)) if every else None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one route would have said of the alerts that there were."""

    messages: int = 0
    pings: int = 0
    acted_on: int = 0
    storms: int = 0

    @property
    def rate(self) -> int:
        """Percent of the messages that were acted on."""
        return round(100 * self.acted_on / self.messages) if self.messages else 0


@dataclass
class _Message:
    """A message as it would have stood: from when to when, whether it called somebody, whether anybody acted."""

    began_at: datetime
    over_at: datetime | None
    calls: bool
    acted: bool


def replay(groups: Sequence[AlertGroup], alerting: Alerting, wanted: Callable[[Route], bool]) -> Replayed:
    """The alerts of these groups through these routes; only what the wanted ones say is counted.

    Approximate in what was not kept: a group that fired several times is taken as one that fired for all that while.
    """
    stories: dict[str, list[_Message]] = {}
    of: dict[str, Route] = {}
    for group in sorted(groups, key=lambda one: one.opened_at):
        source_group = group.origin.partition(":")[2] or group.group
        for alert in group.alerts:
            if not alert.labels:
                continue
            for route in filter(wanted, alerting.taken(alert.labels)):
                key = route.key(group.source, source_group, alert.labels)
                of[key] = route
                is_critical = Severity.of(alert.labels.get("severity")) is Severity.CRITICAL
                over_at = group.closed_at if group.closed_at else None
                begun = _Message(
                    max(alert.starts_at, group.opened_at),
                    over_at,
                    route.pages and is_critical,
                    group.first_acted_at is not None,
                )
                _join(stories.setdefault(key, []), begun)
    by_route: dict[str, list[_Message]] = {}
    for key, messages in stories.items():
        by_route.setdefault(of[key].name, []).extend(messages)
    counted = [_counted(messages, alerting.named(name).storm) for name, messages in by_route.items()]
    return Replayed(
        sum(one.messages for one in counted),
        sum(one.pings for one in counted),
        sum(one.acted_on for one in counted),
        sum(one.storms for one in counted),
    )


def _join(messages: list[_Message], begun: _Message) -> None:
    """Into the message whose story goes on, else a message of its own."""
    last = messages[-1] if messages else None
    if last is None or (last.over_at is not None and begun.began_at - last.over_at > SAME_STORY):
        messages.append(begun)
        return
    last.calls = last.calls or begun.calls
    last.acted = last.acted or begun.acted
    if last.over_at is not None:
        last.over_at = None if begun.over_at is None else max(last.over_at, begun.over_at)


def _counted(messages: list[_Message], storm: int) -> Replayed:
    """With those that begin in a storm as one; they call all the same."""
    messages.sort(key=lambda one: one.began_at)
    shown: list[_Message] = []
    storms = 0
    raging = False
    for place, one in enumerate(messages):
        earlier = messages[place - storm].began_at if place >= storm else None
        if earlier is not None and one.began_at - earlier < COUNTED:
            storms += not raging
            raging = True
        else:
            raging = False
            shown.append(one)
    return Replayed(
        len(shown) + storms, sum(one.calls for one in messages), sum(one.acted for one in shown), storms
    )
