"""OFREP: applications ask over HTTP what flags are for their users (OpenFeature Remote Evaluation Protocol)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.flag_serving.flag_book import FlagBook, Shelf, etag, fault_json
from bot.runtime.http_body import NotRead, body_of
from bot.stages.flags.model.evaluate import Asked, Fault
from bot.storage.engine.errors import StorageUnavailable

PATH = "/ofrep/v1/evaluate/flags"
BODY_MAX = 64 * 1024  # bytes; what an application tells of one user
KEY_SHOWN = 100  # characters of an unknown key

_JSON = {"Content-Type": "application/json"}
_NOT_JSON = Fault("PARSE_ERROR", "the body is not JSON")
_NO_OBJECT = Fault("PARSE_ERROR", "the body has to be an object with a context")
_NO_CONTEXT = Fault("INVALID_CONTEXT", "the context has to be an object")
_TOO_LARGE = Fault("GENERAL", f"the body is larger than {BODY_MAX // 1024} KiB")
_NO_TOKEN = Fault("GENERAL", "send the environment's token, as “Authorization: Bearer …” or as “X-API-Key: …”")
_FAULTS = {400: _NOT_JSON, 413: _TOO_LARGE}
_AWAY = Fault("GENERAL", "the flags cannot be read now")


class Ofrep:
    """``POST /ofrep/v1/evaluate/flags`` for all flags, and ``…/flags/<key>`` for one.

    Answers: 200; 304 where the caller has all of it already; 400 with an error code for what it wrote; 401 without a
    token of an environment; 404 for an unknown flag; 413 too large; 503 as long as no flag was ever read.
    """

    def __init__(self, book: FlagBook, tokens: Mapping[str, str]) -> None:
        """``tokens`` are by environment; one without a token answers nobody."""
        self._book = book
        # Looked up by their digests, so that the time it takes tells nothing of the tokens.
        self._environments = {_digest(token): name for name, token in tokens.items()}

    def routes(self) -> list[web.RouteDef]:
        """To be added to the server. Keys come unescaped, so one may hold anything that a path may."""
        return [web.post(PATH, self._all), web.post(PATH + r"/{key:[\s\S]*}", self._one)]

    async def _all(self, request: web.Request) -> web.Response:
        try:
            shelf, asked = await self._asked(request)
        except _Refused as refused:
            return refused.response
        body = shelf.all(asked)
        tag = etag(body)
        if _has(request.headers.get("If-None-Match", ""), tag):
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(body=body, headers=_JSON | {"ETag": tag})

    async def _one(self, request: web.Request) -> web.Response:
        try:
            shelf, asked = await self._asked(request)
        except _Refused as refused:
            return refused.response
        key = request.match_info["key"]
        found = shelf.one(key, asked)
        if found is None:
            shown = key[:KEY_SHOWN]
            return _failed(404, Fault("FLAG_NOT_FOUND", f"there is no flag {shown!r}"), shown)
        return web.Response(body=found, headers=_JSON)

    async def _asked(self, request: web.Request) -> tuple[Shelf, Asked]:
        """The flags of the token's environment, and who is asked about. Raises ``_Refused``."""
        environment = self._environments.get(_digest(_token(request)))
        if environment is None:
            raise _Refused(401, _NO_TOKEN)
        try:
            async with body_of(request, BODY_MAX, unpack=True) as body:
                context = _context(body)
        except NotRead as problem:
            fault = _FAULTS.get(problem.status) or Fault("GENERAL", problem.why)
            raise _Refused(problem.status, fault) from problem
        try:
            shelves = await self._book.current()
        except StorageUnavailable as problem:
            raise _Refused(503, _AWAY) from problem
        return shelves[environment], Asked(context)


class _Refused(Exception):
    """The request gets this answer instead of flags."""

    def __init__(self, status: int, fault: Fault) -> None:
        super().__init__(fault.details)
        self.response = _failed(status, fault)
        if status == 401:
            self.response.headers["WWW-Authenticate"] = "Bearer"


def _context(body: bytes) -> dict[str, Any]:
    """What the application tells of its user; nothing where it tells nothing."""
    try:
        told = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        raise _Refused(400, _NOT_JSON) from None
    if not isinstance(told, dict):
        raise _Refused(400, _NO_OBJECT)
    context = told.get("context")
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise _Refused(400, _NO_CONTEXT)
    return context


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else request.headers.get("X-API-Key", "").strip()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _has(header: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names this tag; a weak one is the same for reading."""
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return tag in named or "*" in named


def _failed(status: int, fault: Fault, key: str | None = None) -> web.Response:
    return web.Response(body=fault_json(fault, key), status=status, headers=_JSON)
