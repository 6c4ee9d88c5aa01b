"""The ledger's head, and where it is posted so that nobody with the database can change what it was."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

from bot.core.wall_clock import Schedule

_DIGEST = re.compile(r"[0-9a-f]{64}")
EVERY_DAY = tuple(range(7))
LATE = timedelta(minutes=5)


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


@dataclass(frozen=True, slots=True)
class HeadPosts:
    """Where and when the head is posted, every day; ``at`` is the time of day in ``zone``."""

    channel: str
    at: time = time(9)
    zone: str = "UTC"

    def next_at(self, now: datetime) -> datetime:
        """The first time of it after this instant, UTC."""
        schedule = Schedule(EVERY_DAY, self.at)
        return next(at for _, at in schedule.following(now, self.zone, lambda _: True))
