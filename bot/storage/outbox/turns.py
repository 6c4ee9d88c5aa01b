"""Where a message stands in its lane: the more urgent first, and among equals the one that came first."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, literal

from bot.core.messages import Band
from bot.storage.outbox.tables import outbox

T = TypeVar("T")
_APART = 10**16  # microseconds between the turns of two bands: 300 years, so that they never meet


def first_turn(band: Band) -> int:
    """Of what is to be posted: -1, 0 or 1 by its band; ``id`` is the order among equals."""
    return int(band) - 1


def edit_turn(band: Band, at: datetime) -> int:
    """Of an edit: by its band, then by when it was owed, so that a card that changes often waits like others."""
    return micros(at) + int(band) * _APART


def edit_turn_of_row(name: str) -> ColumnElement[int]:
    """The same in SQL, by the row's own band; the parameter of that name is ``micros`` of when it was owed."""
    return bindparam(name, type_=BigInteger) + outbox.c.band * literal(_APART, BigInteger)


def first_turn_of_row() -> ColumnElement[int]:
    """``first_turn`` in SQL, by the row's own band."""
    return outbox.c.band - literal(1, BigInteger)


def micros(at: datetime) -> int:
    """For ``edit_turn_of_row``."""
    return int(at.timestamp() * 1_000_000)


def lower(one: ColumnElement[T], other: ColumnElement[T]) -> ColumnElement[T]:
    """The lower of two, as both databases say it."""
    return case((one < other, one), else_=other)
