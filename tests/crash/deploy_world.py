"""What processes that deploy share, though each may be killed: the time, the code host, and what was started."""

import json
import mmap
import os
import struct
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from random import Random
from typing import Any

from bot.core.deploy_targets import Command
from bot.core.people import Person
from bot.core.team import Environment, Repository, Service, Team
from bot.stages.code.model.ports import Commit, RefUnknown
from bot.stages.deploy.model.ports import Finished, Line

CROWD = tuple(Person(f"U{n:04}", f"P{n}", "Europe/Berlin") for n in range(6))
SERVICES = 12
TEAM = Team(
    services={
        f"s{n}": Service(f"s{n}", Repository(github=f"harbor/s{n}"), Command(("deploy", "{sha}")))
        for n in range(SERVICES)
    },
    environments={
        "staging": Environment("staging", 0),
        "canary": Environment("canary", 1, approvals=1, checks=("ci",)),
        "production": Environment("production", 2, approvals=2),
        "vault": Environment("vault", 3, approvals=1, after="staging", soak=timedelta(minutes=10)),
    },
)
FIRST_COMMITS = 3  # v1 and v2 are the first two
_OFFSET, _PHASE, _REFS = 0, 8, 64  # where each stands in the file

RUN: ContextVar[int] = ContextVar("run", default=0)  # which run of a deployment this task was told to start


class Phase(IntEnum):
    """What the processes are there for."""

    LIVE = 0  # people click, and everything is done as it falls due
    ENDING = 1  # people look after what nobody knows the end of, until nothing is owed


class Shared:
    """A folder: the clock's offset and every branch in one mapped file, what happened in files appended to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "starts").mkdir(parents=True, exist_ok=True)
        path = folder / "state"
        if not path.exists():
            path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self._events = os.open(folder / "events", os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def now(self) -> datetime:
        """The clock of all of them: the machine's, moved on."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    @property
    def offset(self) -> float:
        """Seconds by which their clock is ahead of the machine's."""
        return struct.unpack_from("d", self._map, _OFFSET)[0]

    def move_to(self, instant: datetime) -> None:
        """Have their clock show this, unless it is later there already."""
        ahead = (instant - datetime.now(UTC)).total_seconds()
        if ahead > self.offset:
            struct.pack_into("d", self._map, _OFFSET, ahead)

    @property
    def phase(self) -> Phase:
        """What they do."""
        return Phase(struct.unpack_from("q", self._map, _PHASE)[0])

    @phase.setter
    def phase(self, phase: Phase) -> None:
        struct.pack_into("q", self._map, _PHASE, phase)

    def head(self, service: int) -> int:
        """How many commits there are on main."""
        return FIRST_COMMITS + struct.unpack_from("q", self._map, _REFS + 8 * service)[0]

    def push(self, service: int) -> None:
        """One more commit on main."""
        struct.pack_into("q", self._map, _REFS + 8 * service, self.head(service) + 1 - FIRST_COMMITS)

    def note(self, *words: str) -> None:
        """Something happened; a line that a kill cannot cut, since one write appends it."""
        os.write(self._events, (" ".join(words).replace("\n", " ") + "\n").encode())

    def noted(self) -> list[list[str]]:
        """Every line, as words."""
        return [line.split() for line in (self.folder / "events").read_text().splitlines()]

    def count(self) -> Counter[str]:
        """How many lines begin with each word."""
        return Counter(words[0] for words in self.noted())

    def started(self, deployment: str, what: dict[str, Any]) -> None:
        """Note a start so that neither a kill nor a power cut takes it back."""
        file = os.open(
            self.folder / "starts" / deployment, os.O_APPEND | os.O_CREAT | os.O_WRONLY | os.O_DSYNC, 0o644
        )
        try:
            os.write(file, (json.dumps(what) + "\n").encode())
        finally:
            os.close(file)

    def starts(self, deployment: str) -> list[dict[str, Any]]:
        """Every start of this deployment, in order."""
        path = self.folder / "starts" / deployment
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class SharedHost:
    """A code host of a few services; their main moves under everybody's eyes."""

    def __init__(self, shared: Shared, chance: Random, pause: Any) -> None:
        self._shared = shared
        self._chance = chance
        self._pause = pause

    async def resolve(self, repository: Repository, ref: str) -> str:
        await self._pause(0.004)  # it is far away
        service = int(str(repository.github).removeprefix("harbor/s"))
        if ref == "main":
            return sha_of(service, self._shared.head(service))
        if ref in ("v1", "v2"):
            return sha_of(service, int(ref[1:]))
        if len(ref) == 40:
            return ref
        raise RefUnknown(ref, ["main", "v1", "v2"])

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        first, last = _place(since) if since else 0, _place(until)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        return [Commit(f"{until[:8]}{n:032x}", f"fix: {n}", "", "ana", "", at) for n in range(last, first, -1)][:50]

    async def files(self, repository: Repository, since: str, until: str) -> list[str]:
        return []

    async def tags(self, repository: Repository) -> list[str]:
        return ["v2", "v1"]

    async def checks(self, repository: Repository, sha: str) -> list[Any]:
        return []

    async def pull_requests(self, repository: Repository, numbers: Collection[int]) -> Mapping[int, Any]:
        return {}


class FileTarget:
    """Notes each start with what the database held just then; takes a random short while, and fails at times.

    ``look`` gives that: see ``deploy_replica``.
    """

    def __init__(self, shared: Shared, chance: Random, look: Any, pause: Any) -> None:
        self._shared = shared
        self._chance = chance
        self._look = look
        self._pause = pause

    async def run(self, command: Command, values: Mapping[str, str]) -> AsyncIterator[Line | Finished]:
        id, run = values["deployment"], RUN.get()
        held = await self._look(id, run)
        code = self._chance.choice((0, 0, 0, self._chance.randint(1, 200)))
        self._shared.started(id, {"run": run, "sha": values["sha"], "code": code, "held": held, "pid": os.getpid()})
        yield Line(first_line(id, run))
        await self._pause(0.9 if self._chance.random() < 0.15 else 0.1)
        yield Finished(code)


def first_line(deployment: str, run: int) -> str:
    """What this run and no other prints."""
    return f"this is {deployment}/{run}"


def sha_of(service: int, n: int) -> str:
    """The nth commit of a service."""
    return f"{service:08x}{n:032x}"


def _place(ref: str) -> int:
    """Of a commit, or of the tag on it, in its service's history."""
    return int(ref[8:], 16) if len(ref) == 40 else int(ref.removeprefix("v"))
