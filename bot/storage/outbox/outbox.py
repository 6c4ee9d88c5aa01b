"""What we must say: claimed conversation by conversation, settled in groups, and nothing of it lost."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Band
from bot.storage.engine.batches import delete_in_batches
from bot.storage.engine.database import Database
from bot.storage.engine.schema import LONG_AGO
from bot.storage.outbox import claim as outbox_claim
from bot.storage.outbox import heads
from bot.storage.outbox.pauses import DIFFERENCE
from bot.storage.outbox.put import Put, put, put_of_file, sought_anew
from bot.storage.outbox.settle import settle
from bot.storage.outbox.steps import Claim, Dead, Doing, Ending, Pace
from bot.storage.outbox.tables import DOUBT, IS_DEAD, IS_SENT, IS_UNFINISHED, PENDING, lanes, outbox
from bot.storage.succession import has_successor

__all__ = ["DeadLetter", "Outbox", "Pace", "Put", "put", "put_of_file", "resend"]


LOOK_AGAIN = timedelta(seconds=1)  # whether an owner that has not renewed its lease is gone


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be sent as things are, and why; ``put_at`` is when it was first owed, UTC."""

    key: str
    to: str
    reason: str
    text: str
    put_at: datetime


class Outbox:
    """The outbox as one messenger sees it. ``owner`` names this start of this process and no other."""

    def __init__(
        self,
        database: Database,
        owner: str,
        *,
        pace: Pace | None = None,
        recheck: timedelta = timedelta(seconds=60),
    ) -> None:
        self._database = database
        self._owner = owner
        self._recheck = recheck
        self._held: set[str] = set()  # lanes in which something is under way
        self._claiming = asyncio.Lock()
        self._steps = database.lease_clock.steps
        self.pace = pace or Pace()

    async def take_over(self) -> None:
        """Free what an earlier process held, where no other one can be alive: on SQLite.

        On PostgreSQL its lease ends it; one that reaches too far was given by that clock before it was put back.
        """
        async with self._database.write() as conn:
            if self._database.dialect == "sqlite":
                held = update(lanes).where(lanes.c.owner != self._owner).values(owner=None, lease_until=None)
            else:
                until = await self._lease_now(conn) + self.pace.lease
                held = update(lanes).where(lanes.c.lease_until > until).values(lease_until=until)
            await conn.execute(held)
        self._steps = self._database.lease_clock.steps

    async def claim(
        self, limit: int, rooms: Mapping[Band, int] | None = None, *, ahead: timedelta = timedelta(0)
    ) -> Claim:
        """Up to ``limit`` steps that may be taken now, the most urgent first; marked before anything is sent.

        ``rooms`` says how many of a band or a later one at most. With ``ahead`` also those that may go so soon, each
        with its ``not_before``.

        Raises ``StorageUnavailable`` and ``Conflict``; then nothing was claimed.
        """
        async with self._claiming:
            if self._steps != self._database.lease_clock.steps:
                await self.take_over()
            return await self._claim(limit, rooms or {}, self._database.clock.now(), ahead)

    async def _claim(self, limit: int, rooms: Mapping[Band, int], now: datetime, ahead: timedelta) -> Claim:
        if self._database.successor:
            return Claim((), None)
        async with self._database.read() as conn:
            ready, next_at = await heads.heads(conn, await self._holder(conn), self.pace, now + ahead, limit)
            check_at = await self._next_check(conn, now)
        ready = heads.fitting(ready, rooms)
        if not ready and (check_at is None or check_at > now):
            if next_at is not None and next_at <= now:  # somebody's lease, by the other clock
                next_at = now + LOOK_AGAIN
            return Claim((), _earliest(next_at, check_at))
        pace = self.pace
        async with self._database.write() as conn:
            if await has_successor(self._database, conn):
                return Claim((), None)
            steps = []
            if check_at and check_at <= now:
                steps = await outbox_claim.checks(conn, now, limit, self._longest_check)
            wanted, room_at = await outbox_claim.afford(conn, ready, pace, now) if ready else ([], None)
            if wanted:
                holder = await self._holder(conn)
                steps += await outbox_claim.take(conn, wanted, holder, pace=pace, now=now, until=now + ahead)
        self._held |= {step.lane for step in steps if step.doing is not Doing.CHECK}
        return Claim(steps, _earliest(next_at, check_at if check_at and check_at > now else None, room_at))

    @property
    def _longest_check(self) -> timedelta:
        return max(self._recheck, outbox_claim.CHECK_AGAIN) + DIFFERENCE

    async def _next_check(self, conn: AsyncConnection, now: datetime) -> datetime | None:
        """When doubles are searched for next: now, where a clock that was ahead has put it off for too long."""
        # Said so that the partial index serves: without the condition SQLite reads every row at every look.
        some = outbox.c.check_at.is_not(None)
        first = (await conn.execute(select(func.min(outbox.c.check_at)).where(some))).scalar()
        if first is None:
            return None
        last = (await conn.execute(select(func.max(outbox.c.check_at)).where(some))).scalar_one()
        return now if last > now + self._longest_check else first

    async def settle(self, endings: Sequence[Ending]) -> int:
        """Write down how steps ended and free their lanes; gives how many were not ours any more.

        Raises ``StorageUnavailable`` and ``Conflict``; then it must be called again.
        """
        async with self._database.write() as conn:
            now = self._database.clock.now()
            if any(isinstance(ending, Dead) for ending in endings):
                self._database.wake("jobs")
            lost = await settle(conn, endings, owner=self._owner, pace=self.pace, now=now, recheck=self._recheck)
        self._held -= {ending.step.lane for ending in endings if ending.step.doing is not Doing.CHECK}
        return lost

    async def renew(self) -> None:
        """Keep the lanes in which something is under way for another lease."""
        async with self._database.write() as conn:
            until = await self._lease_now(conn) + self.pace.lease
            mine = update(lanes).where(lanes.c.owner == self._owner, lanes.c.lane.in_(self._held))
            await conn.execute(mine.values(lease_until=until))

    async def release(self) -> None:
        """Give up every lane that we hold; what was under way there will be looked for by the next one."""
        async with self._database.write() as conn:
            mine = update(lanes).where(lanes.c.owner == self._owner)
            await conn.execute(mine.values(owner=None, lease_until=None))
            self._database.wake("outbox")
        self._held.clear()

    async def lookup(self, key: str) -> tuple[str, str] | None:
        """Channel and ts of a message that Slack shows."""
        async with self._database.read() as conn:
            found = select(outbox.c.channel, outbox.c.ts).where(outbox.c.key == key, outbox.c.ts.is_not(None))
            row = (await conn.execute(found)).first()
        return (row.channel, row.ts) if row else None

    async def key_of(self, channel: str, ts: str) -> str | None:
        """Which of our messages stands there."""
        async with self._database.read() as conn:
            found = select(outbox.c.key).where(outbox.c.channel == channel, outbox.c.ts == ts)
            return (await conn.execute(found)).scalar()

    async def dead(self, limit: int = 100) -> list[DeadLetter]:
        """Dead letters, the newest first."""
        async with self._database.read() as conn:
            found = select(outbox).where(IS_DEAD).order_by(outbox.c.id.desc()).limit(limit)
            rows = (await conn.execute(found)).all()
        return [DeadLetter(row.key, row.to, row.reason or "", row.text, row.put_at) for row in rows]

    async def resend(self, key: str) -> bool:
        """Try a dead letter again, with the replies that died because of it. False: it is not one."""
        async with self._database.write() as conn:
            self._database.wake("outbox")
            return await resend(conn, key, self._database.clock.now())

    async def depth(self) -> tuple[dict[Band, int], int]:
        """How many messages wait, by band, and how many dead letters there are."""
        async with self._database.read() as conn:
            waiting = select(outbox.c.band, func.count()).where(IS_UNFINISHED).group_by(outbox.c.band)
            counted = {row[0]: row[1] for row in await conn.execute(waiting)}
            dead = (await conn.execute(select(func.count()).where(IS_DEAD).select_from(outbox))).scalar_one()
        return {band: counted.get(int(band), 0) for band in Band}, dead

    async def sweep(self, before: datetime) -> int:
        """Forget messages that Slack has shown unchanged since ``before``; gives how many. A later one is new."""
        old = select(outbox.c.id).where(IS_SENT, outbox.c.sent_at < before, outbox.c.check_at.is_(None))
        swept = await delete_in_batches(self._database, outbox, outbox.c.id, old)
        async with self._database.write() as conn:
            await conn.execute(lanes.delete().where(lanes.c.owner.is_(None), lanes.c.ready_at < before))
        return swept

    async def _holder(self, conn: AsyncConnection) -> heads.Holder:
        at = await self._lease_now(conn)
        lapsed = LONG_AGO if self._database.lease_clock.grace(self.pace.lease) else at
        return heads.Holder(self._owner, frozenset(self._held), at, lapsed)

    async def _lease_now(self, conn: AsyncConnection) -> datetime:
        """Replicas' clocks differ, the database's is one; and there is only one of us on SQLite."""
        return await self._database.lease_clock.read(conn, self._database.clock.now())


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)


async def resend(conn: AsyncConnection, key: str, now: datetime) -> bool:
    """Try a dead letter again, with the replies that died because of it. Whoever commits wakes "outbox"."""
    again = {
        # What ended in doubt is looked for before it is posted again.
        "state": case((outbox.c.ts.is_(None) & outbox.c.since.is_not(None), DOUBT), else_=PENDING),
        "lane": case((sought_anew(), outbox.c.to), else_=outbox.c.lane),
        "channel": case((sought_anew(), None), else_=outbox.c.channel),
        "reason": None,
        "refusals": 0,
        "looks": 0,
        "ready_at": now,
    }
    dead = update(outbox).where(IS_DEAD).values(**again)
    revived = (await conn.execute(dead.where(outbox.c.key == key))).rowcount
    if revived:
        because = outbox.c.reason == outbox_claim.PARENT_DEAD
        await conn.execute(dead.where(outbox.c.thread_of == key, because))
    return bool(revived)
