"""A clock that was put back: what was due in a moment by the old time is due in a moment by the new one.

Whatever has an instant of its own (a stand-up at nine, an approval's end) keeps it; what waits so long after something
is told by how much, in a job (``bot.stages.flow.clock_put_back``).
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import bindparam, delete, func, or_, select, update

from bot.core.jobs import PUT_BACK, Job, Outcome
from bot.storage.engine.database import Database
from bot.storage.queues.inbox import inbox_table
from bot.storage.queues.jobs import job_table, owed, write_steps
from bot.storage.queues.leases import WAITING

log = structlog.get_logger(__name__)


async def server_time(database: Database) -> datetime | None:
    """The database server's instant; None on SQLite, which has no clock of its own. Raises ``StorageUnavailable``."""
    if database.dialect == "sqlite":
        return None
    async with database.read() as conn:
        return (await conn.execute(select(func.clock_timestamp()))).scalar_one()


async def put_back(database: Database, by: timedelta, *, a_moment: timedelta) -> int:
    """Bring forward what would now wait for so long in vain; gives how many rows that were.

    ``a_moment`` is the longest pause after a try that failed: what was due within it was due soon.
    Jobs that were put off by a pause come as much sooner; those that were owed for at once, and deliveries, are due
    now. Something may come a few minutes early by it, and nothing comes twice. What ended at an instant that comes once
    more can be owed for it again: a key that has ended is owed no more, and a look at noon would be the last one.
    """
    now = database.clock.now()
    job, delivery = job_table.c, inbox_table.c
    async with database.write() as conn:
        held = select(job.id, job.run_at, job.due, job.owed_at).where(
            job.state == WAITING,
            job.run_at > now,
            job.run_at <= now + by + a_moment,
            or_(job.run_at != job.due, job.owed_at > now),
        )
        # What is due a few minutes after it was owed for may look at its instant: then it comes then as well.
        sooner = [
            {"row": row.id, "at": max(row.run_at - by, now), "again": row.run_at == row.due > row.owed_at}
            for row in await conn.execute(held)
            if row.run_at != row.due or row.due - row.owed_at <= a_moment
        ]
        if sooner:
            comes = {"run_at": bindparam("at"), "moved": or_(job.moved, bindparam("again"))}
            await conn.execute(update(job_table).where(job.id == bindparam("row")).values(comes), sooner)
        waiting = update(inbox_table).where(delivery.state == WAITING, delivery.run_at > now + a_moment)
        found = await conn.execute(waiting.values(run_at=now))
        ended = job.state.in_((Outcome.DONE, Outcome.NOOP, Outcome.MISSED))
        await conn.execute(delete(job_table).where(ended, job.ended_at > now, job.due > now, job.due > job.owed_at))
        told = Job(PUT_BACK, f"{PUT_BACK}:{now.isoformat()}", now, {"seconds": by.total_seconds()})
        await write_steps(conn, [owed(told, now)])
        for topic in ("jobs", "inbox"):
            database.wake(topic)
    rows = len(sooner) + found.rowcount
    log.warning("clock.put_back", seconds=round(by.total_seconds()), brought_forward=rows)
    return rows
