"""What a release needs before and after it is published, who has to agree, and who reads its notes where."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from bot.core.durations import rounded
from bot.core.people import Person
from bot.core.refusals import Stale
from bot.stages.release.model.notes import Voice


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of a release's check-list, and who ticked it.

    ``is_before``: it belongs before the publication; a required one then holds it up.
    """

    what: str
    is_before: bool = True
    is_required: bool = True
    done_by: str = ""
    done_name: str = ""
    done_at: datetime | None = None

    @property
    def holds_up(self) -> bool:
        """Whether nothing is published until it is ticked."""
        return self.is_before and self.is_required and self.done_at is None

    def tick(self, by: Person, at: datetime) -> Self:
        """Done. Raises ``Stale`` where it is already."""
        if self.done_at is not None:
            raise Stale(f"“{self.what}” was ticked by {self.done_name} {rounded(at - self.done_at)} ago.")
        return replace(self, done_by=by.id, done_name=by.name, done_at=at)

    def untick(self) -> Self:
        """Open again. Raises ``Stale`` where it is."""
        if self.done_at is None:
            raise Stale(f"“{self.what}” is open.")
        return replace(self, done_by="", done_name="", done_at=None)


@dataclass(frozen=True, slots=True)
class ReleaseRules:
    """How many other people must agree to a release, and its check-list."""

    approvals: int = 0
    activities: tuple[Activity, ...] = ()


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads notes in this voice, and in which channels."""

    name: str
    voice: Voice
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Releasing:
    """What the team file says of releases."""

    everywhere: ReleaseRules = field(default_factory=ReleaseRules)
    by_service: Mapping[str, ReleaseRules] = field(default_factory=dict[str, ReleaseRules])
    audiences: Mapping[str, Audience] = field(default_factory=dict[str, Audience])

    def rules_for(self, service: str) -> ReleaseRules:
        """The rules of this service, else those of all."""
        return self.by_service.get(service, self.everywhere)

    def audiences_for(self, channel: str) -> tuple[Audience, ...]:
        """All audiences; where the team file names none, the engineers in the release channel."""
        return tuple(self.audiences.values()) or (Audience("engineers", Voice.ENGINEERS, (channel,)),)
