"""The code host that knows which code host to ask."""

from bot.domain.ports import CodeHost, Commit, HostUnreachable
from bot.domain.team import Repository


class AnyHost:
    """Asks the local repository where the team file names one, else GitHub."""

    def __init__(self, local: CodeHost, github: CodeHost) -> None:
        self._local = local
        self._github = github

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
