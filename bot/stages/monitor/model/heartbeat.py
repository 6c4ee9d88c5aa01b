"""What we know of a source that has to be heard of: when it last was, and since when it has been quiet."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from bot.stages.monitor.model.route import Watch

HEARD_ANEW = 20  # signs of life within a twentieth of the interval are one


@dataclass(frozen=True, slots=True)
class Vigil:
    """One watch; its ``id`` is the watch's name. ``turn`` counts how often it began to wait."""

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ()

    id: str
    heard_at: datetime
    turn: int = 1
    quiet_since: datetime | None = None

    def hears(self, at: datetime, every: timedelta) -> "Vigil":
        """With a sign of life; itself where there was one a moment ago (and not ahead: the clock was put back)."""
        if self.quiet_since is None and timedelta() <= at - self.heard_at < every / HEARD_ANEW:
            return self
        turn = self.turn + 1 if self.quiet_since else self.turn
        return replace(self, heard_at=at, quiet_since=None, turn=turn)

    def put_back(self, at: datetime, by: timedelta) -> "Vigil":
        """As heard of so much earlier, where that was ahead of the clock that was put back; else itself."""
        return replace(self, heard_at=min(self.heard_at - by, at)) if self.heard_at > at else self

    def falls_quiet(self, at: datetime, watch: Watch) -> "Vigil":
        """Nothing came in time; itself where something did."""
        if self.quiet_since is not None or at - self.heard_at < watch.every:
            return self
        return replace(self, quiet_since=self.heard_at)
