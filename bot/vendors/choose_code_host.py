"""The code host that knows which code host to ask."""

from collections.abc import Callable, Collection, Mapping

import aiohttp

from bot.core.events import PipelineChanged
from bot.core.host_tokens import HostTokens
from bot.core.team import Repository
from bot.stages.code.model.ports import CodeHost, Commit, HostUnreachable, MergedPull, Relation
from bot.vendors.github.releases import GitHubReleases
from bot.vendors.gitlab.releases import GitLabReleases
from bot.vendors.local.git import LocalGit


class AnyHost:
    """Asks the local repository where the team file names one, else GitHub or GitLab.

    What git does not know (pipelines, pull requests, releases) GitHub or GitLab is asked, also where the code is read
    from a clone.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        github: tokens that let us read private repositories, and more often; each goes to its own host.
        gitlab: the same, for private projects.
        redact: takes secrets out of what the git program says, which is shown.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        github: HostTokens = HostTokens(),  # noqa: B008  frozen
        gitlab: HostTokens = HostTokens(),  # noqa: B008
        redact: Callable[[str], str] = str,
    ) -> None:
        self._local = LocalGit(redact=redact)
        self._github = GitHubReleases(session, github)
        self._gitlab = GitLabReleases(session, gitlab)

    async def resolve(self, repository: Repository, ref: str) -> str:
        """See ``CodeHost.resolve``."""
        return await self._code(repository).resolve(repository, ref)

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        """See ``CodeHost.commits``."""
        return await self._code(repository).commits(repository, since, until)

    async def files(self, repository: Repository, since: str, until: str) -> list[str]:
        """See ``CodeHost.files``."""
        return await self._code(repository).files(repository, since, until)

    async def tags(self, repository: Repository) -> list[str]:
        """See ``CodeHost.tags``."""
        return await self._code(repository).tags(repository)

    async def checks(self, repository: Repository, sha: str) -> list[PipelineChanged]:
        """See ``CodeHost.checks``."""
        return await self._forge(repository).checks(repository, sha)

    async def relation(self, repository: Repository, since: str | None, until: str) -> Relation:
        """See ``ReleaseHost.relation``."""
        return await self._code(repository).relation(repository, since, until)

    async def pull_requests(self, repository: Repository, numbers: Collection[int]) -> Mapping[int, MergedPull]:
        """See ``ReleaseHost.pull_requests``."""
        return await self._forge(repository).pull_requests(repository, numbers)

    async def write_release(self, repository: Repository, tag: str, sha: str, title: str, body: str) -> str:
        """See ``ReleaseHost.write_release``."""
        return await self._forge(repository).write_release(repository, tag, sha, title, body)

    def _code(self, repository: Repository) -> CodeHost:
        """Who tells of commits: a clone is nearer than its origin."""
        return self._local if repository.git else self._forge(repository)

    def _forge(self, repository: Repository) -> CodeHost:
        """Who tells of what people and pipelines do with commits."""
        if repository.github:
            return self._github
        if repository.gitlab:
            return self._gitlab
        if repository.git:
            return self._local
        raise HostUnreachable("the team file names no repository for it")
