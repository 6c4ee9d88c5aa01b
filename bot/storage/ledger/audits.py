"""The audit: reads the ledger along its hash chain and names whatever is not as it was sealed. It never writes.

What it proves, and against whom, stands in ``docs/auditing.md``: somebody who can write to the database can also write
the whole chain anew, and only a head that was kept elsewhere tells of that.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, Text, bindparam, exists, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.ledger import audited_votes, missing_votes
from bot.storage.ledger.ledger import ledger_table, subject_table
from bot.storage.ledger.seals import BATCH, START, Head, digest_of_text, head_of, head_table

# Replicas' clocks differ by seconds, and an entry is dated when its transaction begins: some dates are out of order.
TOLERANCE = timedelta(minutes=5)
NAMED = 100  # faults; of a ledger that was emptied there are as many as there were entries


_entry, _place = ledger_table.c, ledger_table.c.place
_BETWEEN = (_place > bindparam("after", type_=BigInteger), _place <= bindparam("to", type_=BigInteger))
# Made once, and their JSON left as the text that was sealed: reading and writing it anew takes most of the time.
_PAGE = (
    select(_entry.id, _entry.at, _entry.kind, _entry.by, _place, _entry.digest)
    .add_columns(
        type_coerce(_entry.subjects, Text).label("subjects"), type_coerce(_entry.facts, Text).label("facts")
    )
    .where(*_BETWEEN)
    .order_by(_place)
    .limit(BATCH)
)
_SUBJECTS = (
    select(subject_table.c.entry_id, subject_table.c.subject)
    .join(ledger_table, _entry.id == subject_table.c.entry_id)
    .where(*_BETWEEN)
)

# NOT IN would be looked up in a list of all entries for each of them, and PostgreSQL gives up on that:
# https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_NOT_IN
LOST = (
    select(subject_table)
    .where(~exists().where(_entry.id == subject_table.c.entry_id))
    .order_by(subject_table.c.entry_id, subject_table.c.subject)
    .limit(NAMED)
)


@dataclass(slots=True)
class Report:
    """What an audit found.

    Attributes:
        faults: what is not as it was sealed, in words; ``more`` are not listed.
        unsealed: how many entries wait for their seal; nothing is proven of them.
        read: how many sealed entries were read.
        old_votes: how many votes are from before votes were on the ledger with their digest.
    """

    head: Head
    faults: list[str] = field(default_factory=list[str])
    more: int = 0
    unsealed: int = 0
    read: int = 0
    votes: int = 0
    old_votes: int = 0

    def note(self, fault: str) -> None:
        """One more fault."""
        if len(self.faults) < NAMED:
            self.faults.append(fault)
        else:
            self.more += 1


async def audit(
    conn: AsyncConnection, now: datetime, known: Head | None = None, since: Head | None = None
) -> Report:
    """Follow the chain in one snapshot of the database, in constant memory.

    ``known`` is a head that was kept elsewhere; everything is read, and must agree with it. ``since`` is one too, but
    only what came after it is read.
    """
    head = await head_of(conn)
    report = Report(head)
    walk = _Walk(report, now, known or since, since)
    if since is not None:
        walk.latest = await _must_be_there(conn, report, since)
    last = since.place if since is not None else 0
    while page := await _page(conn, last, head.place):
        index = await _subjects(conn, last, page[-1].place)
        for row in page:
            walk.entry(row, index.get(row.id, ()))
        last = page[-1].place
        await asyncio.sleep(0)  # others' turn
    walk.end(head)
    await _unsealed(conn, report, walk.latest)
    await _strangers(conn, report)
    report.votes, report.old_votes = await audited_votes.check(conn, report.note)
    await missing_votes.check(conn, report.note)
    return report


async def _must_be_there(conn: AsyncConnection, report: Report, since: Head) -> datetime | None:
    """Compare the entry that the head was of; gives its date, before which nothing that follows may be."""
    query = select(ledger_table.c.digest, ledger_table.c.at).where(ledger_table.c.place == since.place)
    found = (await conn.execute(query)).first()
    # An entry that is not there any more is named by the end of the walk.
    if (START if since.place == 0 else found and found.digest) not in (since.digest, None):
        report.note(f"the chain up to place {since.place} was written anew")
    return found.at if found else None


async def _page(conn: AsyncConnection, after: int, to: int) -> Sequence[Row[Any]]:
    """The next sealed entries in order, with ``subjects`` and ``facts`` as they are written."""
    return (await conn.execute(_PAGE, {"after": after, "to": to})).all()


async def _subjects(conn: AsyncConnection, after: int, to: int) -> dict[int, list[str]]:
    """By which subjects each of the entries at these places is found."""
    index: dict[int, list[str]] = defaultdict(list)
    for entry, subject in (await conn.execute(_SUBJECTS, {"after": after, "to": to})).all():
        index[entry].append(subject)
    return index


async def _unsealed(conn: AsyncConnection, report: Report, latest: datetime | None) -> None:
    """Count what waits for its seal. The bot dates entries itself, so one that is older than the chain's was put in."""
    waits = ledger_table.c.place.is_(None)
    report.unsealed = await conn.scalar(select(func.count()).select_from(ledger_table).where(waits)) or 0
    if latest is None or not report.unsealed:
        return
    early = select(ledger_table.c.id, ledger_table.c.at).where(waits, ledger_table.c.at < latest - TOLERANCE)
    for row in await conn.execute(early.order_by(ledger_table.c.id).limit(NAMED)):
        report.note(f"entry {row.id}, not sealed yet, is dated {_shown(row.at)}, before the chain's last entry")


