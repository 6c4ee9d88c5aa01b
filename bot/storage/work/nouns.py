"""How each noun of the domain is kept: a table derived from its dataclass, and its value as JSON in a row.

Nouns are found by discovery: every dataclass in ``bot.core``, and in ``model`` of a room of ``bot.team`` or
``bot.stages``, with a ``PREFIX`` and a ``FOUND_BY``. Whoever adds one, or adds to a ``FOUND_BY``, runs
``python -m bot.storage.migrations "what changed"``.
"""

import dataclasses
import importlib
import json
import pkgutil
import re
import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum, IntEnum
from functools import cached_property
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import structlog
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

import bot.core
import bot.stages
import bot.team
from bot.core.lookups import fields_of, together
from bot.core.ports import Noun
from bot.core.refusals import Unreadable
from bot.stages.flow.model.looked_back import LOOKED_BACK_AT
from bot.storage.engine.schema import Instant, Number, compact, metadata, storable
from bot.storage.work.unknown_fields import carried

N = TypeVar("N", bound=Noun)

log = structlog.get_logger(__name__)

# Lookup columns are prefixed, so that a noun's field may be called "version" or "body".
LOOKUP = "by_"


class Kept(Generic[N]):
    """One noun's table and the way between values and rows.

    ``number`` counts rows in order of creation and is the figure in ``C-41``; ``folded_id`` is the id without
    regard to case; ``revision`` rises with every write.
    """

    def __init__(self, noun: type[N], on: MetaData) -> None:
        self.noun = noun
        hints = get_type_hints(noun)
        self.fields = fields_of(noun.FOUND_BY)
        for field in set(self.fields) - set(hints):
            raise TypeError(f"{noun.__name__}.FOUND_BY names {field!r}, which is none of its fields")
        name = "noun_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", noun.__name__).lower()
        self.table = Table(
            name,
            on,
            Column("number", Number, primary_key=True),
            Column("id", Text, nullable=False),
            Column("folded_id", Text, nullable=False, unique=True),
            Column("revision", Integer, nullable=False),
            Column("body", Text, nullable=False),
            Column("created_at", Instant, nullable=False),
            Column("updated_at", Instant, nullable=False),
            *(Column(LOOKUP + field, _column_type(hints[field])) for field in self.fields),
            sqlite_autoincrement=True,  # the number of an erased row is never given again
        )
        for lookup in noun.FOUND_BY:
            Index(None, *(self.table.c[LOOKUP + field] for field in together(lookup)), self.table.c.number)
        if noun in LOOKED_BACK_AT:
            Index(None, self.table.c.updated_at, self.table.c.number)
        # Made once: making a statement costs more than executing it.
        c = self.table.c
        at_revision = (c.folded_id == bindparam("at_id"), c.revision == bindparam("at_revision"))
        changing = ("body", "revision", "updated_at", *(LOOKUP + field for field in self.fields))
        self.one = select(self.table).where(c.folded_id == bindparam("at_id"))
        self.one_locked = self.one.with_for_update()
        self.insert = insert(self.table)
        self.update = update(self.table).where(*at_revision).values({name: bindparam(name) for name in changing})
        self.delete = delete(self.table).where(*at_revision)
        self.after: After | None = None

    def lock_after(self, first: "Kept[Any]", fields: tuple[str, ...]) -> None:
        """Have whoever locks a row of ours lock first the row there that has the same values in these fields."""
        theirs, ours = first.table, self.table
        alike = [theirs.c[LOOKUP + field] == ours.c[LOOKUP + field] for field in fields]
        row = select(theirs).where(*alike, ours.c.folded_id == bindparam("at_id")).with_for_update(of=theirs)
        self.after = After(first, fields, row)

    @cached_property
    def adapter(self) -> TypeAdapter[N]:
        """Between the value and JSON; made when first needed, since making all of them delays the start."""
        return TypeAdapter(self.noun)

    def lookups(self, thing: N, read: N | None = None, stored: str = "") -> dict[str, Any]:
        """The values of the columns that change with the thing, which was ``read`` from the body ``stored``."""
        body = self._body(thing)
        if read is not None and stored != (known := self._body(read)):
            # A newer version wrote it: what we do not know of it is not ours to drop.
            values = carried(json.loads(stored), json.loads(known), json.loads(body))
            body = json.dumps(values, separators=(",", ":"))
        return {"body": body} | {LOOKUP + name: plain(getattr(thing, name)) for name in self.fields}

    def _body(self, thing: N) -> str:
        try:
            return self.adapter.dump_json(thing, ensure_ascii=True).decode("ascii")
        except PydanticSerializationError:  # half of an emoji, which JSON from outside may bring
            return compact(_storable(self.adapter.dump_python(thing, mode="json")))

    def thing(self, row: Row[Any]) -> N:
        """The value that a row holds. Raises ``Unreadable`` where this version does not understand it."""
        try:
            return self.adapter.validate_json(row.body)
        except ValidationError as problem:
            # Without what is in the row, which people may have written.
            found = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in problem.errors())
            log.error("storage.row_not_understood", table=self.table.name, id=row.id, problem=found)
            raise Unreadable(row.id) from None

    def where(self, wanted: Mapping[str, Any]) -> list[ColumnElement[bool]]:
        """Conditions for ``Work.find``. Raises ``TypeError`` for a field that is not in ``FOUND_BY``."""
        return [_equals(self.column(field), value) for field, value in wanted.items()]

    @property
    def changed_at(self) -> Column[Any]:
        """When a row was written. Raises ``TypeError`` for a noun that no index finds by it."""
        if self.noun not in LOOKED_BACK_AT:
            raise TypeError(f"{self.noun.__name__} is not found by when it changed: it is not in LOOKED_BACK_AT")
        return self.table.c.updated_at

    def column(self, field: str) -> Column[Any]:
        """The lookup column of a field. Raises ``TypeError`` for a field that is not in ``FOUND_BY``."""
        if field not in self.fields:
            raise TypeError(f"{self.noun.__name__} is not found by {field!r}, only by {self.fields}")
        return self.table.c[LOOKUP + field]


