"""The team file's ``alerts``: where they go, what has to be heard of, and what charts are drawn from."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bot.core.messages import Band
from bot.core.refusals import NotUnderstood
from bot.sections.mistakes import Place
from bot.sections.parts import Address, Channel, Duration, Part, one_or_more
from bot.stages.monitor.model import matchers
from bot.stages.monitor.model.route import DEFAULT, FLAPS_FROM, STORM_FROM, Alerting, Route, Watch

BANDS = {"first": Band.NOW, "normal": Band.NORMAL, "later": Band.BULK}


def _matchers(value: list[str]) -> list[str]:
    for written in value:
        try:
            read = matchers.read(written)
        except NotUnderstood as fault:
            raise ValueError(fault.sentence[:1].lower() + fault.sentence[1:]) from None
        if not read:
            raise ValueError("an empty matcher fits everything; leave the line out")
    return value


def _label(value: str) -> str:
    if not value.replace("_", "a").isalnum() or value[0].isdigit():
        raise ValueError(f"{value!r} is no label; a name is letters, digits and _")
    return value


Matchers = Annotated[list[str], BeforeValidator(one_or_more), AfterValidator(_matchers)]
Label = Annotated[str, AfterValidator(_label)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w .-]+$")]


class RoutePart(Part):
    """Alerts of one kind."""

    name: Name
    match: Matchers = Field(default_factory=list)
    channel: Channel | None = None
    urgency: Literal["first", "normal", "later"] = "normal"
    page: bool = True
    escalation: str = ""
    group_by: list[Label] = Field([], max_length=8)
    broadcast: bool = False
    storm: int | None = Field(None, ge=1, le=1_000)
    continues: bool = Field(False, alias="continue")

    def route(self, storm: int) -> Route:
        """The domain's; ``storm`` is how many new messages a minute are one where the route does not say."""
        return Route(
            self.name,
            tuple(one for written in self.match for one in matchers.read(written)),
            self.channel,
            BANDS[self.urgency],
            self.page,
            self.escalation,
            tuple(self.group_by),
            self.broadcast,
            self.storm or storm,
            self.continues,
        )


class WatchPart(Part):
    """What has to be heard of."""

    source: str
    every: Duration
    name: Name | None = None
    match: Matchers = Field(default_factory=list)


class AlertsPart(Part):
    """Everything about alerts."""

    routes: list[RoutePart] = Field(default_factory=list[RoutePart])
    storm: int = Field(default=STORM_FROM, ge=1, le=1_000)
    flapping: int = Field(default=FLAPS_FROM, ge=2, le=50)
    watch: list[WatchPart] = Field(default_factory=list[WatchPart])
    prometheus: Address | None = None
    alertmanager: Address | None = None

    def mistakes(self) -> list[tuple[Place, str]]:
        """What each part is fine with and the whole is not."""
        found: list[tuple[Place, str]] = []
        taken: set[str] = set()
        for number, route in enumerate(self.routes):
            if route.name in taken:
                found.append((("routes", number, "name"), f"another route is called {route.name}"))
            taken.add(route.name)
            last = number == len(self.routes) - 1
            if not route.match and not route.continues and not last:
                found.append((("routes", number), "takes every alert, so the routes after it are never tried"))
            if route.name == DEFAULT.name and (route.match or not last):
                found.append(
                    (("routes", number), f"{DEFAULT.name} is what takes the rest: write it last, without match")
                )
        for number, watch in enumerate(self.watch):
            if watch.every < timedelta(seconds=10):
                found.append((("watch", number, "every"), "is shorter than 10 s"))
            if _called(watch) in {_called(other) for other in self.watch[:number]}:
                found.append((("watch", number, "name"), f"another one is called {_called(watch)}"))
        return found

    def alerting(self) -> Alerting:
        """The domain's."""
        routes = [part.route(self.storm) for part in self.routes]
        named = [route for route in routes if route.name != DEFAULT.name]
        default = next((route for route in routes if route.name == DEFAULT.name), None)
        return Alerting(
            tuple(named),
            default or Route(DEFAULT.name, storm=self.storm),
            tuple(_watch(part) for part in self.watch),
            self.flapping,
            self.prometheus,
        )


def _watch(part: WatchPart) -> Watch:
    read = tuple(one for written in part.match for one in matchers.read(written))
    return Watch(_called(part), part.source, part.every, read)


def _called(part: WatchPart) -> str:
    return part.name or part.source
