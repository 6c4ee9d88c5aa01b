"""The team file's ``releases`` and ``audiences``: what a release needs, and who reads its notes where."""

from collections.abc import Collection, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.sections.mistakes import Found, nearest
from bot.sections.parts import Channel, Part, one_or_more
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.rules import Activity, Audience, ReleaseRules, Releasing

ACTIVITIES_MAX = 20  # lines of a check-list; more would not be read


def _activity(value: object) -> object:
    """``Tell support`` in short for ``{what: Tell support}``."""
    return {"what": value} if isinstance(value, str) else value


class ActivityPart(Part):
    """A line of the check-list."""

    what: str = Field(min_length=1, max_length=200)
    required: bool = True


Activities = Annotated[
    list[Annotated[ActivityPart, BeforeValidator(_activity)]],
    BeforeValidator(one_or_more),
    Field(max_length=ACTIVITIES_MAX),
]


class ReleaseRulesPart(Part):
    """What has to be done before and after a release is published, and how many other people must agree."""

    approvals: int = Field(default=0, ge=0, le=20)
    before: Activities = Field(default_factory=list[ActivityPart])
    after: Activities = Field(default_factory=list[ActivityPart])

    def rules(self) -> ReleaseRules:
        """The domain's."""
        return ReleaseRules(
            self.approvals,
            (
                *(Activity(each.what, True, each.required) for each in self.before),
                *(Activity(each.what, False, False) for each in self.after),
            ),
        )


class ReleasesPart(ReleaseRulesPart):
    """The same for all services, and for those that have rules of their own instead."""

    services: dict[str, ReleaseRulesPart] = Field(default_factory=dict[str, ReleaseRulesPart])


class AudiencePart(Part):
    """Who reads notes in this voice, and in which channels."""

    voice: Voice
    channels: Annotated[list[Channel], BeforeValidator(one_or_more), Field(min_length=1)]


def releasing(releases: ReleasesPart, audiences: Mapping[str, AudiencePart]) -> Releasing:
    """The domain's."""
    return Releasing(
        releases.rules(),
        {name: part.rules() for name, part in releases.services.items()},
        {name: Audience(name, part.voice, tuple(part.channels)) for name, part in audiences.items()},
    )


def mistakes(releases: ReleasesPart, services: Collection[str]) -> Found:
    """Services that are named here and nowhere else."""
    for name in releases.services:
        if name not in services:
            yield ("releases", "services", name), f"no such service; {nearest(name, services)}"
