"""What end-to-end tests share: a browser, the whole product as processes, and a playground with a small app behind it.

All of them run on one event loop, so that one browser serves the whole run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

from bot.playground.options import Options
from bot.playground.server import Playground, serving
from tests.e2e.desk import PATIENCE_MS, Desk
from tests.e2e.product import Site, Trial, site, trying
from tests.e2e.tiny_app import MANIFEST, TinyApp
from tests.needs import path_of

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ACK_SECONDS = 1.0  # instead of Slack's three, so that the test of a timeout is short

DELIVERY = """# Tom pushes to web
POST /hooks/github HTTP/1.1
Content-Type: application/json
X-Hub-Signature-256: sha256={{hmac_sha256}}

{"ref": "refs/heads/main"}"""

OpenPage = Callable[..., Awaitable[Page]]
Sit = Callable[..., Awaitable[Desk]]
OpenSite = Callable[..., Awaitable[Site]]


@dataclass
class Stage:
    """A playground that runs, and the app behind it."""

    url: str
    play: Playground
    app: TinyApp

    def channel_id(self, name: str) -> str:
        return next(c.id for c in self.play.workspace.conversations.values() if c.name == name)

    def address(self, *, who: str, channel: str) -> str:
        return f"{self.url}/?as={who}&channel={channel}"


@pytest_asyncio.fixture(loop_scope="session")
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A playground, the tiny app in #deploys, and one recorded delivery."""
    manifest = tmp_path / "manifest.yml"
    manifest.write_text(yaml.safe_dump(MANIFEST), encoding="utf-8")
    recorded = tmp_path / "deliveries" / "github" / "deliveries" / "push.http"
    recorded.parent.mkdir(parents=True)
    recorded.write_text(DELIVERY, encoding="utf-8")
    app = TinyApp()
    async with app.serving() as (bot_url, bolts):
        options = Options(
            bot_url=bot_url, manifest=manifest, deliveries=tmp_path / "deliveries", ack_seconds=ACK_SECONDS
        )
        async with serving(options) as served:
            bolts.append(app.bolt(f"{served.url}/api/", options.bot_token, options.signing_secret))
            stage = Stage(served.url, served.play, app)
            bot_id = served.play.workspace.bot.id
            members = served.play.workspace.conversations[stage.channel_id("deploys")].members
            if bot_id not in members:
                members.append(bot_id)
            yield stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path_of("chromium"), args=list(FLAGS))
        yield launched
        await launched.close()


def watch(page: Page, url: str, complaints: list[str]) -> None:
    """Note what a page throws, what its policy keeps it from, and every request that leaves this server."""

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security" in message.text:
            complaints.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((url, "data:")):
            complaints.append(f"asked {request.url}")

    page.on("pageerror", lambda error: complaints.append(f"threw: {error}"))
    page.on("console", said)
    page.on("request", asked)


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, stage: Stage) -> AsyncIterator[OpenPage]:
    """Opens pages; at the end none may have thrown, been refused a resource, or asked anybody outside."""
    complaints: list[str] = []

    opened: list[BrowserContext] = []

    async def open_one(who: str = "U0ANA", channel: str = "deploys", **context: Any) -> Page:
        made = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
        opened.append(made)
        made.set_default_timeout(PATIENCE_MS)
        page = await made.new_page()
        watch(page, stage.url, complaints)
        await page.goto(stage.address(who=who, channel=stage.channel_id(channel)))
        await page.wait_for_selector("body[data-ready=true]")
        return page

    yield open_one
    for context in opened:
        await context.close()
    assert complaints == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trial(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    """``eightbells try``, shared by the stories of one module."""
    async with trying(tmp_path_factory.mktemp("trial")) as running:
        yield running


async def sit_down(browser: Browser, trial: Trial, complaints: list[str], who: str, channel: str) -> Desk:
    """A person at a page of their own, in a conversation."""
    made = await browser.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    page = await made.new_page()
    watch(page, trial.play.url, complaints)
    state = await trial.play.ask(f"state?as={who}")
    channels = {c["name"]: c["id"] for c in state["channels"] if c["kind"] != "im"}
    channels["bot"] = await trial.play.channel("bot", who)
    desk = Desk(page, who, trial.play.url, channels)
    await desk.go(channel)
    return desk


@pytest_asyncio.fixture(loop_scope="session")
async def sit(browser: Browser, trial: Trial) -> AsyncIterator[Sit]:
    """Seats people in front of the trial's page; at the end no page may have complained."""
    complaints: list[str] = []
    desks: list[Desk] = []

    async def seat(who: str, channel: str = "deploys") -> Desk:
        desks.append(await sit_down(browser, trial, complaints, who, channel))
        return desks[-1]

    yield seat
    for desk in desks:
        await desk.page.context.close()
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def open_site(tmp_path: Path) -> AsyncIterator[OpenSite]:
    """Opens a workspace for bots that the test starts itself; a SQLite file unless the test names a database."""
    async with AsyncExitStack() as stack:

        async def open_one(database_url: str = "", **options: bool) -> Site:
            url = database_url or f"sqlite:///{tmp_path / 'eightbells.db'}"
            return await stack.enter_async_context(site(tmp_path, url, **options))

        yield open_one
