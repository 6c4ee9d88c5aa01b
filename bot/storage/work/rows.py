"""The nouns of one work: what it read, at which revision, and what it has still to write."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, TypeAlias, TypeVar, cast

from sqlalchemy import Select, func, select, text, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.ports import Noun
from bot.core.refusals import Conflict
from bot.storage.work.nouns import After, Kept, folded, kept

N = TypeVar("N", bound=Noun)
Key: TypeAlias = tuple[type[Any], str]

PAGE = 500  # rows that are in memory at once where all of a stretch are looked through


@dataclass
class Held:
    """A noun in hand. ``revision`` is 0 for one that has no row yet; ``number`` is what it was given for its id.

    ``read`` is what it was when its row held ``body``.
    """

    thing: Any
    revision: int
    locked: bool
    staged: Literal["", "add", "save", "erase"] = ""
    number: int | None = None
    read: Any = None
    body: str = ""


class Rows:
    """An identity map over the noun tables.

    Where writers run side by side, ``get`` locks its row (after the one that is to be locked first, as a slot is before
    its deployments), and what was only found is written on the condition that nobody wrote it since. Where they run one
    after the other, everything read is as good as locked.
    """

    def __init__(
        self,
        conn: AsyncConnection,
        now: datetime,
        numbers: dict[str, int],
        guard: Callable[[], None],
        *,
        lock: bool = True,
    ) -> None:
        self._lock = lock
        self.conn = conn
        self._now = now
        self._alone = conn.dialect.name == "sqlite"
        self._numbers = numbers
        self._guard = guard
        self._held: dict[Key, Held] = {}

    async def get(self, noun: type[N], id: str) -> N | None:
        """The thing with this id, locked."""
        held = self._held.get((noun, folded(id)))
        if held is None or not (held.locked or held.staged):
            how = kept(noun)
            if how.after is not None and self._lock and not self._alone:
                await self._lock_first(how.after, id, held)
            query = how.one_locked if self._lock else how.one
            row = (await self.conn.execute(query, {"at_id": folded(id)})).first()
            if row is None:
                return None
            held = self._hold(how, row, locked=True)
        return None if held.staged == "erase" else held.thing

    async def _lock_first(self, after: After, id: str, held: Held | None) -> None:
        """Lock what is locked before the row with this id; it is in hand then."""
        ours = held and after.values(held.thing)
        known = (one for (noun, _), one in self._held.items() if noun is after.first.noun and one.locked)
        if ours and any(after.values(one.thing) == ours for one in known):
            return
        row = (await self.conn.execute(after.row, {"at_id": folded(id)})).first()
        if row is not None:
            self._hold(after.first, row, locked=True)

    async def find(
        self, noun: type[N], limit: int, newest_first: bool, where: dict[str, Any], first_by: str = ""
    ) -> list[N]:
        """Things by their lookup columns, the lowest or highest of a field first, then in order of creation."""
        await self.flush()
        how = kept(noun)
        number = how.table.c.number
        query: Select[Any] = select(how.table).where(*how.where(where)).limit(limit)
        if first_by.startswith("-"):
            highest = how.column(first_by.removeprefix("-"))
            query = query.where(highest.is_not(None)).order_by(highest.desc())
        elif first_by:
            query = query.order_by(how.column(first_by).nulls_last())
        rows = await self.conn.execute(query.order_by(number.desc() if newest_first else number))
        return [self._hold(how, row, locked=self._alone).thing for row in rows]

    async def count(self, noun: type[Noun], where: dict[str, Any]) -> int:
        """How many there are."""
        await self.flush()
        how = kept(noun)
        query = select(func.count()).select_from(how.table).where(*how.where(where))
        return await self.conn.scalar(query) or 0

    async def changed(self, noun: type[N], since: datetime) -> AsyncIterator[N]:
        """Things that were written since then, each once, page by page; none of them is in hand afterwards."""
        await self.flush()
        how = kept(noun)
        at, number = how.changed_at, how.table.c.number
        query = select(how.table).order_by(at, number).limit(PAGE)
        rows = (await self.conn.execute(query.where(at >= since))).all()
        seen: set[int] = set()
        while rows:
            for row in rows:
                if row.number not in seen:  # one that is written meanwhile comes again
                    seen.add(row.number)
                    yield how.thing(row)
            last = rows[-1]
            if len(rows) < PAGE:
                return
            after = tuple_(at, number) > (last.updated_at, last.number)
            rows = (await self.conn.execute(query.where(at >= last.updated_at, after))).all()

    async def add(self, thing: N) -> N:
        """Stage a new thing, with its id."""
        number = None
        if not thing.id:
            number = await self._next_number(kept(type(thing)))
            thing = replace(cast("Any", thing), id=f"{thing.PREFIX}-{number}")
        key = _key(thing)
        held = self._held.get(key)
        if held is not None and held.staged != "erase":
            raise Conflict(f"{thing.id} is there already")
        if held is not None and held.revision:
            held.thing, held.staged = thing, "save"
        else:
            self._held[key] = Held(thing, 0, True, "add", number)
        return thing

    async def save(self, thing: Noun) -> None:
        """Stage a change to a thing that is in hand."""
        held = self._in_hand(thing)
        if held.staged or held.thing != thing:
            held.thing = thing
            held.staged = held.staged or "save"

    async def erase(self, thing: Noun) -> None:
        """Stage the end of a row."""
        held = self._in_hand(thing)
        if held.staged == "add":
            del self._held[_key(thing)]
        else:
            held.staged = "erase"

    @property
    def staged(self) -> bool:
        """Whether something is still to be written."""
        return any(held.staged for held in self._held.values())

    async def flush(self) -> None:
        """Write what was staged, in order. Raises ``Conflict``."""
        waiting = [(key, held) for key, held in self._held.items() if held.staged]
        if not waiting:
            return
        self._guard()
        for (noun, staged, numbered), group in groupby(waiting, key=_alike):
            how = kept(noun)
            if staged == "add":
                await self._insert(how, [held for _, held in group], numbered=numbered)
            else:
                for (_, id), held in group:
                    await self._update(how, id, held, erase=staged == "erase")
        for key, held in waiting:
            if held.staged == "erase":
                del self._held[key]
            held.staged = ""
            held.locked = True
            held.revision += 1

    async def _insert(self, how: Kept[Any], new: list[Held], *, numbered: bool) -> None:
        always = {"revision": 1, "created_at": self._now, "updated_at": self._now}
        rows = [
            {"id": held.thing.id, "folded_id": folded(held.thing.id)} | always | how.lookups(held.thing)
            for held in new
        ]
        if numbered:
            rows = [row | {"number": held.number} for row, held in zip(rows, new, strict=True)]
        try:
            await self.conn.execute(how.insert, rows)
        except IntegrityError as error:
            raise Conflict(f"one of {', '.join(held.thing.id for held in new)} is there already") from error

    async def _update(self, how: Kept[Any], id: str, held: Held, *, erase: bool) -> None:
        at = {"at_id": id, "at_revision": held.revision}
        if erase:
            done = await self.conn.execute(how.delete, at)
        else:
            values = how.lookups(held.thing, held.read, held.body)
            held.read, held.body = held.thing, values["body"]
            values |= {"revision": held.revision + 1, "updated_at": self._now}
            done = await self.conn.execute(how.update, at | values)
        if done.rowcount != 1:
            raise Conflict(f"{held.thing.id} was changed by somebody else meanwhile")

    async def _next_number(self, how: Kept[Any]) -> int:
        if not how.noun.PREFIX:
            raise ValueError(f"{how.noun.__name__} has no PREFIX, so it needs an id")
        name = how.table.name
        if not self._alone:
            return await self.conn.scalar(_NEXTVAL, {"table": name}) or 0
        if name not in self._numbers:
            self._numbers[name] = await self.conn.scalar(_LAST, {"table": name}) or 0
        self._numbers[name] += 1
        return self._numbers[name]

    def _hold(self, how: Kept[Any], row: Any, *, locked: bool) -> Held:
        key = (how.noun, row.folded_id)
        held = self._held.get(key)
        if held is None or held.revision != row.revision:
            thing = how.thing(row)
            held = self._held[key] = Held(thing, row.revision, locked, read=thing, body=row.body)
        held.locked = held.locked or locked
        return held

    def _in_hand(self, thing: Noun) -> Held:
        held = self._held.get(_key(thing))
        if held is None or held.staged == "erase":
            raise LookupError(f"{thing.id} was not read in this work")
        return held


def _alike(waiting: tuple[Key, Held]) -> tuple[type[Any], str, bool]:
    (noun, _), held = waiting
    return noun, held.staged, held.number is not None


def _key(thing: Noun) -> Key:
    return type(thing), folded(thing.id)


_NEXTVAL = text("SELECT nextval(pg_get_serial_sequence(:table, 'number'))")
_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
