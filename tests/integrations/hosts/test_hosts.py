"""What holds for every code host, on one repository; then what is special to git and to GitHub."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.ports import CodeHost, HostUnreachable, RangeTooLong, RefUnknown
from bot.domain.team import Repository
from bot.integrations.hosts import AnyHost, GitHub, LocalGit
from tests.integrations.hosts.repositories import HOSTILE, GitHubStandIn, git, make_repository

TOKEN = "ghp_secret"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("hosts") / "web")


@pytest.fixture
async def stand_in(path: Path) -> AsyncIterator[tuple[GitHubStandIn, TestServer]]:
    github = GitHubStandIn(path)
    server = TestServer(github.app())
    await server.start_server()
    yield github, server
    await server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture(params=["git", "github"])
def host(request, path, stand_in, session) -> tuple[CodeHost, Repository]:
    any_host = AnyHost(session, TOKEN)
    if request.param == "git":
        return any_host, Repository(git=str(path))
    return any_host, Repository(github="harbour/web", github_api=str(stand_in[1].make_url("/")))


async def test_a_ref_becomes_its_commit(host, path):
    code, repository = host
    sha = git(path, "rev-parse", "v1.4.0^{commit}")

    for ref in ("v1.4.0", sha, sha[:9]):
        assert await code.resolve(repository, ref) == sha
    assert await code.resolve(repository, "feature/x") == git(path, "rev-parse", "feature/x")


async def test_an_unknown_ref_names_the_nearest(host):
    code, repository = host

    with pytest.raises(RefUnknown) as unknown:
        await code.resolve(repository, "v1.4.1")
    assert unknown.value.nearest[0] == "v1.4.0"


@pytest.mark.parametrize("ref", ["--upload-pack=touch /tmp/x", "-n1", "a..b", "", "a b", "v1.4.0\n"])
async def test_what_is_no_ref_is_not_looked_up(host, ref):
    code, repository = host

    with pytest.raises(RefUnknown):
        await code.resolve(repository, ref)


async def test_a_range_is_newest_first_and_read_as_written(host):
    code, repository = host

    commits = await code.commits(repository, "v1.3.9", "v1.10.0")

    assert [commit.pull_request for commit in commits] == [813, 809, 812]
    hostile = commits[-1]
    assert hostile.subject == HOSTILE
    assert hostile.body == "A body\nof two lines, and C-41."
    assert (hostile.author, hostile.email) == ("Ana Keller", "ana@harbour.example")
    assert hostile.at == datetime(2026, 11, 3, 8, 0, tzinfo=UTC)


async def test_without_a_beginning_everything_counts(host):
    code, repository = host

    assert len(await code.commits(repository, None, "main")) == 6
    assert await code.commits(repository, "main", "v1.3.9") == []


async def test_an_unknown_end_of_a_range_is_named(host):
    code, repository = host

    for since, until in (("v9", "main"), ("main", "v9")):
        with pytest.raises(RefUnknown) as unknown:
            await code.commits(repository, since, until)
        assert unknown.value.ref == "v9"


async def test_tags_come_newest_version_first(host):
    code, repository = host

    assert await code.tags(repository) == ["v1.10.0", "v1.4.0", "v1.3.9"]


async def test_no_repository_is_said(session):
    with pytest.raises(HostUnreachable, match="names no repository"):
        await AnyHost(session).tags(Repository())


async def test_git_says_where_there_is_no_repository(tmp_path):
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(HostUnreachable):
            await LocalGit().resolve(Repository(git=str(place)), "main")


async def test_git_reads_no_range_that_is_too_long(path):
    with pytest.raises(RangeTooLong):
        await LocalGit(commits_max=5).commits(Repository(git=str(path)), None, "main")
    assert len(await LocalGit(commits_max=6).commits(Repository(git=str(path)), None, "main")) == 6


async def test_git_runs_nothing_that_the_repository_asks_for(path, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    trap = tmp_path / "trap"
    git(path, "config", "core.fsmonitor", f"touch {trap}")
    git(path, "config", "log.showSignature", "true")
    git(path, "config", "gpg.program", f"touch {trap}")

    assert await LocalGit().commits(Repository(git=str(path)), "v1.3.9", "main")
    assert not trap.exists()


async def test_git_that_hangs_is_ended(path):
    with pytest.raises(HostUnreachable, match="took longer than 0 s"):
        await LocalGit(limit=timedelta(0)).tags(Repository(git=str(path)))


async def test_github_is_read_page_by_page(path, stand_in, session):
    github, server = stand_in
    github.page = 2
    repository = Repository(github="harbour/web", github_api=str(server.make_url("/")))

    assert len(await GitHub(session).commits(repository, None, "main")) == 6
    assert await GitHub(session).tags(repository) == ["v1.10.0", "v1.4.0", "v1.3.9"]
    assert [url for url in github.asked if "page=3" in url]
    with pytest.raises(RangeTooLong):
        await GitHub(session, commits_max=5).commits(repository, None, "main")
    with pytest.raises(RangeTooLong, match="4 commits"):
        await GitHub(session, commits_max=3).commits(repository, "v1.3.9", "main")


LIMITED = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795534800"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "says"),
    [
        (403, LIMITED, '{"message": "API rate limit exceeded"}', "used up until 15:40 UTC"),
        (429, {"retry-after": "60"}, '{"message": "secondary rate limit"}', r"slow down \(60 s\)"),
        (401, {}, '{"message": "Bad credentials"}', "does not accept our token"),
        (403, {}, '{"message": "Resource not accessible"}', "lacks a right"),
        (404, {}, '{"message": "Not Found"}', "no repository harbour/web"),
        (500, {}, "oops", "answered 500"),
        (200, {}, "[]", "has no sha"),
        (200, {}, '{"sha": 7}', "has no sha"),
        (200, {}, "{", "not an answer of its API"),
    ],
)
async def test_github_that_does_not_answer_well_is_said_without_the_token(
    stand_in, session, status, headers, body, says
):
    github, server = stand_in
    github.fail_with = lambda: web.Response(
        status=status,
        headers=headers,
        text=body,
        content_type="application/json" if body[0] in "{[" else "text/plain",
    )
    repository = Repository(github="harbour/web", github_api=str(server.make_url("/")))

    with pytest.raises(HostUnreachable, match=says) as unreachable:
        await GitHub(session, TOKEN).resolve(repository, "main")
    assert TOKEN not in str(unreachable.value)
    assert github.headers["authorization"] == f"token {TOKEN}"


async def test_github_that_is_not_there_is_said(session):
    closed = Repository(github="harbour/web", github_api="http://127.0.0.1:9")

    with pytest.raises(HostUnreachable, match="cannot be reached"):
        await GitHub(session).tags(closed)
    with pytest.raises(HostUnreachable, match="did not answer within 0 s"):
        await GitHub(session, limit=timedelta(0)).tags(closed)
