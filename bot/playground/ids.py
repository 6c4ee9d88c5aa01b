"""Ids and secrets that look like Slack's and come out the same in every run."""

from __future__ import annotations

import random
import uuid
from collections import Counter

HEX = "0123456789abcdef"


class Ids:
    """A source of ids; two playgrounds with the same seed hand out the same ones in the same order."""

    def __init__(self, seed: int = 8) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose; it guards a toy
        self._counts: Counter[str] = Counter()

    def take(self, prefix: str) -> str:
        """The next id of its kind, such as `V0PLAY0001`."""
        return f"{prefix}0PLAY{self.count(prefix):04d}"

    def count(self, kind: str) -> int:
        self._counts[kind] += 1
        return self._counts[kind]

    def secret(self, length: int = 24) -> str:
        return "".join(self._random.choices(HEX, k=length))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
