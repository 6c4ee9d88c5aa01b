"""The tables' common ground: one metadata, and columns that read back what was written, on both databases."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Integer, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

# Names that migrations can refer to on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # before anything of ours

metadata = MetaData(naming_convention=NAMING)

# SQLite gives numbers by itself only to a column of exactly this type.
Number = BigInteger().with_variant(Integer, "sqlite")

# Always empty: readiness writes to it and takes it back, which finds a full disk.
pulse = Table("pulse", metadata, Column("id", Integer, primary_key=True), Column("ballast", Text, nullable=False))


class Instant(TypeDecorator[datetime]):
    """An aware datetime, UTC, to the microsecond. Binding a naive one raises ``ValueError``."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs its zone: {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    r"""A JSON value as ASCII text.

    As text and not as the database's own JSON type, since PostgreSQL's refuses ``\u0000`` and lone surrogates,
    both of which people's messages contain sooner or later.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else compact(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def compact(value: Any) -> str:
    """A JSON value on one line, ASCII only, keys in order: the same value always gives the same text."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


_NOT_STORABLE = dict.fromkeys((0, *range(55296, 57344)), "�")


def storable(text: str) -> str:
    r"""Text that both databases take as it is: ``\0`` and lone surrogates become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    return text.translate(_NOT_STORABLE)
