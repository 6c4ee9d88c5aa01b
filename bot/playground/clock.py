"""The workspace's own clock: it runs with the machine's, and can be moved forward but never back."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class ClockRefusal(ValueError):
    """The clock was asked to do what a clock does not do; the message is for the person who asked."""


class Clock:
    """Seconds since the epoch as the workspace sees them."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0

    def now(self) -> float:
        return time.time() + self.offset_seconds

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ClockRefusal: `seconds` is not positive, or is more than ten years.
        """
        if not 0 < seconds <= 10 * 366 * 86_400:
            raise ClockRefusal("The clock only moves forward, by more than nothing and at most ten years.")
        self.offset_seconds += seconds

    def move_to(self, moment: str) -> None:
        """Move the clock forward to an ISO time; without a zone it is read as UTC.

        Raises:
            ClockRefusal: not an ISO time, or not in the future.
        """
        try:
            there = datetime.fromisoformat(moment)
        except ValueError:
            raise ClockRefusal(f"{moment!r} is not a time such as 2026-11-25T09:00:00Z.") from None
        there = there if there.tzinfo else there.replace(tzinfo=UTC)
        self.advance(there.timestamp() - self.now())

    def as_json(self) -> dict[str, object]:
        return {
            "now": self.moment().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "offset_seconds": round(self.offset_seconds, 3),
        }
