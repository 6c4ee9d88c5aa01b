"""What we owe at an instant: owed with the state that causes it, claimed with a lease, ended with an outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Boolean, Column, Float, Row, Table, Text, case, delete, false, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.jobs import Due, Job, Outcome
from bot.storage.engine.database import Database
from bot.storage.engine.schema import Instant, Json, compact, metadata, storable
from bot.storage.queues.by_kind import kind_index
from bot.storage.queues.leases import DEAD, RUNNING, WAITING, Leases, lease_columns, lease_indexes

job_table = Table(
    "job",
    metadata,
    *lease_columns(),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("args", Json, nullable=False),
    Column("due", Instant, nullable=False),
    Column("window_seconds", Float),
    Column("moved", Boolean, nullable=False),  # owed again while it was running: not over when that run ends
    Column("owed_at", Instant, nullable=False),
)
lease_indexes(job_table)
kind_index(job_table)


@dataclass(frozen=True, slots=True)
class Owed:
    """A job to be owed from the commit on."""

    job: Job
    at: datetime


@dataclass(frozen=True, slots=True)
class Forgiven:
    """A job that need not be done, if it has not ended yet."""

    key: str


Step: TypeAlias = Owed | Forgiven


def owed(job: Job, at: datetime) -> Owed:
    """Checked, so that what is deferred cannot fail. Raises ``TypeError`` for arguments that are not JSON."""
    compact(job.args)
    if job.due.tzinfo is None:
        raise ValueError(f"{job.key} is due at an instant without a zone")
    return Owed(job, at)


def key_of(step: Step) -> str:
    """Which job a step is about."""
    return step.job.key if isinstance(step, Owed) else step.key


async def write_steps(conn: AsyncConnection, steps: list[Any]) -> None:
    """Write what was owed and forgiven, in order; for ``Block.defer``."""
    forgiven = {step.key for step in steps if isinstance(step, Forgiven)}
    last: Mapping[str, Step] = {key_of(step): step for step in steps}
    owe = [step for step in last.values() if isinstance(step, Owed)]
    if forgiven:
        unfinished = job_table.c.state.in_((WAITING, RUNNING))
        await conn.execute(
            delete(job_table).where(job_table.c.key.in_([storable(key) for key in forgiven]), unfinished)
        )
    if owe:
        insert = _OWE_SQLITE if conn.dialect.name == "sqlite" else _OWE_POSTGRES
        # In order of keys, so that two transactions that owe the same jobs do not wait for each other.
        await conn.execute(insert, [_row(step) for step in sorted(owe, key=key_of)])


def _row(step: Owed) -> dict[str, Any]:
    job = step.job
    return {
        "key": storable(job.key),
        "kind": job.kind,
        "args": dict(job.args),
        "due": job.due,
        "window_seconds": None if job.window is None else job.window.total_seconds(),
        "owed_at": step.at,
        "state": WAITING,
        "run_at": job.due,
        "attempt": 0,
        "moved": False,
    }


def _upsert(insert: Any) -> Any:
    old, new = job_table.c, insert.excluded
    running = old.state == RUNNING
    return insert.on_conflict_do_update(
        index_elements=[old.key],
        set_={
            "kind": new.kind,
            "args": new.args,
            "due": new.due,
            "window_seconds": new.window_seconds,
            "run_at": case((running, old.run_at), else_=new.run_at),
            "attempt": case((running, old.attempt), else_=0),
            "moved": running,
        },
        where=or_(old.state == WAITING, running),  # IN cannot be executed for many rows at once
    )


_OWE_SQLITE = _upsert(sqlite.insert(job_table))
_OWE_POSTGRES = _upsert(postgresql.insert(job_table))


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is ours for the length of a lease. ``attempt`` is 1 for the first."""

    id: int
    job: Job
    attempt: int

    def due(self, now: datetime) -> Due:
        """As its handler gets it."""
        late_by = max(now - self.job.due, timedelta())
        window = self.job.window
        return Due(self.job, late_by, self.attempt, missed=window is not None and late_by > window)


@dataclass(frozen=True, slots=True)
class Dead:
    """A job that was given up, and why."""

    job: Job
    note: str
    ended_at: datetime


