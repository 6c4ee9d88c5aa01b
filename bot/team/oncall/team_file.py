"""The team file's ``rotations``: who is on call when."""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bot.core.refusals import Refusal
from bot.core.wall_clock import days_named
from bot.core.zones import zone_named
from bot.sections.mistakes import Found, nearest
from bot.sections.parts import Channel, Part, Several, clock
from bot.team.oncall.model.rotation import EPOCH, Every, Rota

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


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


def mistakes(rotations: Mapping[str, RotationPart], services: Mapping[str, object]) -> Found:
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
