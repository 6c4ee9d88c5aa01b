"""Each code host is shown its own token: three servers of each kind, asked by everybody who asks code hosts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.config.settings import Settings, read_settings
from bot.core.deploy_targets import Elsewhere, GitHubDeployment, GitHubWorkflow, GitLabDeployment, GitLabPipeline
from bot.core.host_tokens import HostTokens, origin_of
from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Unsure
from bot.vendors.choose_code_host import AnyHost
from bot.vendors.choose_target import AnyCarrier
from bot.vendors.oci_registry.digests import Registries
from tests.vendors.targets.orders import SHA, order

TOKENS = {"first": "token-of-the-first", "second": "token-of-the-second", "plain": "token-of-github-dot-com"}
HOWS: tuple[Elsewhere, ...] = (
    GitHubWorkflow("deploy.yml"),
    GitHubDeployment(),
    GitLabPipeline(),
    GitLabDeployment(),
)


@dataclass
class Host:
    """A code host that has nothing, and what it was asked with."""

    url: str = ""
    seen: list[str] = field(default_factory=list[str])

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(f"{request.path_qs} {dict(request.headers)}")
        is_new = "releases/tags" in request.path  # no release of this tag is there yet
        return web.json_response([], status=404 if is_new else 200)

    @property
    def shown(self) -> set[str]:
        """Whose tokens it was shown, in any header and in the address."""
        return {whose for whose, token in TOKENS.items() if any(token in each for each in self.seen)}


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


@pytest.fixture
async def hosts() -> AsyncIterator[dict[str, Host]]:
    found = {name: Host() for name in ("first", "second", "third")}
    servers: list[TestServer] = []
    for host in found.values():
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", host.answer)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        host.url = str(servers[-1].make_url("")).rstrip("/")
    yield found
    for server in servers:
        await server.close()


def settings_for(hosts: dict[str, Host]) -> Settings:
    """As operators write them: one token for github.com and gitlab.com, others for two of the three servers."""
    pairs = ", ".join(f"{hosts[name].url}={TOKENS[name]}" for name in ("first", "second"))
    plain = {"GITHUB_TOKEN": TOKENS["plain"], "GITLAB_TOKEN": TOKENS["plain"]}
    settings, mistakes = read_settings(plain | {"GITHUB_TOKENS": pairs, "GITLAB_TOKENS": pairs}, serving=False)
    assert mistakes == []
    assert settings is not None
    return settings


async def ask(asking: Callable[[], Awaitable[object]]) -> None:
    with suppress(HostUnreachable, NotTaken, Unsure, LookupError):
        await asking()


@pytest.mark.parametrize("kind", ["github", "gitlab"])
async def test_who_reads_shows_each_host_its_own_token(hosts: dict[str, Host], session: ClientSession, kind: str):
    settings = settings_for(hosts)
    reads = AnyHost(session, settings.github, settings.gitlab)
    for host in hosts.values():
        at = (
            Repository(github="org/web", github_api=host.url)
            if kind == "github"
            else Repository(gitlab="org/web", gitlab_api=f"{host.url}/api/v4")
        )
        for asking in (
            lambda at=at: reads.tags(at),
            lambda at=at: reads.commits(at, None, SHA),
            lambda at=at: reads.checks(at, SHA),
            lambda at=at: reads.pull_requests(at, [7]),
            lambda at=at: reads.write_release(at, "v1", "0" * 40, "One", "It is."),
        ):
            await ask(asking)
    shown = {name: host.shown for name, host in hosts.items()}
    assert shown == {"first": {"first"}, "second": {"second"}, "third": set()}
    assert all(host.seen for host in hosts.values())


@pytest.mark.parametrize("how", HOWS, ids=lambda how: type(how).__name__)
async def test_who_deploys_shows_each_host_its_own_token(
    hosts: dict[str, Host], session: ClientSession, how: Elsewhere
):
    settings = settings_for(hosts)
    carrier = AnyCarrier(session, settings.github, settings.gitlab)
    for host in hosts.values():
        there = order(host.url)
        await ask(lambda there=there: carrier.start(how, there))
        await ask(lambda there=there: carrier.look(how, replace(there, reference="7")))
    shown = {name: host.shown for name, host in hosts.items()}
    assert shown == {"first": {"first"}, "second": {"second"}, "third": set()}


async def test_a_registry_is_shown_no_code_hosts_token(hosts: dict[str, Host], session: ClientSession):
    settings = settings_for(hosts)
    registries = Registries(session, settings.registry_logins)
    with suppress(HostUnreachable, LookupError):
        await registries.digest(f"{hosts['first'].url.removeprefix('http://')}/web:v1")
    assert hosts["first"].seen
    assert hosts["first"].shown == set()


@pytest.mark.parametrize(
    ("written", "asked", "same"),
    [
        ("github.example.com", "https://GitHub.example.com:443/api/v3", True),
        ("github.example.com:8443", "https://github.example.com:8443/api/v3", True),
        ("github.example.com", "https://github.example.com:8443/api/v3", False),
        ("github.example.com", "http://github.example.com/api/v3", False),
        ("http://10.0.0.5:3000", "http://10.0.0.5:3000/", True),
        ("github.example.com", "https://github.example.com.evil.example/api/v3", False),
        ("github.example.com", "https://evil.example/github.example.com", False),
        ("github.example.com", "https://github.example.com@evil.example/", False),
        ("[fd00::1]:3000", "https://[FD00::1]:3000/api/v4", True),
        ("github.example.com", "no address", False),
        ("github.example.com", "https://github.example.com:x/", False),
    ],
)
def test_a_host_is_the_same_by_scheme_name_and_port(written: str, asked: str, same: bool) -> None:
    assert (HostTokens({origin_of(written): "t"}).of(asked) == "t") is same


def test_the_plain_token_is_github_dot_coms_alone_and_every_token_is_a_secret() -> None:
    settings, _ = read_settings(
        {"GITHUB_TOKEN": TOKENS["plain"], "GITHUB_TOKENS": f"ghe.example.com={TOKENS['first']}"}, serving=False
    )
    assert settings is not None
    assert settings.github.of("https://api.github.com") == TOKENS["plain"]
    assert settings.github.of("https://ghe.example.com/api/v3") == TOKENS["first"]
    assert settings.github.of("https://other.example.com/api/v3") is None
    assert settings.gitlab.of("https://gitlab.com/api/v4") is None
    assert {TOKENS["plain"], TOKENS["first"]} <= settings.secrets


@pytest.mark.parametrize(
    "text", ["ghp_alone-token", "=ghp_token-x", "a@b=c", "host=", "a.example=1,a.example:443=2"]
)
def test_what_is_no_pair_is_said_without_showing_it(text: str) -> None:
    _, mistakes = read_settings({"GITHUB_TOKENS": text}, serving=False)
    assert [str(one).partition(":")[0] for one in mistakes] == ["GITHUB_TOKENS"]
    assert "ghp_" not in str(mistakes[0])
