"""What a card showed when it was drawn, as its buttons carry it: whoever clicks means this and nothing else."""

from dataclasses import dataclass
from typing import Self

SHORT = 12  # characters of a commit or a digest


@dataclass(frozen=True, slots=True)
class Seen:
    """A commit, an artefact, and how many checks were red; "" or None for what was not shown."""

    sha: str = ""
    artifact: str = ""
    red: int | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """What a button carries; a part that is none of ours says nothing."""
        sha, *parts = text.split(".")
        artifact = next((part[1:] for part in parts if part.startswith("x")), "")
        red = next((part[1:] for part in parts if part.startswith("r")), "")
        return cls(sha, artifact, int(red) if red.isdigit() else None)

    def __str__(self) -> str:
        artifact = f".x{short_digest(self.artifact)}" if self.artifact else ""
        red = f".r{self.red}" if self.red is not None else ""
        return f"{self.sha[:SHORT]}{artifact}{red}"


def short_digest(digest: str) -> str:
    """The beginning of a digest, without the name of its kind."""
    return digest.rpartition(":")[2][:SHORT]
