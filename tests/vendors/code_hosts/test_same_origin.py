"""A token stays with its host: a hostile page or redirect leads to a second server, which must not see it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import Unsure
from bot.vendors.github.checks import GitHubChecks
from bot.vendors.github.client import GitHubCalls
from bot.vendors.gitlab.code_host import GitLab
from bot.vendors.kit.http import BODY_MAX
from bot.vendors.oci_registry.digests import same_site
from tests.vendors.everywhere import everywhere

TOKEN = "token-of-the-first-host"


@dataclass
class Pair:
    """The host that we ask, how it answers, and what the other one was asked with."""

    session: ClientSession
    first: str = ""
    second: str = ""
    location: str = ""
    link: str = ""
    body: tuple[bytes, str] | None = None  # and its type
    asked: list[str] = field(default_factory=list[str])
    seen: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    async def answer(self, request: web.Request) -> web.Response:
        assert TOKEN in str(request.headers)  # so that a host which never gets it proves nothing
        self.asked.append(request.path_qs)
        if self.location and "moved" not in request.path:
            return web.Response(status=301, headers={"Location": self.location})
        if self.body:
            return web.Response(body=self.body[0], headers={"Content-Type": self.body[1]})
        headers = {"Link": f'<{self.link}>; rel="next"'} if self.link else {}
        self.link = ""
        return web.json_response([{"name": "v1", "commit": {"id": "1"}}], headers=headers)

    async def spy(self, request: web.Request) -> web.Response:
        self.seen.append({**request.headers, "at": request.path_qs})
        return web.json_response([{"name": "v9-of-somebody-else"}])


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with ClientSession() as session:
        it = Pair(session)
        ours, theirs = web.Application(), web.Application()
        ours.router.add_route("*", "/{path:.*}", it.answer)
        theirs.router.add_route("*", "/{path:.*}", it.spy)
        async with TestServer(ours) as first, TestServer(theirs) as second:
            it.first, it.second = str(first.make_url("")).rstrip("/"), str(second.make_url("")).rstrip("/")
            yield it


def github(pair: Pair) -> tuple[GitHubChecks, Repository]:
    return GitHubChecks(pair.session, everywhere(TOKEN)), Repository(github="org/web", github_api=pair.first)


def gitlab(pair: Pair) -> tuple[GitLab, Repository]:
    return GitLab(pair.session, everywhere(TOKEN)), Repository(gitlab="org/web", gitlab_api=pair.first)


@pytest.mark.parametrize("host", [github, gitlab])
@pytest.mark.parametrize("way", ["link", "location"])
async def test_neither_pages_nor_redirects_take_the_token_elsewhere(pair: Pair, host, way: str) -> None:
    client, repository = host(pair)
    setattr(pair, way, f"{pair.second}/repos/org/web/tags?page=2")
    try:
        found = await client.tags(repository)
    except HostUnreachable:
        found = []
    assert pair.asked  # the first host was asked, with the token
    assert pair.seen == []
    assert "v9-of-somebody-else" not in found


async def test_a_page_of_another_scheme_or_name_for_the_same_machine_is_elsewhere_too(pair: Pair) -> None:
    client, repository = github(pair)
    for elsewhere in (pair.first.replace("127.0.0.1", "localhost"), pair.first.replace("http:", "https:")):
        pair.link = f"{elsewhere}/repos/org/web/tags?page=2"
        with pytest.raises(HostUnreachable, match="our token is not for there"):
            await client.tags(repository)


async def test_pages_and_redirects_of_the_same_host_are_followed(pair: Pair) -> None:
    client, repository = github(pair)
    pair.link = f"{pair.first}/repositories/7/tags?page=2"
    assert await client.tags(repository) == ["v1", "v1"]
    pair.location = "/repositories/7/moved"
    assert await client.tags(repository) == ["v1"]
    assert pair.asked[-1] == "/repositories/7/moved"


async def test_a_host_that_sends_us_around_is_left(pair: Pair) -> None:
    client, repository = github(pair)
    pair.location = "/again"
    with pytest.raises(HostUnreachable, match="again and again"):
        await client.tags(repository)
    assert len(pair.asked) == 6


@pytest.mark.parametrize(
    ("registry", "realm", "same"),
    [
        ("docker.io", "auth.docker.io", True),
        ("registry.gitlab.com", "gitlab.com", True),
        ("registry.example.com:5000", "gitlab.example.com", True),
        ("ghcr.io", "ghcr.io", True),
        ("registry.example.com", "example.net", False),
        ("registry.example.com", "evil-example.com", False),
        ("registry.example.com", "example.com.evil.net", False),
        ("ghcr.io", "quay.io", False),
        ("10.0.0.5", "10.0.0.5", True),
        ("10.0.0.5", "11.0.0.5", False),
        ("[fd00::1]:5000", "fd00::1", True),
    ],
)
def test_a_login_is_shown_to_the_registrys_own_site_alone(registry: str, realm: str, same: bool) -> None:
    assert same_site(registry, realm) is same


TOO_MUCH = {
    "values": (b"[" + b",".join([b"[]"] * 50_001) + b"]", "application/json"),
    "bytes": (b'["' + b"x" * BODY_MAX + b'"]', "application/json"),
    "digits": (b"[" + b"1" * 4_000 + b"]", "application/json"),
}


@pytest.mark.parametrize("host", [github, gitlab])
@pytest.mark.parametrize("what", TOO_MUCH)
async def test_an_answer_that_takes_long_to_read_is_not_read(pair: Pair, host, what: str) -> None:
    client, repository = host(pair)
    pair.body = TOO_MUCH[what]
    with pytest.raises(HostUnreachable, match=r"is not read|more than 6 MiB|not an answer of its API"):
        await client.tags(repository)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/html", "application/json; charset=rot13"]
)
async def test_what_github_does_not_call_json_is_not_read_as_something_else(pair: Pair, kind: str) -> None:
    client, repository = github(pair)
    pair.body = (b"payload=" + b"%5B%5D" * 1_000, kind)
    with pytest.raises(HostUnreachable):
        await client.tags(repository)


async def test_a_start_whose_answer_is_not_read_may_have_begun(pair: Pair) -> None:
    pair.body = TOO_MUCH["values"]
    with pytest.raises(Unsure, match=r"is not read: it holds more than .*; it may have begun"):
        await GitHubCalls(pair.session, everywhere(TOKEN)).start(
            Repository(github="o/w", github_api=pair.first), "", {}
        )
