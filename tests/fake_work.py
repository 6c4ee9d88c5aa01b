"""One transaction in memory, and what is left after its commit: the ``Work`` of ``tests/fakes.py``."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from bot.core.dead_letters import DeadLetter, LetterKind
from bot.core.erasing import Copy, Kinship, Traces
from bot.core.jobs import Job, Outcome
from bot.core.ledger import Entry, Recorded, Subject
from bot.core.ledger_heads import Head
from bot.core.lookups import fields_of
from bot.core.messages import File, Home, Message
from bot.core.ports import Noun, Render
from bot.core.refusals import Conflict
from bot.core.team import Team
from bot.stages.flow.model.looked_back import LOOKED_BACK_AT
from tests.example_team import PEOPLE

N = TypeVar("N", bound=Noun)


@dataclass
class Row:
    """What storage keeps of a noun. ``order`` is its place among all rows; ``version`` goes up with each write."""

    thing: Any
    order: int
    version: int = 1
    at: datetime | None = None  # when it was written


@dataclass
class Store:
    """Everything that was committed."""

    rows: dict[tuple[type, str], Row] = field(default_factory=dict)
    entries: list[Recorded] = field(default_factory=list)
    said: dict[str, Message] = field(default_factory=dict)  # the newest under each key
    log: list[Message | Home | File] = field(default_factory=list)  # everything, in order
    homes: dict[str, Home] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)  # not ended yet
    ended: dict[str, Outcome] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)  # the last one given, by prefix
    orders: "count[int]" = field(default_factory=count)
    dead: list[DeadLetter] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    head: Head = field(default_factory=lambda: Head(0, "0" * 64))
    posted: dict[tuple[str, str], str] = field(default_factory=dict)  # key of the message at (channel id, ts)


_NAMES = re.compile(rf"\b({'|'.join(person.name for person in PEOPLE)})\b")
# What a flag was set to, and which rules held something, are made of words of ours: "1 %, and on for a segment".
_OURS = {"from", "to", "held", "rules"}
_WORDS = 4  # as in "G-1 time is over"; more is a sentence, and a sentence is somebody's


def says_nothing(entry: Entry) -> None:
    """Fail where an entry, which stays for ever, holds a display name or a sentence: names change, words get erased."""
    facts = {name: fact for name, fact in entry.facts.items() if isinstance(fact, str)}
    for text in (entry.by, *map(str, entry.subjects), *facts.values()):
        assert not _NAMES.search(text), f"{entry.kind} names a person: {text!r}"
    for name, text in facts.items():
        assert name in _OURS or len(text.split()) <= _WORDS, f"{entry.kind} holds words: {name}={text!r}"


@cache
def _adapter(noun: type) -> TypeAdapter[Any]:
    return TypeAdapter(noun)


def _through_json(thing: Any) -> Any:
    adapter = _adapter(type(thing))
    read = adapter.validate_json(adapter.dump_json(thing))
    assert read == thing, f"{type(thing).__name__} does not survive its row: {thing} became {read}"
    return read


class FakeWork:
    """One transaction on a ``Store``; nothing of it shows before ``commit``."""

    def __init__(self, store: Store, now: datetime, team: Team, render: Render | None = None) -> None:
        self.by_app = False
        self.now = now
        self.team = team
        self._store = store
        self._render = render
        self._numbers = dict(store.numbers)
        self._rows = {key: replace(row) for key, row in store.rows.items()}
        self._mine: set[tuple[type, str]] = set()  # read or added here, so that they may be saved
        self._written: dict[tuple[type, str], int] = {}  # the version that each was read at; 0 when added
        self._erased: set[tuple[type, str]] = set()
        self._entries: list[Entry] = []
        self._said: list[Message | Home | File] = []
        self._jobs: list[Job | str] = []

    async def get(self, noun: type[N], id: str) -> N | None:
        """The thing with this id, whatever its case."""
        for (kind, known), row in self._rows.items():
            if kind is noun and known.lower() == id.lower():
                self._mine.add((kind, known))
                return cast("N", row.thing)
        return None

    async def find(
        self, noun: type[N], *, limit: int = 1000, newest_first: bool = True, first_by: str = "", **where: Any
    ) -> list[N]:
        """Things by their lookup columns; asking for another one is an error, as it is in storage."""
        known = fields_of(noun.FOUND_BY)
        unknown = ({*where, first_by.removeprefix("-")} - {""}) - set(known)
        if unknown:
            raise TypeError(f"{noun.__name__} is not found by {sorted(unknown)}, only by {known}")
        rows = sorted(
            ((key, row) for key, row in self._rows.items() if key[0] is noun and _fits(row.thing, where)),
            key=lambda pair: pair[1].order,
            reverse=newest_first,
        )
        highest = first_by.removeprefix("-")
        if highest != first_by:
            rows = [pair for pair in rows if getattr(pair[1].thing, highest) is not None]
            rows.sort(key=lambda pair: getattr(pair[1].thing, highest), reverse=True)
        elif first_by:
            rows.sort(key=lambda pair: _lowest_first(getattr(pair[1].thing, first_by)))
        rows = rows[:limit]
        self._mine.update(key for key, _ in rows)
        return [cast("N", row.thing) for _, row in rows]

    async def count(self, noun: type[Any], **where: Any) -> int:
        """How many ``find`` would give."""
        return len(await self.find(noun, limit=1_000_000, **where))

    async def changed(self, noun: type[N], since: datetime) -> AsyncIterator[N]:
        """Those that were written since then, the one that was written first before the others."""
        if noun not in LOOKED_BACK_AT:
            raise TypeError(f"{noun.__name__} is not found by when it changed")
        mine = [row for (kind, _), row in self._rows.items() if kind is noun and row.at and row.at >= since]
        for row in sorted(mine, key=lambda row: (row.at, row.order)):
            yield cast("N", row.thing)

    async def add(self, thing: N) -> N:
        """Store it, with the next id of its prefix unless it has one."""
        if not thing.id:
            assert thing.PREFIX, f"{type(thing).__name__} has no PREFIX, so it needs an id"
            number = self._numbers[thing.PREFIX] = self._numbers.get(thing.PREFIX, 0) + 1
            thing = cast("N", replace(cast("Any", thing), id=f"{thing.PREFIX}-{number}"))
        key = (type(thing), thing.id)
        if key in self._rows:
            raise Conflict(f"{thing.id} is there already")
        self._rows[key] = Row(_through_json(thing), next(self._store.orders), at=self.now)
        self._written[key] = 0
        self._mine.add(key)
        return thing

    async def save(self, thing: N) -> None:
        """Store a thing that was read or added in this work."""
        key = (type(thing), thing.id)
        self._must_be_mine(key)
        row = self._rows[key]
        self._written.setdefault(key, row.version)
        self._rows[key] = replace(row, thing=_through_json(thing), at=self.now)

    async def erase(self, thing: Noun) -> None:
        """Remove its row."""
        key = (type(thing), thing.id)
        self._must_be_mine(key)
        self._rows.pop(key, None)
        self._written.pop(key, None)
        self._erased.add(key)

    def record(self, entry: Entry) -> None:
        """Append to the ledger at the commit."""
        if not entry.subjects:
            raise ValueError(f"{entry.kind} names no subject")
        for name, fact in entry.facts.items():
            if not isinstance(fact, str | int | float | bool | None):
                raise TypeError(f"{entry.kind}: {name} is {type(fact).__name__}; facts are plain values")
        says_nothing(entry)
        self._entries.append(entry.through_an_app() if self.by_app else entry)

    def say(self, message: Message | Home | File) -> None:
        """Say it at the commit."""
        self._said.append(message)

    def owe(self, job: Job) -> None:
        """Owe it from the commit on."""
        self._jobs.append(job)

    def forgive(self, key: str) -> None:
        """Owe it no longer."""
        self._jobs.append(key)

    async def history(self, *subjects: Subject, limit: int = 200) -> list[Recorded]:
        """Committed entries that name any of these."""
        found = [r for r in self._store.entries if set(r.entry.subjects) & set(subjects)]
        return found[-limit:]

    async def doings(self, by: str, since: datetime, limit: int = 200) -> list[Recorded]:
        """Committed entries by this user id since then."""
        return [r for r in self._store.entries if r.entry.by == by and r.at >= since][-limit:]

    async def named(self, kind: str, beginning: str, limit: int = 5) -> list[Subject]:
        """Subjects of this kind whose names begin so."""
        every = {s for r in self._store.entries for s in r.entry.subjects}
        return sorted(s for s in every if s.kind == kind and s.name.startswith(beginning))[:limit]

    async def remember(self, key: str, make: Callable[[], Awaitable[Any]]) -> Any:
        """Always made anew: what is remembered must be the same."""
        del key
        return await make()

    async def message_key(self, channel_id: str, ts: str) -> str | None:
        """What a test put there."""
        return self._store.posted.get((channel_id, ts))

    async def dead_letters(self, limit: int = 20) -> list[DeadLetter]:
        """What a test put into the store as dead."""
        return self._store.dead[-limit:][::-1]

    async def dead_letter_counts(self) -> dict[LetterKind, int]:
        """How many a test put there, of every kind."""
        return {kind: sum(one.kind is kind for one in self._store.dead) for kind in LetterKind}

    async def ledger_head(self) -> Head:
        """What a test put there."""
        return self._store.head

    async def copies(self, traces: Traces) -> list[Copy]:
        """By key alone, of what was said; what it shows is rendered elsewhere."""
        said = self._store.said.values()
        return [Copy(one.key, 1) for one in said if traces.kinship(one.key, one.to) is Kinship.THEIRS]

    async def revive(self, kind: LetterKind, id: str) -> bool:
        """Take it out of what is dead."""
        before = len(self._store.dead)
        self._store.dead[:] = [one for one in self._store.dead if (one.kind, one.id) != (kind, id)]
        return len(self._store.dead) < before

    def _must_be_mine(self, key: tuple[type, str]) -> None:
        if key not in self._mine or key not in self._rows:
            raise LookupError(f"{key[1]} was not read in this work")

    def commit(self) -> None:
        """Make it true. Raises ``Conflict`` where a row changed since it was read; then nothing is written."""
        for key, version in self._written.items():
            row = self._store.rows.get(key)
            if (row.version if row else 0) != version:
                raise Conflict(f"{key[1]} was changed meanwhile")
        if self._render:
            for message in self._said:
                self._render(message.template, message.context)
        for prefix, number in self._numbers.items():  # another work may have given higher ones meanwhile
            self._store.numbers[prefix] = max(number, self._store.numbers.get(prefix, 0))
        for key in self._written:
            row = self._rows[key]
            self._store.rows[key] = replace(row, version=self._written[key] + 1)
        for key in self._erased:
            self._store.rows.pop(key, None)
        for entry in self._entries:
            self._store.entries.append(Recorded(len(self._store.entries) + 1, self.now, entry))
        self._commit_said()
        self._commit_jobs()

    def _commit_said(self) -> None:
        for message in self._said:
            self._store.log.append(message)
            if isinstance(message, Home):
                self._store.homes[message.user_id] = message
                continue
            first = self._store.said.get(message.key)
            assert first is None or first.to == message.to, f"{message.key} cannot move to {message.to}"
            self._store.said[message.key] = message

    def _commit_jobs(self) -> None:
        for job in self._jobs:
            if isinstance(job, str):
                self._store.jobs.pop(job, None)
            elif job.key not in self._store.ended:
                self._store.jobs[job.key] = job


def _lowest_first(value: Any) -> tuple[bool, Any]:
    return (True, 0) if value is None else (False, value)


def _fits(thing: Any, where: Mapping[str, Any]) -> bool:
    return all(
        getattr(thing, name) in wanted if isinstance(wanted, tuple) else getattr(thing, name) == wanted
        for name, wanted in where.items()
    )
