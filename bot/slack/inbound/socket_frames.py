"""Socket Mode's frames: bounded before they are read, since reading one lets nothing else of the process run."""

import asyncio
import time
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.logs import Seldom
from bot.slack.inbound.signature import BODY_MAX, Rejected, loaded

PING_SECONDS = 10  # between pings of a connection

log = structlog.get_logger(__name__)


class BoundedHandler(AsyncBaseSocketModeHandler):
    """Bolt's handler of one connection, which has no say in the client that it makes."""

    def __init__(self, app: AsyncApp, app_token: str, web_client: AsyncWebClient) -> None:
        self._app = self.app = app
        self.socket = _BoundedClient(app_token, app.logger, web_client, ping_interval=PING_SECONDS)
        self.socket.socket_mode_request_listeners.append(self.handle)
        self.client = self.socket

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        """Have what an envelope holds answered, on its connection."""
        taken_at = time.time()
        await send_async_response(client, req, await run_async_bolt_app(self._app, req), taken_at)


class _BoundedClient(SocketModeClient):
    """The SDK's client, which drops a frame that is larger than a request over HTTP may be, or no JSON object.

    Slack sends an event that was not acknowledged again, and tells the person of a gesture.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._seldom = Seldom()
        self._listening: set[asyncio.Future[None]] = set()

    async def process_message(self) -> None:
        """Read one frame and have it answered, beside the next one."""
        raw = await self.message_queue.get()
        if not raw or not raw.startswith("{"):  # Slack sends empty ones
            return
        try:
            message = _read(raw)
        except Rejected as problem:
            if times := self._seldom.says(problem.why):
                log.warning("slack.frame_dropped", why=problem.why, times=times)
            return
        listening = asyncio.ensure_future(self.run_message_listeners(message, raw))
        self._listening.add(listening)
        listening.add_done_callback(self._listening.discard)


def _read(raw: str) -> dict[str, Any]:
    if len(raw) > BODY_MAX:
        raise Rejected(413, "too large")
    return loaded(raw)
