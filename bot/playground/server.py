"""The playground as a web application, and how to run it: in a process of its own or inside a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.playground import browser, delivered_files, web_api
from bot.playground.guard import guard
from bot.playground.options import Options
from bot.playground.playground import PLAYGROUND, Playground

BODY_BYTES_MAX = 64 * 1024 * 1024
# The SDK puts the arguments of many methods into the address, a long initial_comment included.
LINE_BYTES_MAX = 256 * 1024
STOP_SECONDS = 2.0

__all__ = ["PLAYGROUND", "Options", "Playground", "Served", "build", "serving"]


def build(options: Options | None = None) -> web.Application:
    """A playground; `app[PLAYGROUND]` is its inside, for tests that look or change what is there."""
    app = web.Application(middlewares=[guard], client_max_size=BODY_BYTES_MAX)
    play = app[PLAYGROUND] = Playground(options or Options())
    app.router.add_route("GET", "/api/{method}", web_api.handle)
    app.router.add_route("POST", "/api/{method}", web_api.handle)
    app.router.add_get("/socket", play.sockets.serve)
    app.router.add_post("/respond/{secret:.+}", play.response_urls.serve)
    delivered_files.add_routes(app)
    browser.add_routes(app)
    app.cleanup_ctx.append(_running)
    app.on_shutdown.append(_closing)
    return app


async def _running(app: web.Application) -> AsyncIterator[None]:
    play = app[PLAYGROUND]
    await play.transport.open()
    watching = asyncio.create_task(play.transport.watch())
    yield
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await play.events.stop()
    await play.transport.close()


async def _closing(app: web.Application) -> None:
    """End what would otherwise keep the server waiting."""
    app[PLAYGROUND].stream.close()
    await app[PLAYGROUND].sockets.close()


@dataclass(frozen=True)
class Served:
    """A playground that listens."""

    url: str
    play: Playground
    app: web.Application


@asynccontextmanager
async def serving(options: Options | None = None, *, port: int = 0) -> AsyncIterator[Served]:
    """Listen on this machine only, on `port` or on a free one, until the block ends.

    Raises:
        OSError: the port is taken.
    """
    app = build(options)
    runner = web.AppRunner(
        app,
        access_log=None,
        max_line_size=LINE_BYTES_MAX,
        max_field_size=LINE_BYTES_MAX,
        shutdown_timeout=STOP_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        app[PLAYGROUND].base_url = url
        yield Served(url, app[PLAYGROUND], app)
    finally:
        await runner.cleanup()
