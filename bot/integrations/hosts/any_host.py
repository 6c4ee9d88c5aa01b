"""The code host that knows which code host to ask."""

from collections.abc import Collection, Mapping

import aiohttp

from bot.domain.events import PipelineChanged
from bot.domain.ports import CodeHost, Commit, HostUnreachable
from bot.domain.release_ports import MergedPull, Relation
from bot.domain.team import Repository
from bot.integrations.hosts.github_releases import GitHubReleases
from bot.integrations.hosts.local_git import LocalGit


class AnyHost:
    """Asks the local repository where the team file names one, else GitHub.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        github_token: lets us read private repositories, and more often.
    """

    def __init__(self, session: aiohttp.ClientSession, github_token: str | None = None) -> None:
        self._local = LocalGit()
        self._github = GitHubReleases(session, github_token)

    async def resolve(self, repository: Repository, ref: str) -> str:
        """See ``CodeHost.resolve``."""
        return await self._host(repository).resolve(repository, ref)

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        """See ``CodeHost.commits``."""
        return await self._host(repository).commits(repository, since, until)

    async def files(self, repository: Repository, since: str, until: str) -> list[str]:
        """See ``CodeHost.files``."""
        return await self._host(repository).files(repository, since, until)

    async def tags(self, repository: Repository) -> list[str]:
        """See ``CodeHost.tags``."""
        return await self._host(repository).tags(repository)

    async def checks(self, repository: Repository, sha: str) -> list[PipelineChanged]:
        """See ``CodeHost.checks``; from GitHub, also where the code is read from a clone."""
        host = self._github if repository.github else self._host(repository)
        return await host.checks(repository, sha)

    async def relation(self, repository: Repository, since: str | None, until: str) -> Relation:
        """See ``ReleaseHost.relation``."""
        return await self._host(repository).relation(repository, since, until)

    async def pull_requests(self, repository: Repository, numbers: Collection[int]) -> Mapping[int, MergedPull]:
        """See ``ReleaseHost.pull_requests``."""
        return await self._host(repository).pull_requests(repository, numbers)

    async def write_release(self, repository: Repository, tag: str, title: str, body: str) -> str:
        """See ``ReleaseHost.write_release``; on GitHub, also where the code is read from a clone."""
        host = self._github if repository.github else self._host(repository)
        return await host.write_release(repository, tag, title, body)

    def _host(self, repository: Repository) -> CodeHost:
        if repository.git:
            return self._local
        if repository.github:
            return self._github
        raise HostUnreachable("the team file names no repository for it")
