"""The Web API's edge: arguments in all three encodings, tokens, scopes, pace, and faults on demand."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from aiohttp import web

from bot.playground import presenting
from bot.playground.calls import ApiError, Call, Method
from bot.playground.faults import Fault
from bot.playground.methods import METHODS
from bot.playground.playground import PLAYGROUND, Playground

Json = dict[str, Any]

HTML_ERROR = "<!DOCTYPE html><html><head><title>Server Error</title></head><body>Server Error</body></html>"
POSTING = frozenset({"chat.postMessage", "chat.postEphemeral"})
KIND_OF_SCOPE = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
CLIENT_GONE_POLL_SECONDS = 0.05


async def arguments(request: web.Request) -> tuple[Json, bytes]:
    """Query, form and JSON of a request merged into one, and the body as it came.

    Raises:
        ApiError: `invalid_json` or `json_not_object`.
    """
    args: Json = dict(request.query)
    args.pop("token", None)  # Slack does not take tokens from addresses
    if not request.can_read_body:
        return args, b""
    body = await request.read()
    if request.content_type == "application/json":
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            raise ApiError("invalid_json") from None
        if not isinstance(found, dict):
            raise ApiError("json_not_object")
        args |= found
    else:
        form = await request.post()
        args |= {name: item for name, item in form.items() if isinstance(item, str)}
    return args, body


def check_token(play: Playground, request: web.Request, args: Json, wanted: Method) -> None:
    """Let the right token through.

    Raises:
        ApiError: `not_authed`, `invalid_auth` or `not_allowed_token_type`.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip() if kind.lower() == "bearer" else str(args.pop("token", "") or "")
    if not given:
        raise ApiError("not_authed")
    right, other = play.options.bot_token, play.options.app_token
    if wanted.app_token:
        right, other = other, right
    if given == other:
        raise ApiError("not_allowed_token_type")
    if given != right:
        raise ApiError("invalid_auth")


def check_scopes(play: Playground, call: Call, wanted: Method) -> None:
    """Hold the bot to the scopes of its manifest.

    Raises:
        ApiError: `missing_scope`, with what is needed and what there is.
    """
    provided = play.manifest.scopes
    if provided is None or not wanted.scopes:
        return
    needed = list(wanted.scopes)
    if "{kind}" in needed[0]:
        found = play.workspace.find(call.text("channel"))
        kind = KIND_OF_SCOPE[presenting.channel_type(found)] if found else "channels"
        needed = [scope.replace("{kind}", kind) for scope in needed]
    if not set(needed) & set(provided):
        raise ApiError("missing_scope", needed=needed[0], provided=",".join(provided))


def perform(play: Playground, request: web.Request, name: str, args: Json, headers: dict[str, str]) -> Json:
    """Run a method for who may; adds to `headers` what Slack would.

    Raises:
        ApiError: any refusal, of the edge or of the method.
    """
    wanted = METHODS.get(name)
    if wanted is None:
        raise ApiError("unknown_method", req_method=name)
    check_token(play, request, args, wanted)
    call = Call(play, args)
    check_scopes(play, call, wanted)
    if name in POSTING and (wait := play.faults.too_fast(str(args.get("channel")))):
        headers["retry-after"] = str(wait)
        raise ApiError("ratelimited")
    if wanted.scopes:
        headers["x-accepted-oauth-scopes"] = ",".join(wanted.scopes)
    return {"ok": True} | wanted.run(call)


async def handle(request: web.Request) -> web.StreamResponse:
    """One call of `/api/<method>`."""
    play, name = request.app[PLAYGROUND], request.match_info["method"]
    started, clock, body = time.time(), time.perf_counter(), b""
    fault: Fault | None = None
    headers = {"x-slack-req-id": play.ids.secret(32)}
    try:
        args, body = await arguments(request)
        fault = play.faults.take(name, args.get("channel")) if play.faults.armed else None
        if fault and fault.before_write:
            return await early(play, request, name, fault, started)
        answer = perform(play, request, name, args, headers)
    except ApiError as error:
        answer = error.as_json()
    except RecursionError:  # nested deeper than any block is
        answer = {"ok": False, "error": "invalid_arguments"}
    status = 429 if "retry-after" in headers else 200
    if (scopes := play.manifest.scopes) is not None:
        headers["x-oauth-scopes"] = ",".join(scopes)
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    shown = 0 if fault and fault.kind != "delay" else status
    record(play, request, name=name, started=started, clock=clock, body=body, answer=text, status=shown)
    if fault:
        await late(play, request, fault)
    return web.Response(
        body=text.encode("utf-8", "replace"),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def record(
    play: Playground,
    request: web.Request,
    *,
    name: str,
    started: float,
    clock: float,
    body: bytes,
    answer: str,
    status: int,
) -> None:
    play.traffic.record(
        at=started,
        direction="from_bot",
        what=name,
        status=status,
        ms=(time.perf_counter() - clock) * 1_000,
        request=body or dict(request.query),
        response=answer,
    )


async def early(
    play: Playground, request: web.Request, name: str, fault: Fault, started: float
) -> web.StreamResponse:
    """The faults that come before anything is done."""
    answer: Json = {"ok": False, "error": fault.error if fault.kind == "error" else "ratelimited"}
    text = json.dumps(answer)
    shown = {"status": fault.status, "error": 200}.get(fault.kind, 0)
    now = time.perf_counter()
    record(play, request, name=name, started=started, clock=now, body=b"", answer=text, status=shown)
    if fault.kind == "reset_before_write":
        cut(request)
    if fault.kind == "error":
        return web.json_response(answer)
    if fault.status >= 500:
        return web.Response(status=fault.status, text=HTML_ERROR, content_type="text/html")
    headers = {"retry-after": str(fault.retry_after)} if fault.retry_after is not None else {}
    return web.json_response(answer, status=fault.status, headers=headers)


async def late(play: Playground, request: web.Request, fault: Fault) -> None:
    """The faults that come when everything is done: the bot cannot know that it is."""
    if fault.kind == "reset_after_write":
        cut(request)
        return
    deadline = time.monotonic() + fault.seconds
    # aiohttp tells nobody that the client went away, so one has to look.
    while time.monotonic() < deadline and not play.stream.closed and request.transport is not None:  # noqa: ASYNC110
        await asyncio.sleep(min(CLIENT_GONE_POLL_SECONDS, fault.seconds))
    if fault.kind == "timeout_after_write":
        cut(request)


def cut(request: web.Request) -> None:
    """End the connection the rude way."""
    if request.transport is not None:
        request.transport.abort()
