"""Routes of the browser's side: the page, its JSON interface under `/_play`, and its live stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.playground.clock import ClockRefusal
from bot.playground.faults import FaultRefusal
from bot.playground.given import Impossible
from bot.playground.page import Page
from bot.playground.playground import PLAYGROUND
from bot.playground.replays import NotADelivery
from bot.playground.switches import Switches

STATIC = Path(__file__).with_name("static")
KEEP_ALIVE_SECONDS = 15.0

Handler = Callable[[web.Request], Awaitable[Any]]


def as_json(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler whose result, or refusal, becomes a JSON answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            result = await handler(request)
        except Impossible as impossible:
            told = {"ok": False, "error": impossible.code, "text": impossible.sentence}
            return web.json_response(told, status=impossible.status)
        except (ClockRefusal, FaultRefusal, NotADelivery) as refusal:
            return web.json_response({"ok": False, "error": "refused", "text": str(refusal)}, status=400)
        return result if isinstance(result, web.StreamResponse) else web.json_response(result)

    return answer


async def stream(request: web.Request, page: Page) -> web.StreamResponse:
    """Server-sent events for one acting person, until the page goes away."""
    play = page.play
    subscriber = play.stream.subscribe(page.acting(request).id)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    try:
        await response.prepare(request)
        await response.write(b": welcome\n\n")
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    line = await subscriber.queue.get()
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            if line is None:
                return response
            await response.write(f"data: {line}\n\n".encode("utf-8", "replace"))
    except ConnectionResetError:
        return response
    finally:
        play.stream.unsubscribe(subscriber)


async def index(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


async def permalink(request: web.Request, page: Page) -> web.StreamResponse:
    """A message's own address leads to the page, at its channel and its thread."""
    digits, channel = request.match_info["ts"], request.match_info["channel"]
    place = {"channel": channel}
    ts = request.query.get("thread_ts", f"{digits[:-6]}.{digits[-6:]}")
    conversation = page.play.workspace.conversations.get(channel)
    if conversation and conversation.threads.get(ts):
        place["thread"] = ts
    raise web.HTTPFound(f"/?{urlencode(place)}")


def add_routes(app: web.Application) -> None:
    page, switches = Page(app[PLAYGROUND]), Switches(app[PLAYGROUND])
    app.router.add_get("/", index)
    app.router.add_get(r"/archives/{channel}/p{ts:\d{7,}}", partial(permalink, page=page))
    app.router.add_static("/static", STATIC)
    reads: dict[str, Handler] = {
        "state": page.state,
        "messages": switches.all_messages,
        "messages/{channel}": page.messages,
        "thread/{channel}/{ts}": page.thread,
        "home": page.home,
        "clock": page.clock,
        "traffic": page.traffic,
        "coverage": switches.coverage,
        "stream": partial(stream, page=page),
    }
    writes: dict[str, Handler] = {
        "send": page.send,
        "action": page.action,
        "options": page.options,
        "view/{view_id}/submit": page.submit,
        "view/{view_id}/close": page.close,
        "shortcut": page.shortcut,
        "home/open": page.open_home,
        "read": page.read,
        "reaction": page.reaction,
        "clock": page.move_clock,
        "deliver": page.deliver,
        "faults": switches.arm_fault,
    }
    for path, handler in reads.items():
        app.router.add_get(f"/_play/{path}", as_json(handler))
    for path, handler in writes.items():
        app.router.add_post(f"/_play/{path}", as_json(handler))
