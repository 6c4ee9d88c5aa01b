"""Every flag in memory, ready to be asked, read anew only once the ledger tells of a change of one."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import structlog

from bot.core.ports import Work
from bot.stages.flags.model.evaluate import Ask, Asked, Evaluator, Fault, Hash, Verdict
from bot.stages.flags.model.flag import ANY_FLAG, MOST_FLAGS, Flag
from bot.storage.engine.errors import StorageUnavailable

# A transaction that was slow to commit may show up before entries that are newer; so not only the last one counts.
ENTRIES_COMPARED = 50
AGAIN_AFTER_SECONDS = 1.0  # how long what is known is served without asking a database that does not answer

log = structlog.get_logger(__name__)


class Reads(Protocol):
    """Opens works that only read."""

    def reading(self) -> AbstractAsyncContextManager[Any]: ...


class Answers(dict[Verdict, bytes]):
    """Every answer that one flag can give, as OFREP tells it; each is written when it is first given."""

    __slots__ = ("flag",)

    def __init__(self, flag: Flag) -> None:
        super().__init__()
        self.flag = flag

    def __missing__(self, verdict: Verdict) -> bytes:
        value, variant = (self.flag.on, "on") if verdict.is_on else (self.flag.off, "off")
        key = json.dumps(self.flag.id)
        note = f',"metadata":{{"note":{json.dumps(verdict.note)}}}' if verdict.note else ""
        told = f'{{"key":{key},"value":{value},"reason":"{verdict.reason}","variant":"{variant}"{note}}}'
        self[verdict] = written = told.encode()
        return written


class Shelf:
    """The flags of one environment."""

    def __init__(self, flags: Iterable[Flag], environment: str, hash: Hash) -> None:
        self._known: dict[str, tuple[Ask, Answers]] = {}
        # What is the same for everybody is written once; only the rest is asked.
        self._same: list[bytes] = []
        self._asked: list[tuple[Ask, Answers]] = []
        for flag in flags:
            evaluator, answers = Evaluator(flag.id, flag.serving(environment), hash), Answers(flag)
            self._known[flag.id] = evaluator.ask, answers
            if evaluator.same_for_all is None:
                self._asked.append((evaluator.ask, answers))
            else:
                self._same.append(answers[evaluator.same_for_all])

    def one(self, key: str, asked: Asked) -> bytes | None:
        """What the flag with exactly this key is for this user; nothing where there is none."""
        found = self._known.get(key)
        if found is None:
            return None
        ask, answers = found
        return answers[ask(asked)]

    def all(self, asked: Asked) -> bytes:
        """What every flag is for this user, as OFREP's bulk answer."""
        drawn = [answers[ask(asked)] for ask, answers in self._asked]
        return b'{"flags":[' + b",".join(self._same + drawn) + b"]}"


class FlagBook:
    """The flags of all environments, as they were last recorded."""

    def __init__(self, unit: Reads, generation: Callable[[], int], environments: Iterable[str], hash: Hash) -> None:
        """``generation`` rises with every commit that the ledger grew by, here or in another replica."""
        self._unit = unit
        self._generation = generation
        self._environments = tuple(environments)
        self._hash = hash
        self._seen: int | None = None
        self._entries: tuple[int, ...] | None = None
        self._lock = asyncio.Lock()
        self._not_before = 0.0
        self.flags: Sequence[Flag] = ()
        self.shelves: Mapping[str, Shelf] = {}
        self.edition = 0  # rises when any flag has changed

    async def current(self) -> Mapping[str, Shelf]:
        """The flags by environment as they are now. Raises ``StorageUnavailable`` where they were never read."""
        if self._generation() != self._seen:
            async with self._lock:  # one reads, all others wait for it
                if (now := self._generation()) != self._seen:
                    await self._look(now)
        return self.shelves

    async def _look(self, now: int) -> None:
        clock = asyncio.get_running_loop().time
        if self.edition and clock() < self._not_before:
            return
        try:
            async with self._unit.reading() as work:
                await self._read(work)
        except StorageUnavailable as problem:
            self._not_before = clock() + AGAIN_AFTER_SECONDS
            if not self.edition:
                raise
            log.warning("flags.not_read", why=str(problem))
            return
        self._seen = now

    async def _read(self, work: Work) -> None:
        newest = await work.history(ANY_FLAG, limit=ENTRIES_COMPARED)
        entries = tuple(one.position for one in newest)
        if entries == self._entries:
            return
        self.flags = await work.find(Flag, limit=MOST_FLAGS, newest_first=False)
        self.shelves = {name: Shelf(self.flags, name, self._hash) for name in self._environments}
        self._entries = entries
        self.edition += 1


def fault_json(fault: Fault, key: str | None = None) -> bytes:
    """A fault as OFREP tells it."""
    named = {} if key is None else {"key": key}
    return json.dumps(named | {"errorCode": fault.code, "errorDetails": fault.details}).encode()


def etag(body: bytes) -> str:
    """Names this body, in the quotes that HTTP wants."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
