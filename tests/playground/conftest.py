"""A playground, a page, and a real Bolt app that it can reach by HTTP or by Socket Mode."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.options import Options
from bot.playground.server import Served, serving

Json = dict[str, Any]
FAST_RETRIES = (0.01, 0.01, 0.01)
EVERYTHING = ["message.channels", "message.im", "app_mention", "app_home_opened", "reaction_added"]


@dataclass
class Browser:
    """The page, without a browser: JSON in and out, and the live stream."""

    url: str
    session: aiohttp.ClientSession
    as_: str = "U0ANA"

    async def get(self, path: str, **query: str) -> Json:
        query = {"as": self.as_} | query
        async with self.session.get(f"{self.url}/_play/{path}", params=query) as response:
            return await response.json()

    async def post(self, path: str, **body: Any) -> Json:
        body = {"as": self.as_} | body
        async with self.session.post(f"{self.url}/_play/{path}", json=body) as response:
            return await response.json()

    async def send(self, text: str, channel: str = "C0DEPLOYS", **more: Any) -> Json:
        return await self.post("send", channel=channel, text=text, **more)

    async def messages(self, channel: str = "C0DEPLOYS", **query: str) -> list[Json]:
        return (await self.get(f"messages/{channel}", **query))["messages"]

    @asynccontextmanager
    async def stream(self, person: str = "U0ANA") -> AsyncIterator[Callable[[str], Awaitable[Json]]]:
        """The live stream; call it with a type to get the next event of that type."""
        async with self.session.get(f"{self.url}/_play/stream", params={"as": person}) as response:
            assert (await response.content.readline()).startswith(b":")

            async def next_of(kind: str) -> Json:
                async with asyncio.timeout(5):
                    while True:
                        line = (await response.content.readline()).decode()
                        if line.startswith("data: ") and json.loads(line[6:])["type"] == kind:
                            return json.loads(line[6:])

            yield next_of


@dataclass
class Bot:
    """A real Bolt app and what its listeners saw."""

    app: AsyncApp
    seen: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    requests: list[dict[str, str]] = field(default_factory=list)

    async def next(self) -> Any:
        async with asyncio.timeout(5):
            return await self.seen.get()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(Options(retry_delays_seconds=FAST_RETRIES, look_seconds=0.02)) as playground:
        yield playground


@pytest.fixture
def slack(served: Served, session: aiohttp.ClientSession) -> AsyncWebClient:
    return client_of(served, session)


@pytest.fixture
def browser(served: Served, session: aiohttp.ClientSession) -> Browser:
    return Browser(served.url, session)


def client_of(served: Served, session: aiohttp.ClientSession) -> AsyncWebClient:
    """A client of the real SDK, pointed at the playground."""
    return AsyncWebClient(
        token=served.play.options.bot_token, base_url=f"{served.url}/api/", session=session, retry_handlers=[]
    )


def bolt(served: Served, session: aiohttp.ClientSession) -> Bot:
    """A Bolt app that believes the playground is Slack."""
    # Its own messages are let through: the playground must deliver them, whoever ignores them later.
    app = AsyncApp(
        client=client_of(served, session),
        signing_secret=served.play.options.signing_secret,
        ignoring_self_events_enabled=False,
    )
    return Bot(app)


@pytest.fixture
async def bot(served: Served, session: aiohttp.ClientSession) -> AsyncIterator[Bot]:
    """A Bolt app that listens where the playground delivers over HTTP."""
    made = bolt(served, session)

    async def receive(request: web.Request) -> web.Response:
        made.requests.append({name.lower(): value for name, value in request.headers.items()})
        return await to_aiohttp_response(await made.app.async_dispatch(await to_bolt_request(request)))

    site = web.Application()
    site.router.add_post("/slack/events", receive)
    async with listening(site) as url:
        served.play.options.bot_url = url
        yield made
        await served.play.events.settled()


@asynccontextmanager
async def listening(site: web.Application) -> AsyncIterator[str]:
    """Serve an application on a free port."""
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def socket_bot(served: Served, session: aiohttp.ClientSession) -> AsyncIterator[Bot]:
    """A Bolt app connected by Socket Mode."""
    made = bolt(served, session)
    handler = AsyncSocketModeHandler(made.app, served.play.options.app_token)
    await handler.connect_async()
    yield made
    await served.play.events.settled()
    await handler.close_async()


@pytest.fixture
def manifest(served: Served, tmp_path: Path) -> Callable[..., None]:
    """Writes the manifest that the playground reads: scopes, events, commands."""

    def write(
        *, scopes: list[str] | None = None, events: list[str] | None = None, commands: list[Json] | None = None
    ) -> None:
        path = tmp_path / "manifest.yml"
        content = {
            "features": {"slash_commands": commands or [], "app_home": {"home_tab_enabled": True}},
            "oauth_config": {"scopes": {"bot": scopes or []}},
            "settings": {"event_subscriptions": {"bot_events": events or EVERYTHING}},
        }
        path.write_text(yaml.safe_dump(content))
        served.play.manifest = type(served.play.manifest)(path)

    return write
