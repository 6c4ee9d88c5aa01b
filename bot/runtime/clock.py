"""What time it is: the machine's, and for the playground one that can be moved forward."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant, UTC."""
        return datetime.now(UTC)


class MovableClock:
    """The machine's clock plus an offset that only grows; whoever waits for an instant is told of a jump."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset
        self._told: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The instant, UTC, as the playground has it."""
        return datetime.now(UTC) + self._offset

    def on_jump(self, tell: Callable[[], None]) -> None:
        """Call this after each jump."""
        self._told.append(tell)

    def jump_to(self, offset: timedelta) -> bool:
        """Be this far ahead from now on; False (and nothing happens) where that would be going back."""
        if offset < self._offset:
            return False
        self._offset = offset
        for tell in self._told:
            tell()
        return True
