"""The proof that the ledger was not changed: each entry is sealed with a digest over it and the one before."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import BigInteger, Column, Integer, Row, Table, Text, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database
from bot.storage.errors import StorageUnavailable
from bot.storage.ledger import ledger_table, subject_table
from bot.storage.schema import compact, metadata

log = structlog.get_logger(__name__)

# One row: the end of the chain. Without it, entries cut off the end would not be missed.
head_table = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

START = hashlib.sha256(b"eightbells ledger").hexdigest()
BATCH = 500
PAUSE_SECONDS = 0.25  # so that a burst is sealed as a few batches and not entry by entry
POLL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain. Kept elsewhere, it proves that everything up to it is as it was."""

    place: int
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the ledger that is not as it was sealed. ``entry_id`` is None for an entry that is missing."""

    place: int | None
    entry_id: int | None
    what: str

    def __str__(self) -> str:
        return self.what


def digest_of(row: Row[Any], place: int, before: str) -> str:
    """SHA-256 over an entry, its place and the digest of the entry before it, as hex."""
    words = [before, place, row.id, row.at.isoformat(), row.kind, row.by, row.subjects, row.facts]
    return hashlib.sha256(compact(words).encode("ascii")).hexdigest()


class Sealer:
    """Seals what was committed, in the order in which it became visible, and checks what was sealed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seal(self) -> int:
        """Seal the entries that wait for it, at most ``BATCH``; gives how many.

        Entries of one transaction may become visible after entries with higher ids; the place, and not the id,
        is the order of the chain. The head's row lets one sealer at a time through.
        """
        async with self._database.write() as conn:
            head = await self._locked_head(conn)
            rows = await conn.execute(
                select(ledger_table).where(ledger_table.c.place.is_(None)).order_by(ledger_table.c.id).limit(BATCH)
            )
            seals: list[dict[str, Any]] = []
            place, digest = head.place, head.digest
            for row in rows:
                place += 1
                digest = digest_of(row, place, digest)
                seals.append({"entry": row.id, "to_place": place, "to_digest": digest})
            if seals:
                await conn.execute(_SEAL, seals)
                await conn.execute(update(head_table).values(place=place, digest=digest))
            return len(seals)

    async def _locked_head(self, conn: AsyncConnection) -> Head:
        row = (await conn.execute(select(head_table).with_for_update())).first()
        if row is not None:
            return Head(row.place, row.digest)
        new = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
        await conn.execute(new(head_table).on_conflict_do_nothing(), {"id": 1, "place": 0, "digest": START})
        return await self._locked_head(conn)

    async def keep_sealing(self) -> None:
        """Seal whenever something was recorded, until cancelled."""
        while True:
            await self._database.wait("ledger", POLL_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                while await self.seal() == BATCH:
                    pass
            except StorageUnavailable as error:
                log.warning("entries wait to be sealed", error=str(error))

    async def head(self) -> Head:
        """The end of the chain."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(head_table))).first()
        return Head(row.place, row.digest) if row is not None else Head(0, START)

    async def verify(self, known: Head | None = None) -> list[Fault]:
        """Whatever was altered, removed or put in since it was sealed; nothing means that the chain is whole.

        ``known`` is a head that was written down earlier, somewhere that who changed the ledger cannot reach.
        """
        head = await self.head()
        check = _Check(known)
        last = 0
        while last < head.place:
            page, index = await self._page(last, head.place)
            if not page:
                break
            for row in page:
                check.entry(row, index.get(row.id, set()))
            last = page[-1].place
            await asyncio.sleep(0)  # others' turn
        check.end(head)
        return check.faults + await self._strangers()

    async def _page(self, after: int, to: int) -> tuple[Sequence[Row[Any]], dict[int, set[str]]]:
        """The next sealed entries in order, and the subjects by which each is found."""
        place = ledger_table.c.place
        entries = select(ledger_table).where(place > after, place <= to).order_by(place).limit(BATCH)
        index: dict[int, set[str]] = defaultdict(set)
        async with self._database.read() as conn:
            page = (await conn.execute(entries)).all()
            ids = [row.id for row in page]
            for row in await conn.execute(select(subject_table).where(subject_table.c.entry_id.in_(ids))):
                index[row.entry_id].add(row.subject)
        return page, index

    async def _strangers(self) -> list[Fault]:
        """Entries beyond the end of the chain, and subjects that lead to no entry."""
        end = select(head_table.c.place).scalar_subquery()
        beyond = select(ledger_table.c.id, ledger_table.c.place).where(ledger_table.c.place > end)
        lost = select(subject_table).where(subject_table.c.entry_id.not_in(select(ledger_table.c.id)))
        async with self._database.read() as conn:
            return [
                Fault(row.place, row.id, f"entry {row.id} was put in at place {row.place}, beyond the end")
                for row in await conn.execute(beyond)
            ] + [
                Fault(None, row.entry_id, f"entry {row.entry_id}, which was about {row.subject}, was removed")
                for row in await conn.execute(lost)
            ]


class _Check:
    """Walks along the chain and notes what does not fit."""

    def __init__(self, known: Head | None) -> None:
        self.faults: list[Fault] = []
        self._known = known
        self._place = 0
        self._before = (START,)  # digests, one of which is the one that the next entry was sealed with

    def entry(self, row: Row[Any], found_by: set[str]) -> None:
        gap = row.place != self._place + 1
        digests = {digest_of(row, row.place, before) for before in self._before}
        if gap:
            # The digest of the entry before is not known, so this one cannot be checked; the next can.
            self.faults.append(_missing(self._place + 1, row.place - 1))
        elif row.digest not in digests:
            self.faults.append(Fault(row.place, row.id, f"entry {row.id} at place {row.place} was altered"))
        if found_by != set(row.subjects):
            self.faults.append(Fault(row.place, row.id, f"entry {row.id} is not found by the subjects it names"))
        known = self._known
        if known is not None and known.place == row.place and known.digest != row.digest:
            self.faults.append(Fault(row.place, row.id, f"the chain up to place {row.place} was written anew"))
        self._place = row.place
        # Either the entry was altered or its digest: the next entry tells by fitting to one of them.
        self._before = (row.digest, *digests)

    def end(self, head: Head) -> None:
        if self._place < head.place:
            self.faults.append(_missing(self._place + 1, head.place))
        elif head.digest not in self._before:
            self.faults.append(Fault(head.place, None, f"the end of the chain is not place {head.place}'s"))
        if self._known is not None and self._known.place > head.place:
            self.faults.append(_missing(head.place + 1, self._known.place))


def _missing(first: int, last: int) -> Fault:
    if first == last:
        return Fault(first, None, f"the entry at place {first} was removed")
    return Fault(first, None, f"the entries at places {first} to {last} were removed")


_SEAL = (
    update(ledger_table)
    .where(ledger_table.c.id == bindparam("entry"), ledger_table.c.place.is_(None))
    .values(place=bindparam("to_place"), digest=bindparam("to_digest"))
)
