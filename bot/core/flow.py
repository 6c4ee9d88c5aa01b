"""The whole flow at a glance: what stands in each stage, and what is temporary."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.stages import Stage


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on the board: its id and one line; ``since`` is when it came to where it stands."""

    id: str
    title: str
    since: datetime
    owner_id: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One stage of the board: how much stands there, and the few things that a reader should see."""

    stage: Stage
    count: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """All eight stages, or those of them that somebody may look into, in order."""

    columns: tuple[Column, ...]
    at: datetime

    @property
    def counts(self) -> Mapping[Stage, int]:
        """How much stands in each stage."""
        return {column.stage: column.count for column in self.columns}


@dataclass(frozen=True, slots=True)
class LooseEnd:
    """A temporary thing with an owner and an end: a lock, a silence, an open blocker, an approval that is awaited.

    ``until`` is None where nothing but a person ends it; ``service`` is the one that it is about, if any.
    """

    kind: str
    id: str
    what: str
    owner_id: str
    since: datetime
    until: datetime | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a change, as the passport tells it. ``count`` of them where several were alike."""

    stage: Stage
    what: str
    at: datetime
    by: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Passport:
    """Everything known of one change, commit, pull request or version.

    ``names`` are other names of the same thing (commits, versions, pull requests).
    """

    title: str
    state: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    change: object | None = None
