"""What holds for every code host, on one repository; then what is special to git and to GitHub."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable, RangeTooLong, RefAmbiguous, RefUnknown, Relation
from bot.vendors.choose_code_host import AnyHost
from bot.vendors.github.releases import GitHubReleases as GitHub
from bot.vendors.local.git import LocalGit
from tests.vendors.code_hosts.conftest import TOKEN
from tests.vendors.code_hosts.repositories import HOSTILE, git
from tests.vendors.everywhere import everywhere


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


async def test_a_merge_of_gitlabs_names_its_merge_request_in_its_body(host):
    code, repository = host

    commits = await code.commits(repository, "main", "feature/x")

    assert [commit.pull_request for commit in commits] == [815]
    assert commits[0].subject == "Merge branch 'pay' into 'main'"


async def test_what_the_refusal_of_an_ambiguous_name_suggests_is_understood(host, path):
    code, repository = host

    assert await code.resolve(repository, "tags/v1.4.0") == git(path, "rev-parse", "v1.4.0^{commit}")
    assert await code.resolve(repository, "refs/tags/v1.4.0") == git(path, "rev-parse", "v1.4.0^{commit}")
    assert await code.resolve(repository, "heads/feature/x") == git(path, "rev-parse", "feature/x")
    assert await code.resolve(repository, "HEAD") == git(path, "rev-parse", "main")
    with pytest.raises(RefUnknown):
        await code.resolve(repository, "tags/main")


async def test_a_name_that_is_a_tag_and_a_branch_is_refused_with_both(serve, path, tmp_path):
    clone = _clone(path, tmp_path)
    git(clone, "branch", "v1.4.0", "v1.3.9")
    code, repository = await serve(clone)

    with pytest.raises(RefAmbiguous) as several:
        await code.resolve(repository, "v1.4.0")
    assert several.value.nearest == ("tags/v1.4.0", "heads/v1.4.0")
    named = [await code.resolve(repository, name) for name in several.value.nearest]
    assert named == [git(path, "rev-parse", f"{tag}^{{commit}}") for tag in ("v1.4.0", "v1.3.9")]
    git(clone, "branch", "-f", "v1.4.0", "tags/v1.4.0^{commit}")
    assert await code.resolve(repository, "v1.4.0") == named[0]


async def test_nothing_lies_between_a_commit_and_itself(host, path):
    code, repository = host

    assert await code.commits(repository, "v1.4.0", "v1.4.0") == []
    assert await code.files(repository, *[git(path, "rev-parse", "v1.4.0^{commit}")] * 2) == []
    assert await code.relation(repository, "v1.4.0", "v1.4.0") == Relation()


async def test_files_differ_whichever_way_one_goes(host, path):
    code, repository = host
    first, last = (git(path, "rev-parse", f"{tag}^{{commit}}") for tag in ("v1.3.9", "v1.10.0"))

    assert sorted(await code.files(repository, first, last)) == ["README.md", "db/0007 läuft.sql"]
    assert sorted(await code.files(repository, last, first)) == ["README.md", "db/0007 läuft.sql"]
    with pytest.raises(RefUnknown):
        await code.files(repository, first, "9" * 40)


async def test_a_force_pushed_branch_is_told_from_its_new_commits(serve, path, tmp_path):
    clone = _clone(path, tmp_path)
    before = git(clone, "rev-parse", "HEAD")
    git(clone, "commit", "-q", "--amend", "--allow-empty", "-m", "feat: rewritten")
    code, repository = await serve(clone)

    assert await code.relation(repository, before, "main") == Relation(is_ancestor=False)
    assert await code.relation(repository, git(clone, "rev-parse", "HEAD~1"), "main") == Relation()
    assert [one.subject for one in await code.commits(repository, before, "main")] == ["feat: rewritten"]


async def test_two_histories_with_nothing_in_common_are_told(serve, path, tmp_path):
    clone = _clone(path, tmp_path)
    git(clone, "switch", "-q", "--orphan", "fresh")
    git(clone, "commit", "-q", "--allow-empty", "-m", "feat: from nothing")
    code, repository = await serve(clone)

    assert await code.relation(repository, "v1.4.0", "fresh") == Relation(is_ancestor=False)


async def test_no_range_is_read_that_is_too_long(serve, path):
    code, repository = await serve(path, commits_max=5)
    with pytest.raises(RangeTooLong):
        await code.commits(repository, None, "main")

    code, repository = await serve(path, commits_max=6)
    assert len(await code.commits(repository, None, "main")) == 6


async def test_ten_thousand_commits_are_too_many(serve, tmp_path):
    path = tmp_path / "long"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    blank = "committer A <a@b.c> 1700000000 +0000\n"
    stream = "".join(f"commit refs/heads/main\n{blank}data <<E\nn{n}\nE\n\n" for n in range(10_002))
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input=stream.encode(), check=True)
    git(path, "tag", "first", git(path, "rev-list", "--max-parents=0", "main"))
    code, repository = await serve(path)

    with pytest.raises(RangeTooLong):
        await code.commits(repository, "first", "main")


async def test_no_repository_is_said(session):
    with pytest.raises(HostUnreachable, match="names no repository"):
        await AnyHost(session).tags(Repository())


async def test_git_says_where_there_is_no_repository(tmp_path):
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(HostUnreachable):
            await LocalGit().resolve(Repository(git=str(place)), "main")


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
        await GitHub(session, everywhere(TOKEN)).resolve(repository, "main")
    assert TOKEN not in str(unreachable.value)
    assert github.headers["authorization"] == f"token {TOKEN}"


async def test_github_that_is_not_there_is_said(session):
    closed = Repository(github="harbour/web", github_api="http://127.0.0.1:9")

    with pytest.raises(HostUnreachable, match="cannot be reached"):
        await GitHub(session).tags(closed)
    with pytest.raises(HostUnreachable, match="did not answer within 0 s"):
        await GitHub(session, limit=timedelta(0)).tags(closed)


def _clone(path, tmp_path):
    clone = tmp_path / "web"
    subprocess.run(["git", "clone", "-q", str(path), str(clone)], check=True)
    return clone
