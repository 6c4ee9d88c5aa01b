"""A database in which a long time has passed: a hundred thousand rows in every table that grows."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    insert,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.stages.deploy.model.deployment import Deployment
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.plan.model.change import Change
from bot.stages.standup.model.answer import StandupAnswer
from bot.storage.ledger.ledger import ledger_table, subject_table
from bot.storage.ledger.seals import head_table
from bot.storage.outbox.tables import outbox
from bot.storage.queues.inbox import inbox_table
from bot.storage.queues.jobs import job_table
from bot.storage.queues.receipts import receipt_table
from bot.storage.work.nouns import kept
from tests.fakes import NOON

ROWS = 100_000
BATCH = 10_000
GROWING: tuple[Table, ...] = (
    *(outbox, job_table, inbox_table, receipt_table, ledger_table, subject_table),
    *(kept(noun).table for noun in (AlertGroup, Change, Deployment, StandupAnswer)),
)

# What is not simply filled with numbers: nearly everything is over, as it is after a long time.
_OVER = "CASE WHEN n % 5000 = 0 THEN '{open}' WHEN n % 5000 = 1 THEN '{dead}' ELSE '{over}' END"
_OF: dict[str, dict[str, str]] = {
    "outbox": {
        "state": _OVER.format(open="pending", dead="dead", over="sent"),
        "lane": "'C' || (n % 40)",
        "to": "'C' || (n % 40)",
        "channel": "'C' || (n % 40)",
        "kind": "'message'",
        "check_at": "NULL",
        "thread_of": "NULL",
        "blocks": "'[]'",
        "turn": "0",
        "band": "n % 3",
    },
    "job": {"state": _OVER.format(open="waiting", dead="dead", over="done"), "args": "'{}'", "owner": "NULL"},
    "inbox": {"state": _OVER.format(open="waiting", dead="dead", over="done"), "headers": "'{}'", "owner": "NULL"},
    "ledger": {"subjects": """'["change:C-1"]'""", "facts": "'{}'", "place": "n", "by": "'U' || (n % 100)"},
    "ledger_subject": {"subject": "'change:C-' || (n % 20000)", "entry_id": "n"},
}
_STATES = {"by_state": "CASE WHEN n % 1000 = 0 THEN 'open' ELSE 'over' END", "body": "'{}'"}


async def fill(conn: AsyncConnection, *only: Table) -> None:
    """Put them in, and let PostgreSQL count them."""
    dialect = conn.dialect.name
    for table in only or GROWING:
        columns = [column for column in table.columns if column.name not in ("id", "number") or _is_wanted(column)]
        names = ", ".join(f'"{column.name}"' for column in columns)
        values = ", ".join(_value(table, column, dialect) for column in columns)
        for first in range(1, ROWS, BATCH):  # a statement may take 10 s on PostgreSQL
            numbers = _numbers(dialect, first, first + BATCH - 1)
            await conn.execute(text(f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {numbers}"))  # noqa: S608
    if not only:
        await conn.execute(insert(head_table), {"id": 1, "place": ROWS, "digest": "0" * 64})
    if dialect == "postgresql":
        await conn.execute(text("ANALYZE"))


def _numbers(dialect: str, first: int, last: int) -> str:
    if dialect == "postgresql":
        return f"generate_series({first}, {last}) AS numbers(n)"
    counted = f"SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}"  # noqa: S608
    return f"(WITH RECURSIVE numbers(n) AS ({counted}) SELECT n FROM numbers) AS numbers"  # noqa: S608


def _is_wanted(column: Column[Any]) -> bool:
    return column.name == "id" and column.table.name.startswith("noun_")


def _value(table: Table, column: Column[Any], dialect: str) -> str:
    own = "NULL" if column.name == "packing" else _OF.get(table.name, _STATES).get(column.name)  # as it came
    if own is not None:
        return own
    kind = column.type.dialect_impl(_dialect(dialect)).impl if hasattr(column.type, "impl") else column.type
    if isinstance(kind, Boolean):
        return "n % 2 = 0"
    if isinstance(kind, DateTime):
        # All of it within the last hours, so that nothing is old enough to be forgotten.
        instant = "TIMESTAMP WITH TIME ZONE '{}+00' - n * INTERVAL '0.1 second'"
        of_sqlite = "strftime('%Y-%m-%d %H:%M:%f', '{}', '-' || (n * 0.1) || ' seconds') || '000'"
        return (instant if dialect == "postgresql" else of_sqlite).format(f"{NOON:%Y-%m-%d %H:%M:%S}")
    if isinstance(kind, LargeBinary):
        return "'x'::bytea" if dialect == "postgresql" else "x'78'"
    if isinstance(kind, Integer | BigInteger | SmallInteger | Float):
        return "1"
    unique = column.primary_key or column.unique or column.name in ("id", "folded_id", "key", "delivery_id", "ts")
    return f"'x-' || {'n' if unique else '(n % 200)'}"


def _dialect(name: str) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite  # noqa: PLC0415

    return (postgresql if name == "postgresql" else sqlite).dialect()
