"""What releases need from a code host beyond its commits: pull requests, how two refs lie, and where notes go."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

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
