"""What happened: entries that are only ever added, found by their subjects, and sealed into a chain."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Row, Table, Text, bindparam, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.ledger import Entry, Recorded, Subject
from bot.storage.engine.database import Database
from bot.storage.engine.schema import Instant, Json, Number, metadata, storable

ledger_table = Table(
    "ledger",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("subjects", Json, nullable=False),
    Column("facts", Json, nullable=False),
    # Written once, by the sealer: the place in the chain and the digest over this entry and the one before it.
    Column("place", BigInteger, unique=True),
    Column("digest", Text),
    sqlite_autoincrement=True,
)
Index(
    "ix_ledger_unsealed",
    ledger_table.c.id,
    sqlite_where=text("place IS NULL"),
    postgresql_where=text("place IS NULL"),
)
Index("ix_ledger_by", ledger_table.c.by, ledger_table.c.id)

subject_table = Table(
    "ledger_subject",
    metadata,
    # In order of code points on both databases, so that all that begin alike stand together.
    Column("subject", Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True),
    Column("entry_id", BigInteger, primary_key=True, index=True),
)

LAST = "\U0010ffff"  # comes after every other character

_APPEND = insert(ledger_table).returning(ledger_table.c.id, sort_by_parameter_order=True)
_INDEX = insert(subject_table)
# Made once: making it costs more than executing it.
_NEWEST = (
    select(subject_table.c.entry_id)
    .where(subject_table.c.subject.in_(bindparam("names", expanding=True)))
    .distinct()
    .order_by(subject_table.c.entry_id.desc())
    .limit(bindparam("most"))
    .subquery()
)
_DOINGS = (
    select(ledger_table)
    .where(ledger_table.c.by == bindparam("who"), ledger_table.c.at >= bindparam("since"))
    .order_by(ledger_table.c.id.desc())
    .limit(bindparam("most"))
)
_HISTORY = select(ledger_table).join(_NEWEST, _NEWEST.c.entry_id == ledger_table.c.id).order_by(ledger_table.c.id)


def entry_row(entry: Entry, at: datetime) -> dict[str, Any]:
    """The row of an entry, checked, so that what is deferred cannot fail.

    Raises ``ValueError`` for an entry without subjects, ``TypeError`` for a fact that is not a plain value.
    """
    if not entry.subjects:
        raise ValueError(f"{entry.kind} names no subject")
    for name, fact in entry.facts.items():
        if not isinstance(fact, str | int | float | bool | None):
            raise TypeError(f"{entry.kind}: {name} is {type(fact).__name__}; facts are plain values")
    return {
        "at": at,
        "kind": entry.kind,
        "by": storable(entry.by),
        "subjects": list(dict.fromkeys(storable(str(subject)) for subject in entry.subjects)),
        "facts": dict(entry.facts),
    }


async def append(conn: AsyncConnection, rows: list[Any]) -> None:
    """Add entries; for ``Block.defer``. No lock is taken, so writers never wait for each other."""
    ids = (await conn.execute(_APPEND, rows)).scalars().all()
    await conn.execute(
        _INDEX,
        [
            {"subject": subject, "entry_id": id}
            for id, row in zip(ids, rows, strict=True)
            for subject in row["subjects"]
        ],
    )


async def history(conn: AsyncConnection, subjects: Sequence[Subject], limit: int) -> list[Recorded]:
    """Entries that name any of these subjects, oldest first; the newest ``limit`` of them."""
    if not subjects:
        return []
    names = [storable(str(subject)) for subject in subjects]
    return [recorded(row) for row in await conn.execute(_HISTORY, {"names": names, "most": limit})]


async def doings(conn: AsyncConnection, by: str, since: datetime, limit: int) -> list[Recorded]:
    """Entries since then that are by this user id, oldest first; the newest ``limit`` of them."""
    if not by:
        return []
    found = (await conn.execute(_DOINGS, {"who": storable(by), "since": since, "most": limit})).all()
    return [recorded(row) for row in reversed(found)]


async def named(conn: AsyncConnection, kind: str, beginning: str, limit: int) -> list[Subject]:
    """Subjects of this kind whose names begin so, each once, in order."""
    subject, first = subject_table.c.subject, storable(f"{kind}:{beginning}")
    query = (
        select(subject)
        .where(subject >= first, subject < first + LAST)  # LIKE would read the whole index
        .distinct()
        .order_by(subject)
        .limit(limit)
    )
    return [Subject.parse(one) for one in (await conn.execute(query)).scalars()]


def recorded(row: Row[Any]) -> Recorded:
    """An entry as the ledger gives it back."""
    subjects = tuple(Subject.parse(subject) for subject in row.subjects)
    return Recorded(row.id, row.at, Entry(row.kind, subjects, row.by, row.facts))


class Ledger:
    """Reading the ledger outside of a work."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def history(self, *subjects: Subject, limit: int = 200) -> list[Recorded]:
        """Entries that name any of these subjects, oldest first; the newest ``limit`` of them."""
        async with self._database.read() as conn:
            return await history(conn, subjects, limit)

    async def since(self, position: int, limit: int = 1000) -> list[Recorded]:
        """Entries after this position, in order; an entry that was slow to commit may come with a lower one."""
        query = select(ledger_table).where(ledger_table.c.id > position).order_by(ledger_table.c.id).limit(limit)
        async with self._database.read() as conn:
            return [recorded(row) for row in await conn.execute(query)]
