"""One repository on disk, and every code host that serves it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bot.core.team import Repository
from bot.stages.code.model.ports import CodeHost
from bot.vendors.choose_code_host import AnyHost
from bot.vendors.github.releases import GitHubReleases as GitHub
from bot.vendors.gitlab.releases import GitLabReleases as GitLab
from bot.vendors.local.git import LocalGit
from tests.vendors.code_hosts.gitlab_stand_in import PREFIX, PROJECT, GitLabStandIn
from tests.vendors.code_hosts.repositories import GitHubStandIn, make_repository
from tests.vendors.everywhere import everywhere

TOKEN = "ghp_secret"
GITLAB_TOKEN = "glpat-secret"

Serve = Callable[..., Awaitable[tuple[CodeHost, Repository]]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("hosts") / "web")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def stand_in(path: Path) -> AsyncIterator[tuple[GitHubStandIn, TestServer]]:
    github = GitHubStandIn(path)
    server = TestServer(github.app())
    async with server:
        yield github, server


@pytest.fixture
async def gitlab(path: Path) -> AsyncIterator[tuple[GitLabStandIn, Repository]]:
    stand_in = GitLabStandIn(path, GITLAB_TOKEN)
    async with TestServer(stand_in.app()) as server:
        at = str(server.make_url(PREFIX))
        yield stand_in, Repository(gitlab=PROJECT, gitlab_api=at, web_host="git.example.com")


@pytest.fixture(params=["git", "github", "gitlab"])
async def serve(request: pytest.FixtureRequest, session: aiohttp.ClientSession) -> AsyncIterator[Serve]:
    """Gives a code host that has this directory; with ``commits_max``, one that reads no longer ranges."""
    async with AsyncExitStack() as stack:

        async def at(directory: Path, **limits: Any) -> tuple[CodeHost, Repository]:
            if request.param == "git":
                repository, host = Repository(git=str(directory)), LocalGit(**limits)
            elif request.param == "github":
                server = await stack.enter_async_context(TestServer(GitHubStandIn(directory).app()))
                repository = Repository(github="harbour/web", github_api=str(server.make_url("/")))
                host = GitHub(session, everywhere(TOKEN), **limits)
            else:
                server = await stack.enter_async_context(TestServer(GitLabStandIn(directory, GITLAB_TOKEN).app()))
                repository = Repository(gitlab=PROJECT, gitlab_api=str(server.make_url(PREFIX)))
                host = GitLab(session, everywhere(GITLAB_TOKEN), **limits)
            return (host if limits else AnyHost(session, everywhere(TOKEN), everywhere(GITLAB_TOKEN))), repository

        yield at


@pytest.fixture
async def host(serve: Serve, path: Path) -> tuple[CodeHost, Repository]:
    return await serve(path)
