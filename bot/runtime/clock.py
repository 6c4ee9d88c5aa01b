"""What time it is: the machine's, and for the playground one that can be moved forward."""

from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant, UTC."""
        return datetime.now(UTC)


class MovableClock:
    """The machine's clock plus an offset that only grows; who moves it wakes whoever waits for an instant."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """The instant, UTC, as the playground has it."""
        return datetime.now(UTC) + self._offset

    def jump_to(self, offset: timedelta) -> bool:
        """Be this far ahead from now on; False (and nothing happens) where that would be going back."""
        if offset < self._offset:
            return False
        self._offset = offset
        return True
