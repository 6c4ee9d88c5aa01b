"""Pull requests, as far as the flow needs them: whose, where they are, and which change they bring."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from bot.core.code_hosts import host_of
from bot.core.events import PullRequestChanged, PullRequestState


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request; ``id`` is ``owner/name#number``, after its host's name where that is not the usual one.

    ``host`` is "" in what was kept before we knew it, and where its sender does not tell.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "service", "repository", "sha", "author_id+state")

    id: str
    repository: str
    number: int
    service: str | None
    state: PullRequestState
    title: str
    branch: str
    sha: str
    author: str
    author_id: str | None
    opened_at: datetime
    changed_at: datetime
    changes: tuple[str, ...] = ()
    url: str = ""
    host: str = ""

    @property
    def at_host(self) -> str:
        """The code host that it is on, such as ``github.com``; "" where nobody told."""
        return self.host or host_of(self.url)

    def changed(self, event: PullRequestChanged) -> "PullRequest":
        """After this event; an older one changes nothing."""
        if event.at < self.changed_at or (event.at == self.changed_at and event.state == self.state):
            return self
        return replace(
            self,
            state=event.state,
            title=event.title or self.title,
            branch=event.branch or self.branch,
            sha=event.sha or self.sha,
            changed_at=event.at,
            url=event.url or self.url,
            host=self.at_host or event.host,
        )


def called(id: str) -> str:
    """ "web#812" in short; in full where its host is a part of its id."""
    first, _, rest = id.partition("/")
    return id if "/" in rest and ("." in first or ":" in first) else rest
