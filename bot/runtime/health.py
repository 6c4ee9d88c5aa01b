"""``/healthz`` (the process lives) and ``/readyz`` (it can do its work), and ``/metrics`` beside them."""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog
from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry

from bot.runtime import metrics

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""What is wrong, in a sentence, or None; a ``Noted`` one should be known and stops nothing."""


class Noted(str):
    """A sentence about what is not as it should be, while the process is of use all the same."""

    __slots__ = ()


CHECK_SECONDS = 2.0  # orchestrators commonly give a probe 1 to 5 s

LATELY_SECONDS = 1.0

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

    ready = _Readiness(checks)

    async def readyz(_: web.Request) -> web.Response:
        return _answer(await ready.asked(), told=True)

    return [web.get("/healthz", _healthz), web.get("/readyz", readyz), metrics.route(refresh, registry)]


def public_routes(
    checks: Mapping[str, Check],
    registry: CollectorRegistry = REGISTRY,
    *,
    refresh: Callable[[], Awaitable[None]] | None = None,
    token: str = "",
) -> list[web.RouteDef]:
    """The same for an address that strangers reach: they learn whether, not why; metrics are for the token's bearer.

    Without a token there are no metrics.
    """
    ready = _Readiness(checks)
    measured = metrics.route(refresh, registry)

    def is_known(request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        offered = given.strip().encode("utf-8", "surrogateescape")
        return bool(token) and scheme.lower() == "bearer" and hmac.compare_digest(offered, token.encode())

    async def readyz(request: web.Request) -> web.Response:
        known = is_known(request)
        return _answer(await (ready.asked() if known else ready.lately()), told=known)

    async def measures(request: web.Request) -> web.StreamResponse:
        if not is_known(request):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        return await measured.handler(request)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]

    found = [web.get("/healthz", _healthz), web.get("/readyz", readyz)]
    return [*found, web.get("/metrics", measures)] if token else found


async def _healthz(_: web.Request) -> web.Response:
    return web.json_response({"alive": True})


class _Readiness:
    """What the checks tell, by name; ``lately``: not asked again within a second, however often strangers ask."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._asking: asyncio.Task[dict[str, str | None]] | None = None
        self._until = 0.0

    async def asked(self) -> dict[str, str | None]:
        told = await asyncio.gather(*(_told(name, check) for name, check in self._checks.items()))
        return dict(zip(self._checks, told, strict=True))

    async def lately(self) -> dict[str, str | None]:
        if self._asking is None or (self._asking.done() and time.monotonic() >= self._until):
            self._asking = asyncio.ensure_future(self.asked())
            self._until = time.monotonic() + LATELY_SECONDS
        return await asyncio.shield(self._asking)


def _answer(wrong: Mapping[str, str | None], *, told: bool) -> web.Response:
    ready = not any(what and not isinstance(what, Noted) for what in wrong.values())
    report = {"checks": {name: what or "ok" for name, what in wrong.items()}} if told else {}
    return web.json_response({"ready": ready, **report}, status=200 if ready else 503)


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
