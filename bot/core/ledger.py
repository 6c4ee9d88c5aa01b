"""What the ledger holds: entries that name their subjects, never people's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self, TypeAlias

Fact: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One thing that an entry is about: ``change:C-41``, ``sha:9f3c2a1…``, ``version:web@v1.4.0``."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The subject that ``str`` wrote. Raises ``ValueError`` where there is no colon."""
        kind, colon, name = text.partition(":")
        if not colon:
            raise ValueError(f"not a subject: {text!r}")
        return cls(kind, name)


# Subjects that very many entries share say where something happened, but link nothing to anything.
BROAD = frozenset({"service", "environment", "person", "channel"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    ``kind`` is ``<noun>.<past participle>`` ("deployment.started"). ``by`` is a Slack user id, the name of a
    source ("github"), or "" for the bot itself. ``facts`` are short values that are true for ever (a version,
    a count, an id); free text that a person wrote stays in its own row, so that it can be erased.
    """

    kind: str
    subjects: tuple[Subject, ...]
    by: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])

    def through_an_app(self) -> "Entry":
        """The same, as an app wrote it in the name of ``by``."""
        return replace(self, facts={**self.facts, "through_app": True})


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as the ledger gives it back: with its place and its time (UTC)."""

    position: int
    at: datetime
    entry: Entry
