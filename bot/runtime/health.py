"""``/healthz`` (the process lives) and ``/readyz`` (it can do its work), and ``/metrics`` beside them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog
from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry

from bot.runtime import metrics

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""What is wrong, in a sentence, or None."""

CHECK_SECONDS = 2.0  # orchestrators commonly give a probe 1 to 5 s

log = structlog.get_logger(__name__)


def routes(
    checks: Mapping[str, Check],
    registry: CollectorRegistry = REGISTRY,
    *,
    refresh: Callable[[], Awaitable[None]] | None = None,
) -> list[web.RouteDef]:
    """To be added to the server.

    Args:
        checks: by name ("database", "slack", "messenger"), what must be well for the process to be of use.
        refresh: see ``metrics.route``.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        told = await asyncio.gather(*(_told(name, check) for name, check in checks.items()))
        wrong = dict(zip(checks, told, strict=True))
        ready = not any(wrong.values())
        report = {name: what or "ok" for name, what in wrong.items()}
        return web.json_response({"ready": ready, "checks": report}, status=200 if ready else 503)

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), metrics.route(refresh, registry)]


async def _told(name: str, check: Check) -> str | None:
    """What a check tells; one that hangs or breaks tells that."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    except Exception as problem:  # noqa: BLE001  a broken check is an answer as well, and is logged
        # The text of an exception may hold an address with a password; its kind says enough to look further.
        log.warning("readiness.check_failed", check=name, problem=str(problem))
        return f"cannot be checked ({type(problem).__name__}; the log says more)"