async def _strangers(conn: AsyncConnection, report: Report) -> None:
    """Entries beyond the end of the chain, and subjects that lead to no entry."""
    end = select(head_table.c.place).scalar_subquery()
    beyond = select(ledger_table.c.id, ledger_table.c.place).where(ledger_table.c.place > func.coalesce(end, 0))
    for row in await conn.execute(beyond.order_by(ledger_table.c.place).limit(NAMED)):
        report.note(f"entry {row.id} was put in at place {row.place}, beyond the end")
    for row in await conn.execute(LOST):
        report.note(f"entry {row.entry_id}, which was about {row.subject}, was removed")


class _Walk:
    """Goes along the chain and notes what does not fit."""

    def __init__(self, report: Report, now: datetime, known: Head | None, since: Head | None) -> None:
        self._report = report
        self._now = now
        self._known = known
        self._place = since.place if since else 0
        # Digests, one of which is the one that the next entry was sealed with.
        self._before = (since.digest if since else START,)
        self.latest: datetime | None = None
        self._back: tuple[int, int] | None = None  # places of entries one after the other that are dated too early

    def entry(self, row: Any, found_by: Sequence[str]) -> None:
        """The next one, and by which subjects it is found."""
        id, at, kind, by, place, sealed, subjects, facts = row
        note = self._report.note
        digests = {
            digest_of_text(before, place, id, at, kind, by, subjects, facts): None for before in self._before
        }
        if place != self._place + 1:
            # The digest of the entry before is not known, so this one cannot be checked; the next can.
            note(_missing(self._place + 1, place - 1))
            self._time(id, place, at)
        elif sealed not in digests:
            note(f"entry {id} at place {place} was altered")
        else:
            self._time(id, place, at)
        if not _names(subjects, found_by):
            note(f"entry {id} is not found by the subjects it names")
        known = self._known
        if known is not None and known.place == place and known.digest != sealed:
            note(f"the chain up to place {place} was written anew")
        self._place = place
        # Either the entry was altered or its digest: the next entry tells by fitting to one of them.
        self._before = (sealed,) if sealed in digests and len(digests) == 1 else (sealed, *digests)
        self._report.read += 1

    def _time(self, id: int, place: int, at: datetime) -> None:
        if at > self._now + TOLERANCE:
            self._report.note(f"entry {id} at place {place} is dated {_shown(at)}, which is still to come")
            return
        if self.latest is not None and at < self.latest - TOLERANCE:
            self._back = (self._back[0] if self._back else place, place)
            return
        self._tell_back()
        self.latest = max(self.latest or at, at)

    def _tell_back(self) -> None:
        if self._back is None or self.latest is None:
            return
        first, last = self._back
        which = (
            f"the entry at place {first} is" if first == last else f"the entries at places {first} to {last} are"
        )
        self._report.note(
            f"time goes backwards: {which} dated before {_shown(self.latest)}, when the one before was"
        )
        self._back = None

    def end(self, head: Head) -> None:
        self._tell_back()
        if self._place < head.place:
            self._report.note(_missing(self._place + 1, head.place))
        elif self._place == head.place and head.digest not in self._before:
            self._report.note(f"the end of the chain is not place {head.place}'s")
        if self._known is not None and self._known.place > head.place:
            self._report.note(_missing(head.place + 1, self._known.place))


def _names(subjects: str, found_by: Sequence[str]) -> bool:
    """Whether these are the subjects that stand in an entry; not where what stands there is no list any more."""
    try:
        return set(json.loads(subjects)) == set(found_by)
    except (TypeError, ValueError):
        return False


def _missing(first: int, last: int) -> str:
    if first == last:
        return f"the entry at place {first} was removed"
    return f"the entries at places {first} to {last} were removed"


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
