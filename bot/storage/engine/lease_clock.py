"""The clock that leases run on: on PostgreSQL the server's, which all replicas share, whatever their own say."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

STEP = timedelta(seconds=1)  # more than reading it can take; a clock that gains as much was moved


class LeaseClock(Protocol):
    """What time it is for leases, and whether somebody else's may be called lapsed."""

    steps: int
    """How often it was seen to have been moved."""

    async def read(self, conn: AsyncConnection, now: datetime) -> datetime:
        """The instant for leases. ``now`` is the replica's own."""
        ...

    def grace(self, lease: timedelta) -> timedelta:
        """How long yet nothing may be taken over from others, who had no chance to renew."""
        ...

    def missed(self) -> None:
        """The database was not to be had: others may not have been able to renew either."""
        ...

    def here(self, instant: datetime, now: datetime) -> datetime:
        """An instant of this clock, by the replica's own that says ``now``."""
        ...


class OwnClock:
    """The replica's own clock: on SQLite, where there is only one; and in tests, which move it."""

    steps = 0

    async def read(self, conn: AsyncConnection, now: datetime) -> datetime:
        """The instant as the caller has it."""
        return now

    def grace(self, lease: timedelta) -> timedelta:
        """None."""
        return timedelta(0)

    def missed(self) -> None:
        """There is nobody from whom anything could be taken over."""

    def here(self, instant: datetime, now: datetime) -> datetime:
        """The same."""
        return instant


class ServerClock:
    """The database server's clock, watched by a monotonic one.

    After a start, a while without the database, and a step of that clock, every lease may look lapsed although its
    owner lives; so owners get the length of a lease to renew before anything is taken over from them.
    """

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self.steps = 0
        self._ticks = ticks
        self._last: tuple[datetime, float] | None = None
        self._is_away = False
        self._upset_at = ticks()

    async def read(self, conn: AsyncConnection, now: datetime) -> datetime:
        """The server's instant, as the statement runs."""
        at = (await conn.execute(select(func.clock_timestamp()))).scalar_one()
        self.seen(at)
        return at

    def seen(self, at: datetime) -> None:
        """Compare a reading with the last one."""
        tick = self._ticks()
        if self._last is None or self._is_away:
            self._upset_at, self._is_away = tick, False
        if self._last is not None:
            before, then = self._last
            if abs(at - before - timedelta(seconds=tick - then)) > STEP:
                self.steps += 1
                self._upset_at = tick
        self._last = (at, tick)

    def missed(self) -> None:
        """Owners get their time from the next reading on. A pause alone says nothing: an idle replica reads seldom."""
        self._is_away = True

    def grace(self, lease: timedelta) -> timedelta:
        """What is left of the lease's length that owners get."""
        if self._is_away:
            return lease
        left = timedelta(seconds=self._upset_at - self._ticks()) + lease
        return max(left, timedelta(0))

    def here(self, instant: datetime, now: datetime) -> datetime:
        """As far from ``now`` as it is from the server's."""
        if self._last is None:
            return instant
        at, tick = self._last
        return now + (instant - at - timedelta(seconds=self._ticks() - tick))
