"""What reached us: stored as it came, once per delivery, answered at once and worked on afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.engine.database import Database
from bot.storage.engine.schema import Instant, Json, metadata, storable
from bot.storage.queues.bodies import packed, unpacked
from bot.storage.queues.leases import DEAD, DONE, RUNNING, WAITING, Leases, lease_columns, lease_indexes

inbox_table = Table(
    "inbox",
    metadata,
    *lease_columns(),
    Column("source", Text, nullable=False),
    Column("delivery_id", Text, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("packing", Text),  # how the body is kept; NULL: as it came
    Column("received_at", Instant, nullable=False),
    Column("path", Text),  # of the field that a dead delivery stumbled over
    Column("about", Text),  # the group of alerts; those about one are worked on in the order in which they came
    UniqueConstraint("source", "delivery_id"),
)
lease_indexes(inbox_table)
_waiting = text("state = 'waiting' AND about IS NOT NULL")
Index(
    "ix_inbox_about",
    inbox_table.c.source,
    inbox_table.c.about,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)

# What is urgent is queued as if it had come so much earlier: before all that waits, unless nothing was done for a day.
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request, as it came."""

    source: str
    delivery_id: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours for the length of a lease. ``attempt`` is 1 for the first."""

    id: int
    delivery: Delivery
    attempt: int
    urgent: bool = False  # itself, or one that came after it about the same


@dataclass(frozen=True, slots=True)
class Dead:
    """A delivery that we could not work on: where in it (a path such as ``alerts.0.startsAt``) and why."""

    id: int
    delivery: Delivery
    path: str
    reason: str
    ended_at: datetime


class Inbox:
    """The inbox of a database, as one replica works on it."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._leases = Leases(database, inbox_table, owner, "inbox")
        self.received = 0  # by this object, since it was made
        insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
        self._receive = insert(inbox_table).on_conflict_do_nothing().returning(inbox_table.c.id)
        self._pull = _pulling()

    @property
    def successor(self) -> str:
        """The revision of tables that are newer than we are, or ""; see ``bot.storage.succession``."""
        return self._database.successor

    async def receive(
        self,
        source: str,
        delivery_id: str,
        headers: Mapping[str, str],
        body: bytes,
        at: datetime,
        *,
        about: str = "",
        urgent: bool = False,
    ) -> bool:
        """Store a delivery; False when it was seen before. Only after this may its sender be answered.

        What is ``urgent`` is worked on before others, and older ones of its source ``about`` the same go before it.

        Raises ``StorageUnavailable``.
        """
        row = {
            "source": source,
            "delivery_id": storable(delivery_id),
            "headers": dict(headers),
            **await packed(body),
            "received_at": at,
            "state": WAITING,
            "run_at": at - AHEAD if urgent else at,
            "attempt": 0,
            "about": about or None,
        }
        async with self._database.write() as conn:
            stored = (await conn.execute(self._receive, row)).first() is not None
            if stored and urgent and about:
                await conn.execute(self._pull, {"of": source, "group": about, "until": row["run_at"]})
            if stored:
                self._database.wake("inbox")
        self.received += 1
        return stored

    async def claim(self, now: datetime, limit: int) -> list[Claimed]:
        """Take deliveries that wait, the oldest first; ours for ``leases.LEASE``."""
        rows = await self._leases.claim(now, limit)
        return [
            Claimed(row.id, await _delivery(row), row.attempt, urgent=row.run_at < row.received_at) for row in rows
        ]

    async def renew(self, claimed: list[Claimed], now: datetime) -> list[Claimed]:
        """Keep these for another lease; gives those that are still ours."""
        ours = await self._leases.renew([one.id for one in claimed], now)
        return [one for one in claimed if one.id in ours]

    async def settle(self, conn: AsyncConnection, claimed: Sequence[Claimed], note: str = "") -> None:
        """Mark these as worked on, in the caller's transaction. Raises ``LeaseLost``."""
        values = {"state": DONE, "ended_at": self._database.clock.now(), "note": storable(note)}
        await self._leases.end_all(conn, [one.id for one in claimed], values)

    async def again(self, claimed: Claimed, after: timedelta, because: str) -> None:
        """Try once more, so much later; ``attempt`` goes on. Raises ``LeaseLost``."""
        run_at = self._database.clock.now() + after
        async with self._database.write() as conn:
            await self._leases.end(
                conn, claimed.id, {"state": WAITING, "run_at": run_at, "note": storable(because)}
            )
            self._database.wake("inbox")

    async def dead(self, claimed: Claimed, path: str, reason: str) -> None:
        """Give it up, with what an admin must know. Raises ``LeaseLost``."""
        ended_at = self._database.clock.now()
        values = {"state": DEAD, "ended_at": ended_at, "path": storable(path), "note": storable(reason)}
        async with self._database.write() as conn:
            await self._leases.end(conn, claimed.id, values)

    async def replay(self, id: int) -> bool:
        """Work on a dead or finished delivery once more; False when there is none, or it waits already."""
        async with self._database.write() as conn:
            self._database.wake("inbox")
            return await replay(conn, id, self._database.clock.now())

    async def dead_letters(self, limit: int = 100) -> list[Dead]:
        """Deliveries that were given up, the newest first."""
        c = inbox_table.c
        query = select(inbox_table).where(c.state == DEAD).order_by(c.ended_at.desc(), c.id.desc()).limit(limit)
        async with self._database.read() as conn:
            rows = (await conn.execute(query)).all()
        return [Dead(row.id, await _delivery(row), row.path or "", row.note or "", row.ended_at) for row in rows]

    async def release_all(self) -> int:
        """Give back everything we hold, for a graceful end; gives how many."""
        return await self._leases.release_all(self._database.clock.now())

    async def next_due(self) -> datetime | None:
        """When a delivery becomes ready, or None while none waits."""
        return await self._leases.next_due()


def _pulling() -> Any:
    """Has older deliveries about the same go before an urgent one; those that failed wait for their next try."""
    c = inbox_table.c
    older = (
        select(c.id)
        .where(c.source == bindparam("of"), c.about == bindparam("group"), c.about.is_not(None))
        .where(c.state == text("'waiting'"), c.run_at > bindparam("until"), c.attempt == 0)
        .order_by(c.id)
        .with_for_update(skip_locked=True)  # what is claimed or pulled meanwhile goes first already
    )
    return update(inbox_table).where(c.id.in_(older)).values(run_at=bindparam("until"))


async def _delivery(row: Row[Any]) -> Delivery:
    body = await unpacked(row.body, row.packing)
    return Delivery(row.source, row.delivery_id, row.headers, body, row.received_at)


async def replay(conn: AsyncConnection, id: int, now: datetime, *, dead_only: bool = False) -> bool:
    """Work on a delivery that has ended once more; False when it has not. Whoever commits wakes "inbox"."""
    c = inbox_table.c
    ended = c.state == DEAD if dead_only else c.state.not_in((WAITING, RUNNING))
    revived = await conn.execute(
        update(inbox_table)
        .where(c.id == id, ended)
        .values(state=WAITING, run_at=now, attempt=0, ended_at=None, path=None)
    )
    return revived.rowcount == 1
