"""Finds what is due of some kinds by one look into the index for each, however much of other kinds waits."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Index,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
)

from bot.storage.engine.schema import LONG_AGO, compact

IS_WAITING = text("state = 'waiting'")  # as the partial index says it, so that SQLite uses it


def kind_index(table: Table) -> Index:
    """What waits, by kind and instant."""
    return Index(
        f"ix_{table.name}_kind",
        *(table.c.kind, table.c.run_at, table.c.id),
        sqlite_where=IS_WAITING,
        postgresql_where=IS_WAITING,
    )


def given(kinds: Sequence[str], dialect: str) -> Any:
    """For the parameter ``kinds``."""
    return compact(list(kinds)) if dialect == "sqlite" else list(kinds)


def due_by_kind(table: Table, dialect: str) -> Select[*tuple[Any, ...]]:
    """The first ``most`` due by ``now`` of each of ``kinds``, locked until the commit; the oldest of all first."""
    kinds, kind = _kinds(dialect)
    c, now = table.c, bindparam("now", type_=table.c.run_at.type)
    first = _waiting(table, kind, dialect).limit(bindparam("most", type_=Integer))
    if dialect == "sqlite":
        row, ids = table.alias("due"), first.where(c.run_at <= now).with_only_columns(c.id)
        found = select(row.c.id, row.c.kind).select_from(kinds).join(row, row.c.id.in_(ids))
    else:
        first = first.where(tuple_(c.kind, c.run_at) <= tuple_(kind, now))
        row = first.with_for_update(skip_locked=True).lateral("due")
        found = select(row.c.id, row.c.kind).select_from(kinds).join(row, true())
    return found.order_by(row.c.run_at, row.c.id)


def next_by_kind(table: Table, dialect: str) -> Select[*tuple[Any, ...]]:
    """When the first of ``kinds`` is due."""
    kinds, kind = _kinds(dialect)
    c = table.c
    first = _waiting(table, kind, dialect).with_only_columns(c.run_at).limit(1)
    first_at = first.scalar_subquery().label("first_at")
    each = select(first_at).select_from(kinds).subquery("each")
    return select(func.min(each.c.first_at, type_=c.run_at.type))


def _waiting(table: Table, kind: ColumnElement[str], dialect: str) -> Select[*tuple[Any, ...]]:
    """What waits of one kind, the oldest first.

    Said to PostgreSQL as a stretch of the index: where most of a table is of one kind, it takes a kind for common, and
    would rather go through what waits of all kinds by its instant.
    """
    c = table.c
    if dialect == "sqlite":
        of_kind, order = c.kind == kind, (c.run_at, c.id)
    else:
        long_ago = literal(LONG_AGO, c.run_at.type)
        of_kind = and_(tuple_(c.kind, c.run_at) >= tuple_(kind, long_ago), c.kind <= kind)
        order = (c.kind, c.run_at, c.id)
    return select(c.id, c.kind, c.run_at).where(of_kind, IS_WAITING).order_by(*order).correlate_except(table)


def _kinds(dialect: str) -> tuple[Any, Any]:
    """The parameter ``kinds`` as a table."""
    if dialect == "sqlite":
        kinds = func.json_each(bindparam("kinds", type_=Text)).table_valued("value", name="wanted")
        return kinds, kinds.c.value
    kinds = func.unnest(bindparam("kinds", type_=ARRAY(Text))).table_valued("value", name="wanted").render_derived()
    return kinds, kinds.c.value
