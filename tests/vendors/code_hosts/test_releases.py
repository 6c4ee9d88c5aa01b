"""What releases need of a code host: how two refs lie, names that mean several things, pull requests, and releases."""

import json
import subprocess
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.team import Repository
from bot.runtime.redaction import Redaction
from bot.stages.code.model.ports import HostUnreachable, MergedPull, RefAmbiguous, RefUnknown, Relation, TagMoved
from bot.vendors.choose_code_host import AnyHost
from bot.vendors.kit.same_origin import SameOriginGitHub
from bot.vendors.local.git import LocalGit
from tests.vendors.code_hosts.repositories import git
from tests.vendors.everywhere import everywhere

TAGS = {"v1.4.0"}
AT_TAG = "9" * 40  # the commit of that tag


class GitHubWithReleases:
    """Answers as docs.github.com/en/rest says of pulls, refs, comparisons and releases."""

    def __init__(self) -> None:
        self.releases: dict[str, dict[str, object]] = {}
        self.asked: list[str] = []
        self.may_write = True

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/repos/harbour/web/pulls", self._pulls)
        app.router.add_get("/repos/harbour/web/compare/{range}", self._compare)
        app.router.add_get("/repos/harbour/web/commits/{ref}", self._commit)
        app.router.add_get("/repos/harbour/web/git/ref/tags/{tag}", self._tag)
        app.router.add_get("/repos/harbour/web/releases/tags/{tag}", self._release)
        app.router.add_post("/repos/harbour/web/releases", self._create)
        app.router.add_patch("/repos/harbour/web/releases/{id}", self._update)
        return app

    async def _commit(self, request: web.Request) -> web.Response:
        kind, _, tag = request.match_info["ref"].partition("/")
        if kind != "tags" or tag not in TAGS:
            return web.json_response({"message": "No commit found for SHA"}, status=422)
        return web.json_response({"sha": AT_TAG})

    async def _pulls(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        page = int(request.query.get("page", 1))
        pull = {
            "number": 813 - page,
            "title": f"Title {813 - page}",
            "body": None,
            "user": {"login": "yuki-dev"},
            "labels": [{"id": 1, "name": "bug"}],
        }
        following = request.url.update_query(page=page + 1)
        return web.json_response([pull], headers={"Link": f'<{following}>; rel="next"'})

    async def _compare(self, request: web.Request) -> web.Response:
        status = {"old...new": "ahead", "new...old": "behind", "a...b": "diverged"}.get(request.match_info["range"])
        return web.json_response(
            {"status": status} if status else {"message": "No common ancestor"}, status=200 if status else 404
        )

    async def _tag(self, request: web.Request) -> web.Response:
        tag = request.match_info["tag"]
        return web.json_response(
            {"ref": f"refs/tags/{tag}"} if tag in TAGS else {"message": "Not Found"},
            status=200 if tag in TAGS else 404,
        )

    async def _release(self, request: web.Request) -> web.Response:
        known = self.releases.get(request.match_info["tag"])
        return web.json_response(known or {"message": "Not Found"}, status=200 if known else 404)

    async def _create(self, request: web.Request) -> web.Response:
        if not self.may_write:
            return web.json_response({"message": "Resource not accessible by personal access token"}, status=403)
        body = json.loads(await request.text())
        self.releases[body["tag_name"]] = made = {
            **body,
            "id": 7,
            "html_url": "https://github.com/harbour/web/releases/7",
        }
        return web.json_response(made, status=201)

    async def _update(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        known = next(one for one in self.releases.values() if str(one["id"]) == request.match_info["id"])
        known.update(body)
        return web.json_response(known)


@pytest.fixture
async def github() -> AsyncIterator[tuple[GitHubWithReleases, AnyHost, Repository]]:
    stand_in = GitHubWithReleases()
    server = TestServer(stand_in.app())
    await server.start_server()
    async with aiohttp.ClientSession() as session:
        repository = Repository(github="harbour/web", github_api=str(server.make_url("/")))
        yield stand_in, AnyHost(session, everywhere("ghp_secret")), repository
    await server.close()


@pytest.mark.parametrize(
    ("since", "until", "is_ancestor"),
    [("old", "new", True), ("new", "old", False), ("a", "b", False), ("x", "y", False)],
)
async def test_github_says_how_two_commits_lie(github, since, until, is_ancestor):
    _, host, repository = github

    assert await host.relation(repository, since, until) == Relation(is_ancestor)


async def test_pull_requests_are_read_no_further_than_needed(github):
    stand_in, host, repository = github

    found = await host.pull_requests(repository, {812, 810})

    assert found[810] == MergedPull(810, "Title 810", "", "yuki-dev", ("bug",))
    assert set(found) == {812, 810}
    assert len(stand_in.asked) == 3
    assert await host.pull_requests(repository, ()) == {}


async def test_a_release_is_made_once_and_then_written_anew(github):
    stand_in, host, repository = github

    first = await host.write_release(repository, "v1.4.0", AT_TAG, "web v1.4.0", "one")
    second = await host.write_release(repository, "v1.4.0", AT_TAG, "web v1.4.0", "two")

    assert first == second == "https://github.com/harbour/web/releases/7"
    assert stand_in.releases["v1.4.0"]["body"] == "two"


async def test_a_release_names_the_commit_that_was_approved_and_no_other(github):
    stand_in, host, repository = github

    with pytest.raises(TagMoved, match=AT_TAG):
        await host.write_release(repository, "v1.4.0", "8" * 40, "web v1.4.0", "text")
    assert not stand_in.releases
    await host.write_release(repository, "v1.4.0", AT_TAG, "web v1.4.0", "text")
    assert stand_in.releases["v1.4.0"]["target_commitish"] == AT_TAG


@pytest.mark.parametrize("answer", [[], [{"id": 7}], None, "a page", 7, {}, {"id": None}])
@pytest.mark.parametrize("at", ["releases/tags/v1.4.0", "git/ref/tags/v1.4.0", "commits/tags%2Fv1.4.0"])
async def test_an_answer_of_another_shape_is_said_and_nothing_is_written(monkeypatch, github, at, answer):
    stand_in, host, repository = github
    await host.write_release(repository, "v1.4.0", AT_TAG, "web v1.4.0", "one")
    ask = SameOriginGitHub.getitem

    async def asked(self, url, values, **more):
        whole = await ask(self, url, values, **more)
        is_it = url.format(**values).endswith(at) or (at.startswith("commits") and "/commits/" in url)
        return answer if is_it else whole

    monkeypatch.setattr(SameOriginGitHub, "getitem", asked)
    if at.startswith("git/ref") and isinstance(answer, dict):
        return  # that it is there is all that is asked
    with pytest.raises(HostUnreachable, match="GitHub"):
        await host.write_release(repository, "v1.4.0", AT_TAG, "web v1.4.0", "two")
    assert stand_in.releases["v1.4.0"]["body"] == "one"


@pytest.mark.parametrize("answer", [None, "a page", 7, [7], ["a"], [None], {"message": "odd"}])
async def test_pages_of_another_shape_are_said(answer):
    async def pages(request):
        return web.json_response(answer)

    app = web.Application()
    app.router.add_get("/repos/harbour/web/{rest:.*}", pages)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        there = Repository(github="harbour/web", github_api=str(server.make_url("/")))
        odd = AnyHost(session, everywhere("ghp_secret"))
        for asked in (odd.pull_requests(there, {1}), odd.tags(there)):
            with pytest.raises(HostUnreachable, match="GitHub"):
                await asked


async def test_no_tag_is_made_by_the_way(github):
    stand_in, host, repository = github

    with pytest.raises(RefUnknown):
        await host.write_release(repository, "v9", "a" * 40, "web v9", "text")
    assert not stand_in.releases


async def test_a_token_that_may_not_write_is_said(github):
    stand_in, host, repository = github
    stand_in.may_write = False

    with pytest.raises(HostUnreachable, match="lacks a right") as refused:
        await host.write_release(repository, "v1.4.0", AT_TAG, "web", "text")
    assert "ghp_secret" not in str(refused.value)


async def test_git_says_how_two_commits_lie(path):
    host, repository = LocalGit(), Repository(git=str(path))

    assert await host.relation(repository, "v1.3.9", "v1.4.0") == Relation()
    assert await host.relation(repository, "v1.4.0", "v1.3.9") == Relation(is_ancestor=False)
    assert await host.relation(repository, None, "main") == Relation()
    assert await host.pull_requests(repository, {1}) == {}
    with pytest.raises(HostUnreachable, match="has no releases"):
        await host.write_release(repository, "v1.4.0", AT_TAG, "", "")


async def test_a_shallow_clone_is_seen_unless_it_reaches_back_far_enough(path, tmp_path):
    clone = tmp_path / "web"
    subprocess.run(["git", "clone", "-q", "--depth", "3", f"file://{path}", str(clone)], check=True)
    host, repository = LocalGit(), Repository(git=str(clone))

    assert (await host.relation(repository, None, "main")).is_shallow
    parent = git(clone, "rev-parse", "HEAD~1")
    assert await host.relation(repository, parent, "main") == Relation()
    with pytest.raises(RefUnknown):
        await host.resolve(repository, git(path, "rev-parse", "v1.3.9^{commit}"))


async def test_a_range_that_runs_into_the_end_of_a_shallow_clone_is_refused(path, tmp_path):
    clone = tmp_path / "web"
    subprocess.run(["git", "clone", "-q", "--depth", "3", f"file://{path}", str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "fetch", "-q", "--depth", "1", "origin", "tag", "v1.3.9"], check=True)
    host, repository = LocalGit(), Repository(git=str(clone))

    parent = git(clone, "rev-parse", "HEAD~1")
    for since, until in (("v1.3.9", "main"), ("main", "v1.3.9")):
        with pytest.raises(HostUnreachable, match=r"the clone is shallow .*; run git fetch --unshallow"):
            await host.commits(repository, since, until)
    assert [one.subject for one in await host.commits(repository, parent, "main")] == ["chore: tidy"]
    assert len(await host.commits(repository, None, "main")) == 3  # relation tells that it is shallow


async def test_a_short_sha_of_two_commits_is_refused_with_both(tmp_path):
    path = tmp_path / "many"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    blank = "author A <a@b.c> 1700000000 +0000\ncommitter A <a@b.c> 1700000000 +0000\n"
    stream = "".join(f"commit refs/heads/main\n{blank}data <<E\nn{n}\nE\n\n" for n in range(3000))
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input=stream.encode(), check=True)
    shas = git(path, "rev-list", "main").split()
    seen: dict[str, str] = {}
    twice = next(sha[:4] for sha in shas if seen.setdefault(sha[:4], sha) != sha)

    with pytest.raises(RefAmbiguous) as several:
        await LocalGit().resolve(Repository(git=str(path)), twice)

    assert len(several.value.nearest) > 1
    assert all(name.startswith(twice) for name in several.value.nearest)


async def test_what_git_says_is_shown_without_secrets(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere/https://ana:s3cret-of-ours@git.example.com/web\n")
    for redact, is_shown in ((str, True), (Redaction().text, False)):
        with pytest.raises(HostUnreachable, match="git says") as caught:
            await LocalGit(redact=redact).tags(Repository(git=str(tmp_path)))
        assert ("s3cret-of-ours" in str(caught.value)) is is_shown
