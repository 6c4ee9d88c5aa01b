"""Sweeps: removes what has served its time, a few rows at a time. The ledger and nouns are never swept."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Table, select

from bot.core.jobs import Outcome
from bot.core.retention import Retention
from bot.storage.engine.batches import delete_in_batches
from bot.storage.engine.database import Database
from bot.storage.queues.inbox import inbox_table
from bot.storage.queues.jobs import job_table
from bot.storage.queues.leases import DEAD, DONE
from bot.storage.queues.receipts import receipt_table


def _old(kept: Retention, now: datetime) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    job, inbox, receipt = job_table.c, inbox_table.c, receipt_table.c
    yield receipt_table, receipt.at < now - kept.gestures
    yield inbox_table, (inbox.state == DONE) & (inbox.ended_at < now - kept.deliveries)
    yield inbox_table, (inbox.state == DEAD) & (inbox.ended_at < now - kept.failed)
    for ended in (Outcome.DONE, Outcome.NOOP, Outcome.MISSED):  # each alone, so that the index finds the oldest
        yield job_table, (job.state == ended.value) & (job.ended_at < now - kept.jobs)
    yield job_table, (job.state == DEAD) & (job.ended_at < now - kept.failed)


async def forget(database: Database, kept: Retention) -> int:
    """Remove what is old enough; gives how many rows. Raises ``StorageUnavailable`` with the rest still there."""
    removed = 0
    for table, old in _old(kept, database.clock.now()):
        key = next(iter(table.primary_key.columns))
        removed += await delete_in_batches(database, table, key, select(key).where(old))
    return removed
