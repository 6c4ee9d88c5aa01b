"""Keeps other sites out: only this machine's names as Host, only the page itself as Origin."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from bot.playground.options import LOOPBACK_HOSTS
from bot.playground.playground import PLAYGROUND

CUSTOM_HEADER = "X-Playground"
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


PR_SET_DUMPABLE = 4  # linux/prctl.h


def keep_to_ourselves() -> None:
    """Let no command that a bot under trial runs as our user read our secrets out of ``/proc``: prctl(2), proc(5)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def refusal(request: web.Request) -> str | None:
    """Why a request may not come in, in a sentence; None when it may."""
    host = request.headers.get("Host", "")
    if urlsplit(f"//{host}").hostname not in LOOPBACK_HOSTS:
        return "The playground answers only to 127.0.0.1 and localhost."
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        return "Another site may not talk to the playground."
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        navigates = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.path == "/"
        if not (navigates and request.method == "GET"):
            return "Another site may not talk to the playground."
    changes = request.path.startswith("/_play") and request.method not in ("GET", "HEAD")
    # A foreign page cannot send either of these without asking first, and is never allowed to.
    asked = CUSTOM_HEADER in request.headers or request.content_type == "application/json"
    if changes and origin is None and not asked:
        return f"Send JSON, or the header {CUSTOM_HEADER}."
    return None


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        reason = refusal(request)
    except ValueError:
        reason = "The Host header is not a host."
    if reason:
        return web.json_response({"ok": False, "error": "forbidden", "text": reason}, status=403)
    play = request.app[PLAYGROUND]
    if play.base_url.endswith("//127.0.0.1"):
        play.base_url = f"http://{request.host}"
    response = await handler(request)
    if not response.prepared and not request.path.startswith(("/api/", "/socket")):
        for name, value in PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
    return response
