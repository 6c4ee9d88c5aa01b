"""The ledger's head: what stands for everything up to it."""

import re
from dataclasses import dataclass
from typing import Self

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain. Kept where nobody with the database can write, it proves everything up to it."""

    place: int
    digest: str

    def __str__(self) -> str:
        return f"{self.place}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The head that ``str`` wrote. Raises ``ValueError`` for anything else."""
        place, _, digest = text.strip().partition(":")
        if not (place.isascii() and place.isdecimal() and _DIGEST.fullmatch(digest)):
            raise ValueError("a head looks like 1204:9f3c2a… (64 digits), as `eightbells audit --head` prints it")
        return cls(int(place), digest)
