"""Webhooks in: verify the bytes, store, answer; the work comes later and can be done again."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import structlog
from aiohttp import web

from bot.domain.ports import Clock
from bot.integrations.source import Source
from bot.storage.errors import StorageUnavailable

# Alertmanager sends a whole group in one body, about 510 bytes an alert: 5,000 alerts are 2.6 MB.
BODY_MAX = 16 * 1024 * 1024  # bytes
# What of a request's headers is worth keeping; never what authenticates it.
KEPT_HEADERS = frozenset({"content-type", "user-agent"})
FORGET_HEADERS = frozenset({"authorization", "cookie"})

log = structlog.get_logger(__name__)


class Inbox(Protocol):
    """Where deliveries are kept until they are worked on."""

    async def receive(
        self, source: str, delivery_id: str, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> bool:
        """Store it; False where it is there already."""
        ...


class Hooks:
    """``POST /hooks/<source>`` for every source that discovery found.

    Answers: 202 stored (or known already), 400 not JSON, 401 not signed with the secret, 404 no such source,
    413 too large, 503 not stored because the database is away (senders try again after a 5xx).
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        secrets: Mapping[str, str],
        inbox: Inbox,
        clock: Clock,
        counted: Callable[[str, int], None] = lambda source, status: None,
    ) -> None:
        self._sources = sources
        self._secrets = secrets
        self._inbox = inbox
        self._clock = clock
        self._counted = counted

    def routes(self) -> list[web.RouteDef]:
        """To be added to the server."""
        return [web.post("/hooks/{source}", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["source"]
        response = await self._answer(name, request)
        self._counted(name if name in self._sources else "unknown", response.status)
        return response

    async def _answer(self, name: str, request: web.Request) -> web.Response:
        source = self._sources.get(name)
        if source is None:
            return _said(404, f"there is no source of this name; there are {', '.join(sorted(self._sources))}")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _said(413, f"the body is larger than {BODY_MAX // 1024 // 1024} MiB")
        headers = {key.lower(): value for key, value in request.headers.items()}
        secret = self._secrets.get(name)
        if not secret or not source.verify(headers, body, secret):
            log.warning("hook.refused", source=name, why="no secret is set" if not secret else "wrong signature")
            return _said(401, "the request is not signed with this source's secret")
        if not _is_json(body):
            return _said(400, "the body is not JSON")
        return await self._store(source, headers, body)

    async def _store(self, source: Source, headers: Mapping[str, str], body: bytes) -> web.Response:
        kept = {key: value for key, value in headers.items() if key in KEPT_HEADERS or key.startswith("x-")}
        signed = {key for key in kept if "signature" in key or "token" in key or key in FORGET_HEADERS}
        kept = {key: value for key, value in kept.items() if key not in signed}
        try:
            fresh = await self._inbox.receive(
                source.name, source.identify(headers, body), kept, body, self._clock.now()
            )
        except StorageUnavailable:
            log.exception("hook.not_stored", source=source.name)
            return _said(503, "the database does not answer; send it again")
        return _said(202, "stored" if fresh else "stored before")


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _said(status: int, sentence: str) -> web.Response:
    return web.json_response({"said": sentence}, status=status)
