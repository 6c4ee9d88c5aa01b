"""What time it is: the machine's, as far as it is believed, and for the playground one that can be moved forward."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

STEP = timedelta(seconds=1)  # a clock that gains as much on the monotonic one was moved; NTP slews by less


def machine_now() -> datetime:
    """The instant, UTC, by the machine's clock."""
    return datetime.now(UTC)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant, UTC."""
        return machine_now()


class SteadyClock:
    """The machine's clock, of which a step is believed once another clock confirms it.

    Until then time goes on by the monotonic clock, so that a clock which is two hours or a day ahead for a moment
    closes no round, lapses no approval and ends no freeze, and one that falls back makes nobody wait. It never shows
    another clock's time: that only decides between the two.

    Args:
        machine: the machine's clock.
        ticks: a monotonic clock, in seconds, which nobody can move.
    """

    def __init__(
        self, machine: Callable[[], datetime] = machine_now, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._machine, self._ticks = machine, ticks
        self._at, self._tick = machine(), ticks()
        self._went_back = timedelta()
        self.is_doubted = False  # every other clock that was heard lately says that this one is wrong

    def now(self) -> datetime:
        """The instant, UTC."""
        return self._read()[1]

    def timestamp(self) -> float:
        """The same in Unix seconds."""
        return self.now().timestamp()

    @property
    def held(self) -> timedelta:
        """By how much the machine's clock was moved without being believed: negative where it was put back."""
        machine, believed = self._read()
        return machine - believed

    def compared(self, ahead: timedelta) -> bool:
        """Another clock shows that the machine's is so far ahead of it; whether a step is believed by it."""
        machine, believed = self._read()
        by = machine - believed
        if not by or abs(ahead) > abs(ahead - by):
            return False
        self._went_back += max(-by, timedelta())
        self._at, self._tick = machine, self._ticks()
        return True

    def went_back(self) -> timedelta:
        """By how much it has gone back since this was last asked."""
        by, self._went_back = self._went_back, timedelta()
        return by

    def _read(self) -> tuple[datetime, datetime]:
        """What the machine's clock says, and what is believed."""
        machine, tick = self._machine(), self._ticks()
        believed = self._at + timedelta(seconds=tick - self._tick)
        if abs(machine - believed) <= STEP:
            self._at, self._tick = machine, tick
            return machine, machine
        return machine, believed


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
