"""Code hosts, as a port: refs, commits, files, checks, pull requests, and where release notes go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.events import PipelineChanged
from bot.core.team import Repository


@dataclass(frozen=True, slots=True)
class MergedPull:
    """A pull request as the host tells it now: its title may have been mended since its commit was written."""

    number: int
    title: str
    body: str = ""
    author: str = ""  # login
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """How two commits lie.

    ``is_ancestor``: the first is part of the second's history. ``is_shallow``: the clone lacks older commits, so that
    neither can be relied on.
    """

    is_ancestor: bool = True
    is_shallow: bool = False


class TagMoved(Exception):
    """The tag is at another commit than the one that its notes are about: ``sha``."""

    def __init__(self, sha: str) -> None:
        super().__init__(f"it is at {sha}")
        self.sha = sha


class ReleaseHost(Protocol):
    """A code host, as releases see it."""

    async def relation(self, repository: Repository, since: str | None, until: str) -> Relation:
        """How two commits lie; without the first, only whether the clone is shallow.

        Raises ``RefUnknown``, ``HostUnreachable``.
        """
        ...

    async def pull_requests(self, repository: Repository, numbers: Collection[int]) -> Mapping[int, MergedPull]:
        """What is known of these pull requests; nothing where the host has none. Raises ``HostUnreachable``."""
        ...

    async def write_release(self, repository: Repository, tag: str, sha: str, title: str, body: str) -> str:
        """Create the release of an existing tag, or replace its title and text; gives its address.

        Raises ``RefUnknown`` where there is no such tag, ``TagMoved`` where it is not at ``sha``, and
        ``HostUnreachable``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as a code host tells it. ``at`` is UTC; ``body`` is the message after its first line."""

    sha: str
    subject: str
    body: str
    author: str
    email: str
    at: datetime
    pull_request: int | None = None
    login: str = ""  # of the author on the code host, where it tells


class RangeTooLong(Exception):
    """There are more commits between the two refs than can be read."""


class RefUnknown(Exception):
    """The code host knows no such tag, branch or commit; ``nearest`` are names it does know."""

    def __init__(self, ref: str, nearest: Sequence[str] = ()) -> None:
        super().__init__(f"no ref {ref!r}")
        self.ref = ref
        self.nearest = tuple(nearest)


class RefAmbiguous(RefUnknown):
    """The name means several commits; ``nearest`` are names that mean one each."""


class HostUnreachable(Exception):
    """The code host did not answer, or refused us; the text says which, without secrets."""


class CodeHost(ReleaseHost, Protocol):
    """A place where code lives."""

    async def resolve(self, repository: Repository, ref: str) -> str:
        """The full SHA behind a tag, branch or (short) SHA. Raises ``RefUnknown``, ``HostUnreachable``."""
        ...

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        """Commits reachable from ``until`` and not from ``since``, newest first (all, where it is None).

        Raises ``RefUnknown``, ``RangeTooLong``, ``HostUnreachable``.
        """
        ...

    async def files(self, repository: Repository, since: str, until: str) -> list[str]:
        """Paths that differ, or as many of them as the host tells (GitHub: 300). Raises as ``resolve`` does."""
        ...

    async def tags(self, repository: Repository) -> list[str]:
        """Tag names, the newest version first. Raises ``HostUnreachable``."""
        ...

    async def checks(self, repository: Repository, sha: str) -> list[PipelineChanged]:
        """How every pipeline of a commit stands now, as the host's webhooks would have told it; none where it has none.

        Raises ``HostUnreachable``.
        """
        ...
