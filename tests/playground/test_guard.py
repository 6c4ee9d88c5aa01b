"""Other sites stay out: Host, Origin, and forms that need no permission."""

from __future__ import annotations

import aiohttp
import pytest

from bot.playground.options import Options, UnsafeOptions, environment
from bot.playground.server import Served

BODY = '{"as": "U0ANA", "channel": "C0WEB", "text": "hi"}'
JSON = {"Content-Type": "application/json"}


async def status(session: aiohttp.ClientSession, method: str, url: str, **more) -> int:
    async with session.request(method, url, **more) as response:
        return response.status


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (JSON, 200),
        ({"X-Playground": "1", "Content-Type": "text/plain"}, 200),
        (JSON | {"Origin": "same"}, 200),
        ({"Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
        (JSON | {"Origin": "http://evil.example"}, 403),
        (JSON | {"Origin": "null"}, 403),
        (JSON | {"Origin": "http://127.0.0.1:1"}, 403),
        (JSON | {"Host": "evil.example"}, 403),
        (JSON | {"Host": "127.0.0.1.evil.example"}, 403),
        (JSON | {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1", "Forwarded": "host=127.0.0.1"}, 403),
        (JSON | {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}, 200),
        (JSON | {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_a_change_needs_the_page_or_a_program(
    served: Served, session: aiohttp.ClientSession, headers: dict[str, str], expected: int
):
    headers = {name: served.url if value == "same" else value for name, value in headers.items()}

    assert await status(session, "POST", f"{served.url}/_play/send", data=BODY, headers=headers) == expected


@pytest.mark.parametrize(
    "path", ["/", "/_play/state", "/_play/stream", "/_play/messages", "/api/auth.test", "/socket"]
)
async def test_a_foreign_name_for_this_machine_opens_nothing(
    served: Served, session: aiohttp.ClientSession, path: str
):
    assert await status(session, "GET", served.url + path, headers={"Host": "rebound.example:80"}) == 403


async def test_the_page_may_be_opened_by_a_link_and_carries_a_policy(
    served: Served, session: aiohttp.ClientSession
):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with session.get(served.url + "/", headers=headers) as response:
        assert response.status == 200
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert "not slack" in (await response.text()).lower()


@pytest.mark.parametrize(
    "wrong",
    [
        {"bot_token": "xoxb-123-real"},
        {"app_token": "xapp-1-real"},
        {"bot_url": "https://bot.example.com"},
        {"clock_hook": "http://10.0.0.1/clock"},
    ],
)
def test_nothing_real_is_taken(wrong: dict[str, str]):
    with pytest.raises(UnsafeOptions):
        Options(**wrong)


def test_the_environment_names_tokens_and_hook_secrets():
    found = environment({"PLAYGROUND_BOT_TOKEN": "xoxb-playground-x", "PLAYGROUND_HOOK_SECRETS": '{"github": "s"}'})

    assert found == {"bot_token": "xoxb-playground-x", "hook_secrets": {"github": "s"}}
    with pytest.raises(UnsafeOptions):
        environment({"PLAYGROUND_HOOK_SECRETS": "github=s"})
