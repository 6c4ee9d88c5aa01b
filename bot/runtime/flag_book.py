"""Every flag in memory, ready to be asked, read anew only once the ledger tells of a change of one."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import structlog

from bot.domain.flag_evaluation import Asked, Evaluator, Fault, Hash, Verdict
from bot.domain.flags import ANY_FLAG, Flag
from bot.domain.ports import Work
from bot.storage.errors import StorageUnavailable

MOST_FLAGS = 10_000
# A transaction that was slow to commit may show up before entries that are newer; so not only the last one counts.
ENTRIES_COMPARED = 50
AGAIN_AFTER_SECONDS = 1.0  # how long what is known is served without asking a database that does not answer

log = structlog.get_logger(__name__)


class Reads(Protocol):
    """Opens works that only read."""

    def reading(self) -> AbstractAsyncContextManager[Any]: ...


class Answers:
    """One flag, with every answer that it can give written ahead as JSON."""

    __slots__ = ("evaluator", "faults", "flag", "written")

    def __init__(self, flag: Flag, evaluator: Evaluator) -> None:
        self.flag = flag
        self.evaluator = evaluator
        self.written: dict[Verdict, bytes] = {}
        self.faults: dict[Fault, bytes] = {}

    def write(self, outcome: Verdict | Fault) -> bytes:
        """An outcome as OFREP tells it."""
        if isinstance(outcome, Fault):
            if (said := self.faults.get(outcome)) is None:
                said = self.faults[outcome] = fault_json(outcome, self.flag.id)
            return said
        if (said := self.written.get(outcome)) is None:
            said = self.written[outcome] = self._verdict(outcome)
        return said

    def _verdict(self, verdict: Verdict) -> bytes:
        value, variant = (self.flag.on, "on") if verdict.is_on else (self.flag.off, "off")
        key = json.dumps(self.flag.id)
        return f'{{"key":{key},"value":{value},"reason":"{verdict.reason}","variant":"{variant}"}}'.encode()


class Shelf:
    """The flags of one environment."""

    def __init__(self, flags: Iterable[Flag], environment: str, hash: Hash) -> None:
        self._answers = {
            flag.id: Answers(flag, Evaluator(flag.id, flag.serving(environment), hash)) for flag in flags
        }
        # What is the same for everybody is written once; only the rest is asked.
        self._rows: Sequence[bytes | Answers] = [
            one.write(same) if (same := one.evaluator.same_for_all) else one for one in self._answers.values()
        ]

    def one(self, key: str) -> Answers | None:
        """The flag with exactly this key."""
        return self._answers.get(key)

    def all(self, asked: Asked) -> bytes:
        """What every flag is for this user, as OFREP's bulk answer."""
        rows = [row if isinstance(row, bytes) else row.write(row.evaluator.ask(asked)) for row in self._rows]
        return b'{"flags":[' + b",".join(rows) + b"]}"


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
