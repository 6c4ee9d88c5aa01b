"""What a deployment brings: the commits between the version that is live and the one that is asked for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Self

from bot.stages.code.model.ports import Commit

SHOWN_COMMITS = 50
SUBJECT_MAX = 200  # characters of a commit's first line that a card keeps
AUTHOR_MAX = 80  # characters
SHOWN_MIGRATIONS = 20

# The address that GitHub and GitLab give to who hides theirs: 12345+login@users.noreply.github.com
_HIDDEN = re.compile(r"(?:\d+[+-])?([\w-]+)@users\.noreply\.[\w.-]+")
_LOGIN = re.compile(r"[\w-]{1,39}")


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was live somewhere, and the deployment that brought it."""

    name: str
    sha: str | None = None
    deployment: str = ""
    since: datetime | None = None
    artifact: str = ""  # its digest

    def is_same(self, name: str, sha: str | None) -> bool:
        """Whether it is this commit; by its name where either is not known by its commit."""
        return self.sha == sha if self.sha and sha else self.name == name


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
    logins: tuple[str, ...] = ()  # authors on the code host, as far as their addresses tell
    oldest: datetime | None = None  # when the first of them was committed
    migrations: tuple[str, ...] = ()  # paths that change how data is kept
    tickets: tuple[str, ...] = ()  # of another tracker, such as "PAY-123"

    @classmethod
    def of(
        cls,
        commits: Iterable[Commit],
        changes: Iterable[str],
        *,
        since: str = "",
        goes_back: bool = False,
        migrations: Iterable[str] = (),
        tickets: Iterable[str] = (),
    ) -> Self:
        """What these commits come to, newest first as they are."""
        every = list(commits)
        logins = (login_of(one.author, one.email) for one in every)
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
            logins=tuple(dict.fromkeys(login for login in logins if login)),
            oldest=min((one.at for one in every), default=None),
            migrations=tuple(migrations)[:SHOWN_MIGRATIONS],
            tickets=tuple(tickets),
        )


def login_of(author: str, email: str) -> str:
    """Who a commit's author is on the code host: from a hidden address, or a name that could be a login; else ""."""
    if hidden := _HIDDEN.fullmatch(email):
        return hidden[1]
    return author if _LOGIN.fullmatch(author) else ""


def is_migration(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path fits one of the service's patterns for what changes how data is kept."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)
