"""Pipeline runs: what was built and tested, of which commit, and how it went."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from bot.core.code_hosts import host_of
from bot.core.events import CheckKind, PipelineChanged, RunState
from bot.core.team import Repository

COUNTED_MAX = 1_000_000  # runs of a pipeline; a number beyond is an id


class Purpose(StrEnum):
    """What a pipeline is for, and so which stage it belongs to."""

    BUILD = "build"
    TEST = "test"

    @classmethod
    def of(cls, pipeline: str) -> "Purpose":
        """Told from the pipeline's name: what tests says so there."""
        return cls.TEST if _TESTS.search(pipeline) else cls.BUILD


_TESTS = re.compile(r"(?i)(?<![a-z])(tests?|testing|e2e|specs?|checks?|qa|acceptance|integration)(?![a-z])")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline; a re-run is the same run in another attempt.

    ``id`` is ``<repository>/<the code host's id>``, after the host's name where that is not the usual one; ``service``
    is None where no service has this repository. ``kind`` is who says it, ``fork`` whose commit it is about, if not
    this repository's own, and ``host`` on which code host; "" in what was kept before we knew it.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = (
        *("purpose", "service", "repository", "sha", "state", "purpose+service", "purpose+state"),
        "purpose+service+branch",
    )

    id: str
    purpose: Purpose
    repository: str
    service: str | None
    name: str
    number: int
    attempt: int
    branch: str
    sha: str
    state: RunState
    changed_at: datetime
    started_at: datetime | None = None
    url: str = ""
    actor: str = ""
    title: str = ""
    is_told: bool = True  # else it was only looked up, and a message has yet to say it
    kind: CheckKind | None = None
    fork: str = ""
    host: str = ""

    @classmethod
    def begun(cls, event: PipelineChanged, service: str | None, id: str = "") -> "Run":
        """The run as its first event tells it; called by its path alone where no other ``id`` is given."""
        return cls(
            id=id or f"{event.repository}/{event.run}",
            purpose=Purpose.of(event.name),
            repository=event.repository,
            service=service,
            name=event.name,
            number=event.number,
            attempt=event.attempt,
            branch=event.branch,
            sha=event.sha,
            state=event.state,
            changed_at=event.at,
            started_at=event.started_at,
            url=event.url,
            actor=event.actor,
            title=event.title,
            kind=event.kind,
            fork=event.fork,
            host=event.host,
        )

    def changed(self, event: PipelineChanged) -> "Run":
        """After this event; one that was overtaken on its way changes nothing, nor does one of another kind that takes
        the same id.
        """
        if self.kind and event.kind is not self.kind:
            return self
        if self.kind is None and event.kind is not None:  # kept before we knew who says it
            return replace(self, kind=event.kind, number=event.number, fork=event.fork).changed(event)
        if self.fork and not event.fork:  # a webhook knows whose commit it is, where a list does not tell
            return replace(self, fork="").changed(event)
        if (event.attempt, _PLACE[event.state]) <= (self.attempt, _PLACE[self.state]):
            return self
        return replace(
            self,
            attempt=event.attempt,
            state=event.state,
            changed_at=event.at,
            started_at=event.started_at or self.started_at,
            url=event.url or self.url,
            title=event.title or self.title,
            host=self.at_host or event.host,
        )

    @property
    def at_host(self) -> str:
        """The code host that it is on; "" where nobody told. A status and a CDEvent link to whoever says it."""
        is_page_of_host = self.kind in (CheckKind.ACTIONS, CheckKind.APP, CheckKind.PIPELINE)
        return self.host or (host_of(self.url) if is_page_of_host else "")

    @property
    def took(self) -> timedelta | None:
        """From its start to its end; None until it has ended."""
        if not (self.state.ended and self.started_at):
            return None
        return max(self.changed_at - self.started_at, timedelta(0))

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """Which check it is a run of: by code host, repository, who says it, and name; a fork's is another one."""
        return self.at_host, self.repository.casefold(), self.kind or "", self.name, self.fork

    def is_of(self, repository: Repository) -> bool:
        """Whether this repository itself says it, of a commit of its own; one kept without its kind may be of any."""
        kind = self.kind.host if self.kind else ""
        return not self.fork and repository.is_named(self.repository, kind, self.at_host)

    def replaces(self, other: "Run") -> bool:
        """Whether it says the same as one that was kept before we knew who says it, or where, and says it later."""
        kind, host = other.kind or self.kind, other.at_host or self.at_host
        knows_more = (kind, host) != (other.kind, other.at_host)
        is_same = replace(other, kind=kind, host=host).identity == self.identity
        return knows_more and is_same and self.changed_at > other.changed_at

    @property
    def place(self) -> tuple[int, datetime]:
        """Which of the runs of one check is the newer one: by its own number, else by time."""
        return self.number, self.changed_at

    def is_named(self, required: str) -> bool:
        """Whether a required check means it: by its name alone, or by who says it as well."""
        return required == self.name or (self.kind is not None and required == f"{self.kind}:{self.name}")

    @property
    def called(self) -> str:
        """ "build #37"; the name alone where the host counts no runs, and tells an id instead, or nothing."""
        return f"{self.name} #{self.number}" if 0 < self.number < COUNTED_MAX else self.name

    @property
    def short_sha(self) -> str:
        """The commit as people write it."""
        return self.sha[:7]


_PLACE = {RunState.QUEUED: 0, RunState.RUNNING: 1, RunState.PASSED: 2, RunState.FAILED: 2, RunState.CANCELLED: 2}
