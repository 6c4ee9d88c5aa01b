"""Where a release stands: its states, when it is due, where its notes were posted, and what of them is not live."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from bot.domain.notes import Voice

ROLLED_BACK, FLAG_OFF, BY_HAND = "rolled back", "flag off", "by hand"


class ReleaseState(StrEnum):
    """Where a release stands. ``FAILED``: its notes could not be drafted."""

    DRAFTING = "drafting"
    DRAFT = "draft"
    PUBLISHED = "published"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Plan:
    """When it is to be published by itself, and who said so; ``turn`` counts how often somebody has."""

    at: datetime
    by: str
    by_name: str
    turn: int = 1


@dataclass(frozen=True, slots=True)
class Post:
    """Where notes of one voice stand (or are to stand)."""

    voice: Voice
    channel: str


@dataclass(frozen=True, slots=True)
class Strike:
    """Lines that turned out not to be live.

    ``why`` is one of the three above; ``cause`` is the deployment or the flag; ``because`` what a person said.
    """

    numbers: tuple[int, ...]
    why: str
    at: datetime
    cause: str = ""
    because: str = ""
    by: str = ""

    def of(self, numbers: tuple[int, ...]) -> Self:
        """The same, of these lines only."""
        return replace(self, numbers=numbers)