@dataclasses.dataclass(frozen=True, slots=True)
class After:
    """Which row is locked before one of a noun: the order in which all take them, so that none wait in a circle."""

    first: Kept[Any]
    fields: tuple[str, ...]  # in which both agree
    row: Select[Any]

    def values(self, thing: Any) -> tuple[Any, ...]:
        """What a thing of either noun has in these fields."""
        return tuple(getattr(thing, field) for field in self.fields)


def folded(id: str) -> str:
    """An id as it is looked up: without regard to case."""
    return storable(id).casefold()


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return storable(value) if isinstance(value, str) else value


def plain(value: Any) -> Any:
    """A field's value as its lookup column holds it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()  # in order of days as text, on both databases
    return storable(value) if isinstance(value, str) else value


def _equals(column: Column[Any], value: Any) -> ColumnElement[bool]:
    if not isinstance(value, tuple | list | set | frozenset):
        return column.is_(None) if value is None else column == plain(value)
    options: list[ColumnElement[bool]] = [column.in_([plain(one) for one in value if one is not None])]
    if None in value:
        options.append(column.is_(None))
    return or_(*options)


_COLUMN_TYPES = ((bool, Boolean), (IntEnum, Integer), (int, BigInteger), (float, Float), (datetime, Instant))


def _column_type(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if not isinstance(hint, type):
        return Text
    for known, column in (
        (bool, Boolean),
        (IntEnum, Integer),
        (int, BigInteger),
        (float, Float),
        (datetime, Instant),
    ):
        if issubclass(hint, known):
            return column
    return Text


def _discovered() -> Iterator[type[Noun]]:
    for name in _where_nouns_are():
        for value in vars(importlib.import_module(name)).values():
            if (
                isinstance(value, type)
                and value.__module__ == name
                and dataclasses.is_dataclass(value)
                and hasattr(value, "PREFIX")
                and hasattr(value, "FOUND_BY")
            ):
                yield cast("type[Noun]", value)


def _where_nouns_are() -> Iterator[str]:
    for package in (bot.core, bot.team, bot.stages):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if package is bot.core or ".model." in each.name:
                yield each.name


_kept: dict[type[Any], Kept[Any]] = {}


def keep(noun: type[N], on: MetaData = metadata) -> Kept[N]:
    """Have a noun kept in a table on this metadata."""
    return _kept.setdefault(noun, Kept(noun, on))


def kept(noun: type[N]) -> Kept[N]:
    """How this noun is kept. Raises ``LookupError`` for a class that is no noun."""
    try:
        return _kept[noun]
    except KeyError:
        raise LookupError(f"{noun.__name__} is not a noun: it needs PREFIX and FOUND_BY") from None


for _noun in sorted(_discovered(), key=lambda noun: noun.__name__):
    keep(_noun)
for _first in list(_kept.values()):
    for _later, _fields in getattr(_first.noun, "LOCKED_BEFORE", {}).items():
        kept(_later).lock_after(_first, _fields)
