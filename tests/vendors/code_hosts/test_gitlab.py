"""What is special to GitLab: its errors in words, its pages, projects within groups, and merge requests."""

from datetime import timedelta

import pytest
from aiohttp import web

from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable, MergedPull, RangeTooLong, RefUnknown, Relation, TagMoved
from bot.vendors.choose_code_host import AnyHost
from bot.vendors.gitlab.releases import GitLabReleases as GitLab
from tests.vendors.code_hosts.conftest import GITLAB_TOKEN
from tests.vendors.code_hosts.repositories import git
from tests.vendors.everywhere import everywhere


@pytest.fixture
def host(session) -> AnyHost:
    return AnyHost(session, gitlab=everywhere(GITLAB_TOKEN))


@pytest.mark.parametrize("only_links", [False, True])
async def test_gitlab_is_read_page_by_page(gitlab, session, only_links):
    stand_in, repository = gitlab
    stand_in.page, stand_in.only_links = 2, only_links
    host = GitLab(session, everywhere(GITLAB_TOKEN), commits_max=6)

    assert len(await host.commits(repository, None, "main")) == 6
    assert await host.tags(repository) == ["v1.10.0", "v1.4.0", "v1.3.9"]
    pages = [address for address in stand_in.asked if "/commits?" in address]
    assert [address.rpartition("&")[2] for address in pages] == ["page=1", "page=2", "page=3"]
    with pytest.raises(RangeTooLong):
        await GitLab(session, everywhere(GITLAB_TOKEN), commits_max=3).commits(repository, None, "main")


async def test_a_project_is_named_with_its_groups_below_a_path_of_the_server(gitlab, host):
    stand_in, repository = gitlab

    await host.resolve(repository, "feature/x")

    assert {address.partition("/repository")[0] for address in stand_in.asked} == {
        "/git/api/v4/projects/harbour%2Fshop%2Fweb"
    }
    assert any(address.endswith("/branches/feature%2Fx") for address in stand_in.asked)
    assert stand_in.headers["private-token"] == GITLAB_TOKEN


async def test_a_project_that_is_hidden_from_us_is_said(gitlab, session):
    _, repository = gitlab

    with pytest.raises(HostUnreachable, match="no project harbour/shop/web, or hides it"):
        await AnyHost(session).resolve(repository, "main")


@pytest.mark.parametrize(
    ("status", "headers", "body", "says"),
    [
        (401, {}, '{"message": "401 Unauthorized"}', "does not accept our token"),
        (403, {}, '{"error": "insufficient_scope"}', "lacks a right"),
        (404, {}, '{"message": "404 Project Not Found"}', "no project harbour/shop/web"),
        (429, {"retry-after": "60"}, "Retry later", r"slow down \(60 s\)"),
        (429, {}, "Retry later", "slow down$"),
        (500, {}, "oops", "answered 500"),
        (502, {}, "GitLab is not responding", "answered 502"),
        (302, {"location": "https://elsewhere.example/"}, "", "elsewhere .302.; the project harbour/shop/web"),
        (200, {}, "[]", "not an answer of its API"),
        (200, {}, '{"id": 7}', "has no commit.id"),
        (200, {}, "{", "not an answer of its API"),
        (200, {}, "<html>", "not an answer of its API"),
    ],
)
async def test_gitlab_that_does_not_answer_well_is_said_without_the_token(
    gitlab, host, status, headers, body, says
):
    stand_in, repository = gitlab
    kind = "application/json" if body[:1] in ("{", "[") else "text/html"
    stand_in.fail_with = lambda: web.Response(status=status, headers=headers, text=body, content_type=kind)

    with pytest.raises(HostUnreachable, match=says) as unreachable:
        await host.resolve(repository, "main")
    assert GITLAB_TOKEN not in str(unreachable.value)
    assert all(address.startswith("/git/api/v4/projects/") for address in stand_in.asked)


@pytest.mark.parametrize("body", ["{}", '["x"]', '[{"id": "a"}]', "null", '[{"id": 1, "message": 2}]'])
async def test_an_answer_in_another_shape_is_said(gitlab, host, path, body):
    stand_in, repository = gitlab
    sha = git(path, "rev-parse", "main")
    stand_in.fail_with = lambda: web.Response(text=body, content_type="application/json")

    for question in (
        host.tags(repository),
        host.checks(repository, sha),
        host.pull_requests(repository, {1}),
        host.relation(repository, sha, sha),
        host.write_release(repository, "v1.4.0", sha, "", ""),
    ):
        with pytest.raises(HostUnreachable, match="GitLab"):
            await question


