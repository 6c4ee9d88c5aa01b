"""Webhooks in: verify the bytes, store, answer; the work comes later and can be done again."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog
from aiohttp import web

from bot.core.ports import Clock
from bot.runtime.http_body import NotRead, body_of
from bot.runtime.logs import Seldom
from bot.storage.engine.errors import StorageUnavailable
from bot.vendors.kit import json_text
from bot.vendors.kit.webhooks import ORDINARY, ByHeaders, Delivery, Fetch, Source, Unreachable

# What of every request's headers is worth keeping; never what authenticates it.
KEPT_HEADERS = frozenset({"content-type", "user-agent"})
FORGET_HEADERS = frozenset({"authorization", "cookie"})
LONG = 64 * 1024  # bytes; hashing more takes a millisecond or more, and is done beside the event loop

log = structlog.get_logger(__name__)


class Inbox(Protocol):
    """Where deliveries are kept until they are worked on."""

    async def receive(
        self,
        source: str,
        delivery_id: str,
        headers: Mapping[str, str],
        body: bytes,
        at: datetime,
        *,
        about: str = "",
        urgent: bool = False,
    ) -> bool:
        """Store it; False where it is there already. What is ``urgent`` goes first, behind older ones ``about`` it."""
        ...

    @property
    def successor(self) -> str:
        """The revision of tables that are newer than this version, or ""."""
        ...


class Hooks:
    """``POST /hooks/<source>`` for every source of the team, by its path.

    Answers: 202 stored (or known already), 400 not JSON or not readable, 401 not proven to be its sender's, 404 no
    such source, 408 the body did not come in time, 413 too large or too many values, 415 compressed, 503 not stored
    because the database, or what proves the sender, is away (senders try again after a 5xx), or a newer version takes
    over. Whoever can be refused for the headers alone is, before the body is read.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        secrets: Mapping[str, str],
        inbox: Inbox,
        clock: Clock,
        fetch: Fetch,
        counted: Callable[[str, int], None] = lambda source, status: None,
    ) -> None:
        self._sources = sources
        self._secrets = secrets
        self._inbox = inbox
        self._clock = clock
        self._fetch = fetch
        self._counted = counted
        self._seldom = Seldom()

    def routes(self) -> list[web.RouteDef]:
        """To be added to the server."""
        return [web.post("/hooks/{source:.+}", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["source"]
        response = await self._answer(name, request)
        self._counted(name if name in self._sources else "unknown", response.status)
        return response

    async def _answer(self, name: str, request: web.Request) -> web.Response:
        source = self._sources.get(name)
        if source is None and self._inbox.successor:
            return _said(503, "a newer version is taking over, which may have this source; send it again")
        if source is None:
            return _said(404, "there is no source of this name")
        headers = {key.lower(): _writable(value) for key, value in request.headers.items()}
        if refusal := self._refused_by_headers(source, headers):
            return self._unproven(name, refusal)
        try:
            # What is signed is signed as it is sent, so that only a sender known by its headers may compress.
            is_known = isinstance(source.verify, ByHeaders) and source.admit is None
            async with body_of(request, source.body_max, unpack=is_known) as body:
                return await self._admitted(name, source, headers, body)
        except json_text.TooMuch as problem:
            return self._unread(name, 413, f"the body is not read: {problem}")
        except NotRead as problem:
            return self._unread(name, problem.status, problem.why)

    async def _admitted(self, name: str, source: Source, headers: Mapping[str, str], body: bytes) -> web.Response:
        try:
            if source.admit is not None:
                json_text.count(body, source.values_max)  # it is read for its proof
            refusal = await self._refusal(source, headers, body)
        except Unreachable as problem:
            log.warning("hook.not_proven", source=name, why=str(problem))
            return _said(503, f"who sent it cannot be proven now: {problem}; send it again")
        if refusal:
            return self._unproven(name, refusal)
        try:
            value = json_text.loaded(body, source.values_max)
        except json_text.TooMuch:
            raise
        except ValueError:
            return _said(400, "the body is not JSON")
        return await self._store(name, source, headers, body, value)

    def _unread(self, name: str, status: int, why: str) -> web.Response:
        if status == 413 and (times := self._seldom.says(f"{name} {why}")):
            # Its sender may say it nowhere, and what it wanted to tell us is lost.
            log.warning("hook.too_large", source=name, why=why, times=times)
        return _said(status, why)

    def _unproven(self, name: str, why: str) -> web.Response:
        if times := self._seldom.says(f"{name} {why}"):
            log.warning("hook.refused", source=name, why=why, times=times)
        return _said(401, "the request is not signed with this source's secret")

    def _refused_by_headers(self, source: Source, headers: Mapping[str, str]) -> str:
        """Why the headers are enough to refuse it; "" where they are not."""
        if source.admit is not None:
            return ""
        secret = self._secrets.get(source.name)
        if not secret:
            return f"{source.secret_variable} is not set"
        is_known = not isinstance(source.verify, ByHeaders) or source.verify.proves(headers, secret)
        return "" if is_known else "wrong secret"

    async def _refusal(self, source: Source, headers: Mapping[str, str], body: bytes) -> str:
        """Why the delivery is not taken; "" where it is."""
        secret = self._secrets.get(source.name) or ""
        if len(body) > LONG:
            proven = bool(secret) and await asyncio.to_thread(source.verify, headers, body, secret)
        else:
            proven = bool(secret) and source.verify(headers, body, secret)
        if source.admit is not None:
            now = self._clock.now()
            return "" if await source.admit(headers, body, proven, self._fetch, now) else "its sender is not proven"
        return "" if proven else "wrong signature"

    async def _store(
        self, name: str, source: Source, headers: Mapping[str, str], body: bytes, value: Any
    ) -> web.Response:
        kept = {k: value for k, value in headers.items() if k in KEPT_HEADERS or k.startswith(source.keeps)}
        signed = {key for key in kept if "signature" in key or "token" in key or key in FORGET_HEADERS}
        kept = {key: value for key, value in kept.items() if key not in signed}
        now, id = self._clock.now(), source.identify(headers, body)
        weight = source.weigh(Delivery(name, kept, body, now), value) if source.weigh else ORDINARY
        try:
            fresh = await self._inbox.receive(name, id, kept, body, now, about=weight.about, urgent=weight.urgent)
        except StorageUnavailable:
            log.exception("hook.not_stored", source=name)
            return _said(503, "the database does not answer; send it again")
        return _said(202, "stored" if fresh else "stored before")


def _writable(header: str) -> str:
    """Bytes that are no UTF-8 reach us as halves of characters, which can be neither compared nor stored."""
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _said(status: int, sentence: str) -> web.Response:
    return web.json_response({"said": sentence}, status=status)
