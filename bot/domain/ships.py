"""What a deployment brings: the commits between the version that is live and the one that is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from bot.domain.ports import Commit

SHOWN_COMMITS = 50
SUBJECT_MAX = 200  # characters of a commit's first line that a card keeps
AUTHOR_MAX = 80  # characters


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was live somewhere, and the deployment that brought it."""

    name: str
    sha: str | None = None
    deployment: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShippedCommit:
    """One commit on a card."""

    sha: str
    subject: str
    author: str


@dataclass(frozen=True, slots=True)
class Ships:
    """What a deployment brings, against what was live when it was asked for.

    ``count`` is None where that cannot be known (no repository, nothing live yet, a rewritten branch);
    ``goes_back`` says that the commits are taken away and not brought. ``commits`` are the newest fifty.
    """

    count: int | None = None
    commits: tuple[ShippedCommit, ...] = ()
    authors: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()  # ids, such as "C-41"
    pull_requests: tuple[int, ...] = ()
    since: str = ""  # the version that they are counted from
    since_is_live: bool = True  # else it is the tag before, as nothing was known to be live there
    goes_back: bool = False

    @classmethod
    def of(
        cls, commits: Iterable[Commit], changes: Iterable[str], *, since: str = "", goes_back: bool = False
    ) -> Self:
        """What these commits come to, newest first as they are."""
        every = list(commits)
        return cls(
            count=len(every),
            commits=tuple(
                ShippedCommit(one.sha, one.subject[:SUBJECT_MAX], one.author[:AUTHOR_MAX])
                for one in every[:SHOWN_COMMITS]
            ),
            authors=tuple(dict.fromkeys(one.author[:AUTHOR_MAX] for one in every)),
            changes=tuple(changes),
            pull_requests=tuple(dict.fromkeys(one.pull_request for one in every if one.pull_request)),
            since=since,
            goes_back=goes_back,
        )
