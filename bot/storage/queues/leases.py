"""Claims that end by themselves: who works on a row, until when, and who takes over.

Leases run on the database's clock (``Database.lease_clock``), so that a replica whose own is ahead takes over nothing.
Instants at which rows become due come from the clock port. Whoever was overtaken finds out when it ends its claim.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.engine.database import Database
from bot.storage.engine.errors import LeaseLost
from bot.storage.engine.schema import LONG_AGO, Instant, Number
from bot.storage.queues import by_kind
from bot.storage.succession import has_successor

LEASE = timedelta(seconds=10)

WAITING, RUNNING, DONE, DEAD = "waiting", "running", "done", "dead"


def lease_columns() -> list[Column[Any]]:
    """The columns that a claimed table needs."""
    return [
        Column("id", Number, primary_key=True),
        Column("state", Text, nullable=False),
        Column("run_at", Instant, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("owner", Text),
        Column("lease_until", Instant),
        Column("note", Text),
        Column("ended_at", Instant),
    ]


def lease_indexes(table: Table) -> None:
    """Finding what is ready must not cost more as finished rows add up."""
    unfinished = text("state IN ('waiting', 'running')")
    Index(
        f"ix_{table.name}_unfinished",
        table.c.run_at,
        table.c.id,
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    Index(f"ix_{table.name}_state", table.c.state, table.c.ended_at)


class Leases:
    """Claims on one table by one owner."""

    def __init__(
        self, database: Database, table: Table, owner: str, topic: str, *, kind: Column[str] | None = None
    ) -> None:
        self._database = database
        self._clock = database.lease_clock
        self._topic = topic
        self._table = table
        self.owner = owner
        c = table.c
        # One process works on a SQLite file, so whatever another owner had there is left over from a crash. What
        # we hold ourselves we know to be alive, however far the clock was moved.
        left_over = true() if database.dialect == "sqlite" else c.lease_until <= bindparam("lease_now")
        self._abandoned = and_(c.state == RUNNING, c.owner != owner, left_over)
        ready = or_(and_(c.state == WAITING, c.run_at <= bindparam("now")), self._abandoned)
        self._kind = true() if kind is None else kind.in_(bindparam("kinds", expanding=True))
        picked = self._offered(ready).cte("picked")
        self._claim = self._taking(c.id.in_(select(picked.c.id)))
        if kind is not None:
            self._due = by_kind.due_by_kind(table, database.dialect)
            self._next = by_kind.next_by_kind(table, database.dialect)
            self._left = self._offered(and_(self._abandoned, self._kind)).add_columns(kind.label("kind"))
            self._take = self._taking(c.id.in_(bindparam("ids", expanding=True)))

    def _offered(self, ready: ColumnElement[bool]) -> Any:
        c = self._table.c
        return (
            select(c.id)
            .where(c.state.in_((WAITING, RUNNING)), ready)
            .order_by(c.run_at, c.id)
            .limit(bindparam("most"))
            .with_for_update(skip_locked=True)
        )

    def _taking(self, which: ColumnElement[bool]) -> Any:
        c = self._table.c
        return (
            update(self._table)
            .where(which)
            .values(state=RUNNING, owner=self.owner, lease_until=bindparam("until"), attempt=c.attempt + 1)
            .returning(*c)
        )

    async def claim(self, now: datetime, limit: int, rooms: Mapping[str, int] | None = None) -> list[Row[Any]]:
        """Take the rows that are due (or abandoned), the oldest first; of each kind in ``rooms`` at most so many."""
        async with self._database.write() as conn:
            if await has_successor(self._database, conn):
                return []
            at = await self._clock.read(conn, now)
            lapsed = LONG_AGO if self._clock.grace(LEASE) else at
            wanted = {"now": now, "most": limit}
            if self._database.dialect != "sqlite":
                wanted["lease_now"] = lapsed
            until = at + LEASE
            if rooms is None:
                found = await conn.execute(self._claim, {**wanted, "until": until})
            else:
                # Those that find no room are locked until the commit only, and are another replica's to take.
                ids = await self._offer(conn, wanted, rooms)
                if not ids:
                    return []
                found = await conn.execute(self._take, {"ids": ids, "until": until})
            return sorted(found, key=lambda row: (row.run_at, row.id))

    async def _offer(self, conn: AsyncConnection, wanted: Mapping[str, Any], rooms: Mapping[str, int]) -> list[int]:
        """What there is room for: first what others have left, which has waited longest."""
        left = {name: value for name, value in wanted.items() if name != "now"} | {"kinds": list(rooms)}
        offered = [*await conn.execute(self._left, left)]
        due = {
            "now": wanted["now"],
            "most": wanted["most"],
            "kinds": by_kind.given(list(rooms), self._database.dialect),
        }
        offered += await conn.execute(self._due, due)
        return _fitting([(row.id, row.kind) for row in offered], rooms)[: wanted["most"]]

    async def renew(self, ids: Sequence[int], now: datetime) -> set[int]:
        """Keep these for another lease; gives those that are still ours. To be called thrice a lease."""
        c = self._table.c
        async with self._database.write() as conn:
            until = await self._clock.read(conn, now) + LEASE
            # One that reaches further was given by the same clock before it was put back.
            too_far = update(self._table).where(c.state == RUNNING, c.lease_until > until)
            await conn.execute(too_far.values(lease_until=until))
            found = await conn.execute(
                update(self._table)
                .where(c.id.in_(ids), c.owner == self.owner, c.state == RUNNING)
                .values(lease_until=until)
                .returning(c.id)
            )
            return set(found.scalars())

    async def release_all(self, now: datetime) -> int:
        """Give back everything we hold, as if it had never been claimed; for a graceful end."""
        c = self._table.c
        async with self._database.write() as conn:
            self._database.wake(self._topic)
            found = await conn.execute(
                update(self._table)
                .where(c.owner == self.owner, c.state == RUNNING)
                .values(
                    state=WAITING,
                    owner=None,
                    lease_until=None,
                    attempt=case((c.attempt > 0, c.attempt - 1), else_=0),
                )
            )
            return found.rowcount

    async def next_due(self, kinds: Sequence[str] | None = None) -> datetime | None:
        """When something (of these kinds) becomes ready, or None while there is nothing to wait for."""
        if self._database.successor:
            return None  # it is the newer version's
        c = self._table.c
        ours = true() if kinds is None else self._kind
        waiting = select(func.min(c.run_at)).where(c.state == WAITING) if kinds is None else self._next
        # What we hold ourselves ends when we end it.
        held_elsewhere = select(func.min(c.lease_until)).where(c.state == RUNNING, c.owner != self.owner, ours)
        dialect = self._database.dialect
        async with self._database.read() as conn:
            known = {} if kinds is None else {"kinds": by_kind.given(kinds, dialect)}
            first = (await conn.execute(waiting, known)).scalar()
            held = (await conn.execute(held_elsewhere, {} if kinds is None else {"kinds": list(kinds)})).scalar()
        now = self._database.clock.now()
        lapses = None
        if held is not None:
            lapses = max(self._clock.here(held, now), now + self._clock.grace(LEASE))
        instants = [instant for instant in (first, lapses) if instant is not None]
        return min(instants, default=None)

    async def end(self, conn: AsyncConnection, id: int, values: dict[str, Any]) -> None:
        """Write how a claim ended. Raises ``LeaseLost`` when it is not ours any more."""
        await self.end_all(conn, [id], values)

    async def end_all(self, conn: AsyncConnection, ids: Sequence[int], values: dict[str, Any]) -> None:
        """Write how several claims ended alike. Raises ``LeaseLost`` when one of them is not ours any more."""
        c = self._table.c
        ended = await conn.execute(
            update(self._table)
            .where(c.id.in_(ids), c.owner == self.owner, c.state == RUNNING)
            .values(owner=None, lease_until=None, **values)
        )
        if ended.rowcount != len(ids):
            which = ", ".join(map(str, ids[:5]))
            raise LeaseLost(f"{self._table.name} {which} {'is' if len(ids) == 1 else 'are'} not ours any more")


def _fitting(offered: Sequence[tuple[int, str]], rooms: Mapping[str, int]) -> list[int]:
    """The first of each kind, as many as there is room for."""
    taken = Counter[str]()
    ids: list[int] = []
    for id, kind in offered:
        if taken[kind] < rooms[kind]:
            taken[kind] += 1
            ids.append(id)
    return ids
