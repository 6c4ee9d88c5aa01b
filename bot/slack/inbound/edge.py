"""The Slack edge: one handler behind Bolt for HTTP and Socket Mode."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from aiohttp import ClientError, ClientSession, web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.command import Command
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Clock, Directory, Render, Tools
from bot.runtime.clock import SteadyClock
from bot.runtime.http_body import NotRead, body_of
from bot.runtime.logs import Seldom
from bot.slack.grammar import Book, Names, dates
from bot.slack.inbound.doors import Doors, NotAcknowledged, Watch
from bot.slack.inbound.execution import Unit
from bot.slack.inbound.gestures import Payload
from bot.slack.inbound.private_answers import Answers
from bot.slack.inbound.run_verb import Calls
from bot.slack.inbound.signature import BODY_MAX, SSL_CHECK_MAX, Guard, Rejected, is_ssl_check
from bot.slack.inbound.socket_frames import BoundedHandler
from bot.slack.installation import Identity, is_for
from bot.slack.reaching import Reaching

# The SDK sends an acknowledgement after our handler has returned, and does not tell when.
ACKS_LEAVE_WITHIN = timedelta(milliseconds=50)
HUNG_UP_WITHIN = timedelta(seconds=1)

CONNECTIONS = 2  # Slack replaces a socket every few hours; the other one leaves no gap meanwhile

log = structlog.get_logger(__name__)

AS_JSON = {"Content-Type": "application/json; charset=utf-8"}


class People(Directory, Names, Watch):
    """A directory that also knows names at once and is told of changes: ``bot.slack.directory``."""

    def missed_something(self) -> None: ...


class SlackEdge:
    """Takes everything that Slack sends.

    Args:
        commands: what discovery found, by name.
        unit: opens transactions, also by a gesture's key (``for_call``).
        client: with the bot's token and the shared session, without retries that re-send.
        session: for response URLs.
        home: draws a person's Home tab when it is opened.
        signing_secret: needed for ``routes``; Socket Mode has none.
        prefix: begins every slash command's name.
    """

    def __init__(
        self,
        *,
        commands: Mapping[str, Command],
        unit: Unit,
        render: Render,
        directory: Any,
        policy: Policy,
        clock: Clock,
        client: AsyncWebClient,
        session: ClientSession,
        tools: Tools,
        home: Callable[[Person], Awaitable[None]] | None = None,
        signing_secret: str | None = None,
        prefix: str = "",
    ) -> None:
        people: People = directory
        self._people = people
        self.book = Book(commands, prefix)
        self.identity: Identity | None = None
        self.reaching = Reaching()
        self._client = client
        calls = Calls(self.book, unit, people, people, policy, clock, tools)
        self.doors = Doors(calls, Answers(render, client, session), people, home)
        # By the machine's clock, less what is not believed of it; the one of a playground is not what it signs by.
        signed_by = clock.timestamp if isinstance(clock, SteadyClock) else time.time
        self._guard = Guard(signing_secret, signed_by) if signing_secret else None
        self._everything = _Everything(self.doors, self._is_foreign)
        self._app = self._bolt()
        self._sockets: list[BoundedHandler] = []
        self._seldom = Seldom()

    async def warm(self) -> Identity:
        """Ask Slack who we are, until it answers. Raises Slack's error where it refuses the token."""
        told = await self.reaching.must("auth.test", self._client.auth_test)
        bot_id = str(told.get("bot_id") or "")
        self.identity = Identity(
            str(told.get("team_id") or ""),
            str(told.get("user_id") or ""),
            bot_id,
            str(told.get("enterprise_id") or ""),
            bool(told.get("is_enterprise_install")),
            await self._app_id(bot_id),
        )
        self.doors.bot_user_id = self.identity.user_id
        return self.identity

    async def _app_id(self, bot_id: str) -> str:
        """Which app we are; "" where Slack does not say, and then the signature alone tells whose a request is."""
        try:
            told = await self.reaching.should("bots.info", lambda: self._client.bots_info(bot=bot_id))
        except (SlackClientError, ClientError, TimeoutError) as problem:
            log.warning("app id not read", problem=type(problem).__name__)
            return ""
        return str((told.get("bot") or {}).get("app_id") or "")

    async def warm_meanwhile(self) -> None:
        """Load what the first person who writes a date would else wait for; beside other work, once we are ready."""
        await asyncio.to_thread(dates.warm)

    def routes(self) -> list[web.RouteDef]:
        """The route for commands, events and interactivity alike. Raises ``ValueError`` without a secret."""
        guard = self._guard
        if guard is None:
            raise ValueError("HTTP needs SLACK_SIGNING_SECRET")

        async def events(request: web.Request) -> web.Response:
            return await self._over_http(request, guard)

        return [web.post("/slack/events", events)]

    async def start_socket(self, app_token: str, connections: int = CONNECTIONS) -> None:
        """Connect by Socket Mode, once Slack lets us. Raises Slack's error where it refuses the token."""
        while len(self._sockets) < connections:
            await self._connect(app_token)

    async def _connect(self, app_token: str) -> None:
        # The SDK would ask for the address for ever, and at the same one though it is good for one connection only.
        opened = await self.reaching.must(
            "apps.connections.open", lambda: self._client.apps_connections_open(app_token=app_token)
        )
        handler = BoundedHandler(self._app, app_token, self._client)
        handler.client.wss_uri = str(opened["url"])
        handler.client.message_listeners.append(self._said)
        self._sockets.append(handler)
        try:
            async with asyncio.timeout(self.reaching.patience.call.total_seconds()):
                await handler.connect_async()
        except TimeoutError:
            log.warning("slack.socket_not_opened")
            self._sockets.remove(handler)
            await handler.close_async()

    async def _said(self, _: object, message: Mapping[str, Any], __: str | None = None) -> None:
        """What a socket says besides what it carries: after its "hello", events before it may have been lost."""
        if message.get("type") == "hello":
            self._people.missed_something()

    @property
    def connected(self) -> int:
        """How many Socket Mode connections stand."""
        return sum(1 for handler in self._sockets if _is_open(handler))

    async def stop(self, within: timedelta = timedelta(seconds=10)) -> None:
        """Take nothing more, finish what is under way in that time, then hang up."""
        self._everything.stopping = True
        await self.doors.drain(within)
        await self.hang_up()

    async def hang_up(self) -> None:
        """Close every socket, so that Slack sends what comes to somebody else; one that does not answer is left."""
        await asyncio.sleep(ACKS_LEAVE_WITHIN.total_seconds() if self._sockets else 0)
        hanging_up = [asyncio.ensure_future(handler.close_async()) for handler in self._sockets]
        self._sockets.clear()
        if hanging_up:
            _, deaf = await asyncio.wait(hanging_up, timeout=HUNG_UP_WITHIN.total_seconds())
            for one in deaf:
                one.cancel()

    def _is_foreign(self, body: Payload) -> bool:
        """Whether a payload is for another installation; said in the log once in a while."""
        known = self.identity
        if known is None or is_for(known, body):
            return False
        if times := self._seldom.says("foreign"):
            ids = {"team_id": body.get("team_id"), "app_id": body.get("api_app_id")}
            log.warning("payload for another workspace or app", ours=known.team_id, times=times, **ids)
        return True

    def _bolt(self) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            # Bolt would ask auth.test in the first request's three seconds; we asked at the start.
            known = self.identity or Identity("", "", "")
            return AuthorizeResult(
                enterprise_id=None,
                team_id=known.team_id,
                bot_token=self._client.token,
                bot_id=known.bot_id,
                bot_user_id=known.user_id,
            )

        # Bolt reads SLACK_BOT_TOKEN by itself and warns that it will not be used; that is so on purpose.
        logging.getLogger("slack_bolt.AsyncApp").addFilter(lambda line: "will be unused" not in line.getMessage())
        app = AsyncApp(
            client=AsyncWebClient(base_url=self._client.base_url, session=self._client.session),
            authorize=authorize,
            process_before_response=True,
            request_verification_enabled=False,  # our guard has verified the bytes; a socket is authenticated
            ssl_check_enabled=False,
            attaching_function_token_enabled=False,
        )
        app.use(self._everything)
        return app

    async def _over_http(self, request: web.Request, guard: Guard) -> web.Response:
        try:
            if request.content_length is None or request.content_length >= SSL_CHECK_MAX:
                guard.looks_signed(request.headers)
            async with body_of(request, BODY_MAX) as raw:
                if is_ssl_check(raw):
                    return web.Response()
                body = await guard.admit(request.headers, raw)
            # The guard has read the body; in this mode Bolt takes it as it is and does not parse it again.
            incoming = _incoming(body)
        except (Rejected, NotRead) as rejected:
            if times := self._seldom.says(rejected.why):
                log.warning("request rejected", status=rejected.status, why=rejected.why, times=times)
            return web.json_response({"error": rejected.why}, status=rejected.status)
        if body.get("type") == "url_verification":
            return web.json_response({"challenge": str(body.get("challenge", ""))})
        answer = await self._app.async_dispatch(incoming)
        if not answer.body:
            return web.Response(status=answer.status, text="")
        return web.Response(status=answer.status, body=answer.body.encode(), headers=AS_JSON)


