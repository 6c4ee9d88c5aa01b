"""Where alerts go: the team's routes, tried in their order, as Alertmanager tries its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.messages import Band
from bot.stages.monitor.model.matchers import Matcher, all_fit

STORM_FROM = 12  # new groups of one route in a minute; a channel takes about one message a second
FLAPS_FROM = 4  # times that a group fires anew in an hour


@dataclass(frozen=True, slots=True)
class Route:
    """What happens to alerts whose labels meet every matcher.

    Attributes:
        channel: where their messages go; None: where news of this stage and service goes.
        band: who goes first when the workspace's pace is used up.
        pages: whether a critical one calls whoever is on call.
        escalation: names the policy by which it is escalated; "" for none.
        group_by: the labels that tell one message from another; empty: the source's own groups.
        broadcast: whether what the thread says of its beginning and end is shown in the channel too.
        storm: more new messages than this in a minute become one.
        goes_on: whether the routes after it are tried as well.
    """

    name: str
    matchers: tuple[Matcher, ...] = ()
    channel: str | None = None
    band: Band = Band.NORMAL
    pages: bool = True
    escalation: str = ""
    group_by: tuple[str, ...] = ()
    broadcast: bool = False
    storm: int = STORM_FROM
    goes_on: bool = False

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet every matcher."""
        return all_fit(self.matchers, labels)

    def key(self, source: str, group: str, labels: Mapping[str, str]) -> str:
        """Names the message that an alert of this source and source's group belongs to."""
        if self.group_by:
            values = ",".join(f"{label}={labels.get(label, '')}" for label in self.group_by)
            return f"{source}|{self.name}|{values}"
        return f"{source}:{group}" if self.name == DEFAULT.name else f"{source}:{group}|{self.name}"


DEFAULT = Route("default")


@dataclass(frozen=True, slots=True)
class Tried:
    """One route that was held against labels. ``missed`` is the matcher that they did not meet."""

    route: Route
    missed: Matcher | None = None
    value: str = ""  # of the label that was missed

    @property
    def fits(self) -> bool:
        """Whether the alert takes it."""
        return self.missed is None

    @property
    def wants(self) -> str:
        """The matcher that was missed, as it is written; "" where none was."""
        return str(self.missed) if self.missed else ""


@dataclass(frozen=True, slots=True)
class Watch:
    """A source, or one alert of it, that has to be heard of at least every so often.

    ``matchers`` tell which of its alerts is the sign of life: then that alert itself is no news. Without any, every
    delivery is one.
    """

    name: str
    source: str
    every: timedelta
    matchers: tuple[Matcher, ...] = ()

    def hears(self, source: str, labels: Mapping[str, str]) -> bool:
        """Whether this is a sign of life."""
        return source == self.source and all_fit(self.matchers, labels)


@dataclass(frozen=True, slots=True)
class Alerting:
    """What the team file says of alerts.

    ``flaps`` is how often a group fires anew in an hour until its thread is told no more of it. ``prometheus`` is the
    address of the server that charts are drawn from.
    """

    routes: tuple[Route, ...] = ()
    default: Route = DEFAULT
    watches: tuple[Watch, ...] = ()
    flaps: int = FLAPS_FROM
    prometheus: str | None = None

    def taken(self, labels: Mapping[str, str]) -> tuple[Route, ...]:
        """The routes that an alert with these labels takes: usually one, the default where none fits."""
        return tuple(tried.route for tried in self.tried(labels) if tried.fits)

    def tried(self, labels: Mapping[str, str]) -> tuple[Tried, ...]:
        """Every route that is tried, in order, and why it was not taken."""
        found: list[Tried] = []
        taken = False
        for route in self.routes:
            missed = next((one for one in route.matchers if not one.fits(labels)), None)
            found.append(Tried(route, missed, labels.get(missed.label, "") if missed else ""))
            taken = taken or missed is None
            if missed is None and not route.goes_on:
                return tuple(found)
        return (*found, Tried(self.default)) if not taken else tuple(found)

    def named(self, name: str) -> Route:
        """The route of this name; the default where there is none (any more)."""
        return next((route for route in self.routes if route.name == name), self.default)

    def changed(self, route: Route) -> "Alerting":
        """With this route in the place of the one of its name; as the first where it is new."""
        if route.name == self.default.name:
            return replace(self, default=route)
        if any(one.name == route.name for one in self.routes):
            return replace(self, routes=tuple(route if one.name == route.name else one for one in self.routes))
        return replace(self, routes=(route, *self.routes))
