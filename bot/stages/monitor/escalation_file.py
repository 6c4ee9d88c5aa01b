"""The team file's ``escalations``: who is called after how long."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

from pydantic import Field

from bot.sections.mistakes import Found, nearest
from bot.sections.parts import Duration, Part
from bot.stages.monitor.model.escalation import Policy, Step
from bot.stages.monitor.team_file import RoutePart

Resolve: TypeAlias = Callable[[list[str]], list[str]]

_CHANNEL = re.compile(r"#.+|[CG][A-Z0-9]{4,}")
_USER = re.compile(r"[UW][A-Z0-9]{2,}")


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
    escalations: Mapping[str, EscalationPart],
    rotations: Mapping[str, object],
    people: set[str],
    routes: Sequence[RoutePart],
) -> Found:
    """What each part is fine with and the whole is not."""
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
