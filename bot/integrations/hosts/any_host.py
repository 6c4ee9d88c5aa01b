"""The code host that knows which code host to ask."""

import aiohttp

from bot.domain.ports import CodeHost, Commit, HostUnreachable
from bot.domain.team import Repository
from bot.integrations.hosts.github import GitHub
from bot.integrations.hosts.local_git import LocalGit


class AnyHost:
    """Asks the local repository where the team file names one, else GitHub.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        github_token: lets us read private repositories, and more often.
    """

    def __init__(self, session: aiohttp.ClientSession, github_token: str | None = None) -> None:
        self._local = LocalGit()
        self._github = GitHub(session, github_token)

    async def resolve(self, repository: Repository, ref: str) -> str:
        """See ``CodeHost.resolve``."""
        return await self._host(repository).resolve(repository, ref)

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        """See ``CodeHost.commits``."""
        return await self._host(repository).commits(repository, since, until)

    async def tags(self, repository: Repository) -> list[str]:
        """See ``CodeHost.tags``."""
        return await self._host(repository).tags(repository)

    def _host(self, repository: Repository) -> CodeHost:
        if repository.git:
            return self._local
        if repository.github:
            return self._github
        raise HostUnreachable("the team file names no repository for it")
