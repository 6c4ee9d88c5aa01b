"""The team file's ``rotations`` and ``escalations``: who is on call when, and who is called after how long."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from bot.core.refusals import Refusal
from bot.core.wall_clock import days_named
from bot.core.zones import zone_named
from bot.sections.mistakes import nearest
from bot.sections.parts import Channel, Duration, Part, Several
from bot.stages.monitor.model.escalation import Policy, Step
from bot.stages.monitor.team_file import RoutePart
from bot.stages.standup.team_file import clock
from bot.team.oncall.model.rotation import EPOCH, Every, Rota

Place: TypeAlias = tuple[int | str, ...]
Resolve: TypeAlias = Callable[[list[str]], list[str]]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_CHANNEL = re.compile(r"#.+|[CG][A-Z0-9]{4,}")
_USER = re.compile(r"[UW][A-Z0-9]{2,}")


def _weekday(value: object) -> object:
    try:
        days = days_named(str(value))
    except Refusal as refusal:
        raise ValueError(refusal.sentence) from None
    if len(days) != 1:
        raise ValueError("name one day, such as Mon")
    return days[0]


def _zone(value: str) -> str:
    try:
        return zone_named(value)
    except Refusal as refusal:
        raise ValueError(refusal.sentence) from None


def _group(value: str) -> str:
    if not re.fullmatch(r"S[A-Z0-9]{2,}", value):
        raise ValueError(f"{value!r} is no user group; its id begins with S")
    return value


class RotationPart(Part):
    """People who take turns on call."""

    people: Several = Field(min_length=1)
    every: Literal["day", "week"] = "week"
    weekday: Annotated[int, BeforeValidator(_weekday)] = 0
    at: Annotated[time, BeforeValidator(clock)] = time(9)
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    starts_on: date = EPOCH
    user_group: Annotated[str, AfterValidator(_group)] | None = None
    channel: Channel | None = None
    services: Several = Field(default_factory=list)

    def rota(self, people: list[str]) -> Rota:
        """The domain's; ``people`` are user ids."""
        return Rota(
            people=tuple(people),
            every=Every(self.every),
            at=self.at,
            weekday=self.weekday,
            zone=self.zone,
            starts_on=self.starts_on,
            user_group=self.user_group or "",
            channel=self.channel or "",
            services=tuple(self.services),
        )


class StepPart(Part):
    """Whom to call: a rotation, @name, a member id, or a channel; after waiting for as long as nobody answers."""

    after: Duration = timedelta()
    call: str


class EscalationPart(Part):
    """Steps until somebody answers."""

    steps: list[StepPart] = Field(min_length=1, max_length=20)
    rounds: int = Field(1, ge=1, le=10)

    def policy(self, name: str, resolved: Resolve) -> Policy:
        """The domain's."""
        steps = tuple(Step(step.after, resolved([step.call])[0]) for step in self.steps)
        return Policy(name, steps, self.rounds)


def mistakes(
    rotations: Mapping[str, RotationPart],
    escalations: Mapping[str, EscalationPart],
    services: Mapping[str, object],
    people: set[str],
    routes: Sequence[RoutePart],
) -> Iterator[tuple[Place, str]]:
    """What each part is fine with and the whole is not."""
    for name, part in rotations.items():
        if not _NAME.fullmatch(name):
            yield ("rotations", name), "a name is lower-case letters, digits, dots, dashes and underscores"
        for number, member in enumerate(part.people):
            if member.startswith("S"):
                yield ("rotations", name, "people", number), "is a user group; write the people who take turns"
        for number, service in enumerate(part.services):
            if service not in services:
                place = ("rotations", name, "services", number)
                yield place, f"no service {service}; {nearest(service, services)}"
    for number, route in enumerate(routes):
        if route.escalation and route.escalation not in escalations:
            what = f"no escalation {route.escalation}; {nearest(route.escalation, escalations)}"
            yield ("alerts", "routes", number, "escalation"), what
    for name, part in escalations.items():
        for number, step in enumerate(part.steps):
            if why := _nobody(step.call, rotations, people):
                yield ("escalations", name, "steps", number, "call"), why
            again = number > 0 or part.rounds > 1
            if again and step.after < timedelta(minutes=1):
                yield ("escalations", name, "steps", number, "after"), "gives nobody a minute to answer"


def _nobody(call: str, rotations: Mapping[str, object], people: set[str]) -> str:
    if call in rotations or _CHANNEL.fullmatch(call) or _USER.fullmatch(call):
        return ""
    if call.startswith("@"):
        name = call[1:]
        return "" if name in people else f"nobody under people is called {name}; {nearest(name, people)}"
    return f"no rotation {call}; {nearest(call, rotations)}, or write @name, a member id or “#channel”"