async def test_gitlab_that_is_not_there_is_said(session):
    closed = Repository(gitlab="harbour/web", gitlab_api="http://127.0.0.1:9/api/v4")

    with pytest.raises(HostUnreachable, match="cannot be reached"):
        await GitLab(session).tags(closed)
    with pytest.raises(HostUnreachable, match="did not answer within 0 s"):
        await GitLab(session, limit=timedelta(0)).tags(closed)


async def test_a_comparison_that_gitlab_gave_up_is_no_empty_one(gitlab, host):
    stand_in, repository = gitlab
    stand_in.timed_out = True

    with pytest.raises(HostUnreachable, match="too different"):
        await host.files(repository, "v1.3.9", "v1.4.0")


def merge_request(iid: int, **more: object) -> dict[str, object]:
    return {
        "id": 9000 + iid,
        "iid": iid,
        "title": f"Title {iid}",
        "description": None,
        "state": "merged",
        "author": {"id": 1, "username": "yuki-dev", "name": "Yuki Mori"},
        "labels": ["type::bug", "backend"],
        **more,
    }


async def test_merge_requests_are_asked_for_by_their_numbers_many_at_once(gitlab, host):
    stand_in, repository = gitlab
    stand_in.merge_requests = [merge_request(iid) for iid in range(1, 120)] + [
        merge_request(200, description="Why")
    ]

    found = await host.pull_requests(repository, {*range(1, 121), 200})

    assert set(found) == {*range(1, 120), 200}
    assert found[200] == MergedPull(200, "Title 200", "Why", "yuki-dev", ("type::bug", "backend"))
    assert len(stand_in.asked) == 3
    assert await host.pull_requests(repository, ()) == {}


async def test_beside_a_clone_gitlab_tells_what_git_does_not_know(gitlab, host, path):
    stand_in, remote = gitlab
    stand_in.merge_requests = [merge_request(815)]
    repository = Repository(git=str(path), gitlab=remote.gitlab, gitlab_api=remote.gitlab_api)

    assert await host.resolve(repository, "main") == git(path, "rev-parse", "main")
    assert await host.relation(repository, "v1.3.9", "v1.4.0") == Relation()
    assert stand_in.asked == []
    assert list(await host.pull_requests(repository, {815})) == [815]
    assert await host.checks(repository, "a" * 40) == []
    assert (
        await host.write_release(
            repository, "v1.4.0", await host.resolve(repository, "refs/tags/v1.4.0"), "web", "text"
        )
    ).endswith("/-/releases/v1.4.0")


async def test_a_release_is_made_once_and_then_written_anew(gitlab, host):
    stand_in, repository = gitlab

    first = await host.write_release(
        repository, "v1.4.0", await host.resolve(repository, "refs/tags/v1.4.0"), "web v1.4.0", "one"
    )
    second = await host.write_release(
        repository, "v1.4.0", await host.resolve(repository, "refs/tags/v1.4.0"), "web v1.4.0!", "two"
    )

    assert first == second == "https://git.example.com/git/harbour/shop/web/-/releases/v1.4.0"
    written = stand_in.releases["v1.4.0"]
    assert (written["name"], written["description"]) == ("web v1.4.0!", "two")


async def test_a_release_of_a_tag_that_is_elsewhere_by_now_is_not_written(gitlab, host):
    stand_in, repository = gitlab

    with pytest.raises(TagMoved):
        await host.write_release(repository, "v1.4.0", "8" * 40, "web v1.4.0", "text")
    assert not stand_in.releases


async def test_no_tag_is_made_by_the_way(gitlab, host):
    stand_in, repository = gitlab

    with pytest.raises(RefUnknown):
        await host.write_release(repository, "v9", "a" * 40, "web v9", "text")
    assert not stand_in.releases


async def test_a_token_that_may_not_write_is_said(gitlab, host):
    stand_in, repository = gitlab
    stand_in.may_write = False

    with pytest.raises(HostUnreachable, match="does not let us write releases; the token lacks a right"):
        await host.write_release(
            repository, "v1.4.0", await host.resolve(repository, "refs/tags/v1.4.0"), "web", "text"
        )