class Jobs:
    """The jobs of a database, as one replica works on them."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._leases = Leases(database, job_table, owner, "jobs", kind=job_table.c.kind)

    async def claim(self, now: datetime, limit: int, rooms: Mapping[str, int] | None = None) -> list[Claimed]:
        """Take jobs that are due, the longest due first; ours for ``leases.LEASE``.

        ``rooms`` says of which kinds, and at most how many of each.
        """
        return [_claimed(row) for row in await self._leases.claim(now, limit, rooms)]

    async def renew(self, claimed: list[Claimed], now: datetime) -> list[Claimed]:
        """Keep these for another lease; gives those that are still ours."""
        ours = await self._leases.renew([one.id for one in claimed], now)
        return [one for one in claimed if one.id in ours]

    async def finish(self, claimed: Claimed, outcome: Outcome, note: str = "") -> None:
        """End a job. Raises ``LeaseLost`` when it is not ours any more."""
        async with self._database.write() as conn:
            await self.settle(conn, claimed, outcome, note)

    async def settle(self, conn: AsyncConnection, claimed: Claimed, outcome: Outcome, note: str = "") -> None:
        """End a job in the caller's transaction. One that was owed again meanwhile waits for its new instant."""
        moved = job_table.c.moved
        now = self._database.clock.now()
        await self._leases.end(
            conn,
            claimed.id,
            {
                "state": case((moved, WAITING), else_=str(outcome)),
                "run_at": case((moved, job_table.c.due), else_=job_table.c.run_at),
                "attempt": case((moved, 0), else_=job_table.c.attempt),
                "ended_at": case((moved, None), else_=now),
                "note": storable(note),
                "moved": false(),
            },
        )
        self._database.wake("jobs")

    async def again(self, claimed: Claimed, after: timedelta, because: str, *, failed: bool = False) -> None:
        """Try a job once more, so much later. Only tries that ``failed`` add up in ``attempt``.

        Raises ``LeaseLost`` when it is not ours any more.
        """
        moved, attempt = job_table.c.moved, job_table.c.attempt
        run_at = self._database.clock.now() + after
        async with self._database.write() as conn:
            await self._leases.end(
                conn,
                claimed.id,
                {
                    "state": WAITING,
                    "run_at": case((moved, job_table.c.due), else_=run_at),
                    "attempt": case((moved, 0), else_=attempt if failed else 0),
                    "note": storable(because),
                    "moved": false(),
                },
            )
            self._database.wake("jobs")

    async def release_all(self) -> int:
        """Give back everything we hold, for a graceful end; gives how many."""
        return await self._leases.release_all(self._database.clock.now())

    async def next_due(self, kinds: Sequence[str] | None = None) -> datetime | None:
        """When a job (of these kinds) becomes ready, or None while none waits."""
        return await self._leases.next_due(kinds)

    async def dead(self, limit: int = 100) -> list[Dead]:
        """Jobs that were given up, the newest first."""
        query = (
            select(job_table).where(job_table.c.state == DEAD).order_by(job_table.c.ended_at.desc()).limit(limit)
        )
        async with self._database.read() as conn:
            return [Dead(_job(row), row.note or "", row.ended_at) for row in await conn.execute(query)]

    async def redo(self, key: str) -> bool:
        """Have a dead job done after all; False when there is none with this key."""
        async with self._database.write() as conn:
            self._database.wake("jobs")
            return await redo(conn, key, self._database.clock.now())

    async def outcome(self, key: str) -> Outcome | None:
        """How a job ended, or None while it is owed (or was never)."""
        async with self._database.read() as conn:
            state = await conn.scalar(select(job_table.c.state).where(job_table.c.key == storable(key)))
        return None if state in (None, WAITING, RUNNING) else Outcome(state)


async def redo(conn: AsyncConnection, key: str, now: datetime) -> bool:
    """Have a dead job done after all; False when there is none with this key. Whoever commits wakes "jobs"."""
    revived = await conn.execute(
        update(job_table)
        .where(job_table.c.key == storable(key), job_table.c.state == DEAD)
        .values(state=WAITING, run_at=now, attempt=0, ended_at=None)
    )
    return revived.rowcount == 1


def _job(row: Row[Any]) -> Job:
    window = None if row.window_seconds is None else timedelta(seconds=row.window_seconds)
    return Job(row.kind, row.key, row.due, row.args, window)


def _claimed(row: Row[Any]) -> Claimed:
    return Claimed(row.id, _job(row), row.attempt)
