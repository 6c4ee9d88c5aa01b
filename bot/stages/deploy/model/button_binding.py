"""What a card showed when it was drawn, as its buttons carry it: whoever clicks means this and nothing else."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

SHORT = 12  # characters of a commit or a digest
MARK = 4  # characters for the name of a check; a button carries 2,000 at most


@dataclass(frozen=True, slots=True)
class Seen:
    """A commit, an artefact, and which checks were red; "" or None for what was not shown."""

    sha: str = ""
    artifact: str = ""
    red: frozenset[str] | None = None  # marks of their names

    @classmethod
    def of(cls, text: str) -> Self:
        """What a button carries; a part that is none of ours says nothing."""
        sha, *parts = text.split(".")
        artifact = next((part[1:] for part in parts if part.startswith("x")), "")
        marks = next((part[1:] for part in parts if part.startswith("r")), None)
        red = None if marks is None else frozenset(marks[at : at + MARK] for at in range(0, len(marks), MARK))
        return cls(sha, artifact, red)

    @classmethod
    def now(cls, sha: str, artifact: str, red: Iterable[str] | None = None) -> Self:
        """As things are, with the names of the checks that are red."""
        return cls(sha, artifact, None if red is None else frozenset(mark(name) for name in red))

    def newly_red(self, red: Iterable[str]) -> list[str]:
        """Of the checks that are red now, those that were not then."""
        then = self.red
        return [] if then is None else [name for name in red if mark(name) not in then]

    def __str__(self) -> str:
        artifact = f".x{short_digest(self.artifact)}" if self.artifact else ""
        red = f".r{''.join(sorted(self.red))}" if self.red is not None else ""
        return f"{self.sha[:SHORT]}{artifact}{red}"


def mark(name: str) -> str:
    """A few characters for a name; two names with the same ones would only hide one from a click."""
    return hashlib.sha256(name.encode()).hexdigest()[:MARK]


def short_digest(digest: str) -> str:
    """The beginning of a digest, without the name of its kind."""
    return digest.rpartition(":")[2][:SHORT]