class _Everything(AsyncMiddleware):
    """Ends Bolt's chain with our doors: one handler for whatever comes, so nothing is left unhandled."""

    def __init__(self, doors: Doors, is_foreign: Callable[[Payload], bool]) -> None:
        self._is_foreign = is_foreign
        self.stopping = False  # from then on nothing is acknowledged, so that events come to our successor
        self._doors = doors

    async def async_process(self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Any) -> BoltResponse:
        if self.stopping:
            return BoltResponse(status=503, body="")
        if self._is_foreign(req.body):
            return BoltResponse(status=403, body="")
        try:
            ack = await self._doors.take(req.body)
        except NotAcknowledged:
            return BoltResponse(status=503, body="")
        except Exception:
            # An event comes again on a 500. A person's gesture does not; there, an empty ack is the honest least.
            log.exception("payload not handled", kind=req.body.get("type"))
            return BoltResponse(status=500 if "event" in req.body else 200, body="")
        if ack is None:
            return BoltResponse(status=200, body="")
        return BoltResponse(
            status=200, body=json.dumps(ack, ensure_ascii=False), headers={"content-type": "application/json"}
        )


def _incoming(body: dict[str, Any]) -> AsyncBoltRequest:
    if not isinstance(body.get("event", {}), dict):  # Bolt looks into it in a middleware of its own
        raise Rejected(400, "not readable")
    try:
        return AsyncBoltRequest(body=body, mode="socket_mode")
    except (TypeError, AttributeError, KeyError):  # Bolt looks for ids in it and minds what kind of value they are
        raise Rejected(400, "not readable") from None


def _is_open(handler: BoundedHandler) -> bool:
    session = handler.socket.current_session
    return session is not None and not session.closed
