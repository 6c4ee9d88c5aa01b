"""A clock that was put back: what was due in a moment by the old time is due in a moment by the new one.

Whatever has an instant of its own (a stand-up at nine, an approval's end) keeps it.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import bindparam, func, or_, select, update

from bot.storage.database import Database
from bot.storage.inbox import inbox_table
from bot.storage.jobs import job_table
from bot.storage.leases import WAITING

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
    now. Something may come a few minutes early by it, and nothing comes twice.
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
        sooner = [
            {"row": row.id, "at": max(row.run_at - by, now)}
            for row in await conn.execute(held)
            if row.run_at != row.due or row.due - row.owed_at <= a_moment
        ]
        if sooner:
            await conn.execute(
                update(job_table).where(job.id == bindparam("row")).values(run_at=bindparam("at")), sooner
            )
        waiting = update(inbox_table).where(delivery.state == WAITING, delivery.run_at > now + a_moment)
        found = await conn.execute(waiting.values(run_at=now))
        for topic in ("jobs", "inbox"):
            database.wake(topic)
    rows = len(sooner) + found.rowcount
    log.warning("clock.put_back", seconds=round(by.total_seconds()), brought_forward=rows)
    return rows
