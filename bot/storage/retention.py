"""How long finished rows are kept. The ledger is kept for ever, nouns until somebody erases them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete, select

from bot.domain.jobs import Outcome
from bot.storage.database import Database
from bot.storage.inbox import inbox_table
from bot.storage.jobs import job_table
from bot.storage.leases import DEAD, DONE
from bot.storage.receipts import receipt_table

BATCH = 1_000  # rows a transaction, so that nobody waits long behind it


@dataclass(frozen=True, slots=True)
class Retention:
    """Ages at which rows are forgotten.

    Attributes:
        receipts: how long a gesture that is delivered again is known; Slack repeats for minutes, people for hours.
        deliveries: bodies of webhooks hold people's words; also how long a repeated delivery is known.
        jobs: how long a job's key is known, so that owing it again does nothing.
        dead: how long a dead job or delivery can be seen and done again.
    """

    receipts: timedelta = timedelta(hours=24)
    deliveries: timedelta = timedelta(days=7)
    jobs: timedelta = timedelta(days=30)
    dead: timedelta = timedelta(days=90)

    def _old(self, now: datetime) -> Iterator[tuple[Table, ColumnElement[bool]]]:
        job, inbox, receipt = job_table.c, inbox_table.c, receipt_table.c
        ended = (Outcome.DONE.value, Outcome.NOOP.value, Outcome.MISSED.value)
        yield receipt_table, receipt.at < now - self.receipts
        yield inbox_table, (inbox.state == DONE) & (inbox.ended_at < now - self.deliveries)
        yield inbox_table, (inbox.state == DEAD) & (inbox.ended_at < now - self.dead)
        yield job_table, job.state.in_(ended) & (job.ended_at < now - self.jobs)
        yield job_table, (job.state == DEAD) & (job.ended_at < now - self.dead)

    async def forget(self, database: Database) -> int:
        """Remove what is old enough; gives how many rows."""
        removed = 0
        for table, old in self._old(database.clock.now()):
            key = next(iter(table.primary_key.columns))
            batch = delete(table).where(key.in_(select(key).where(old).limit(BATCH)))
            while True:
                async with database.write() as conn:
                    gone = (await conn.execute(batch)).rowcount
                removed += gone
                if gone < BATCH:
                    break
        return removed
