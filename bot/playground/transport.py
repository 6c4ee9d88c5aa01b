"""How a delivery reaches the bot: over its open socket if there is one, else as a signed HTTP request."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import aiohttp

if TYPE_CHECKING:
    from bot.playground.playground import Playground

Json = dict[str, Any]

REDIRECTS_MAX = 2


@dataclass
class Answer:
    """What came back: a body where the bot sent one, or the reason why nothing did."""

    status: int = 0
    text: str = ""
    payload: Json | None = None
    failure: str | None = None  # http_timeout | connection_failed | http_error | too_many_redirects
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.failure is None

    @property
    def error(self) -> str:
        """The code that Slack shows to the person."""
        if self.failure == "http_timeout":
            return "operation_timeout"
        return "http_client_error" if 400 <= self.status < 500 else "dispatch_failed"

    def sentence(self, what: str) -> str:
        """The failure in words, for the person who made the gesture."""
        if self.failure == "http_timeout":
            return f"{what} failed with the error operation_timeout: the app did not answer within 3 seconds."
        if self.failure == "connection_failed":
            return f"{what} failed because the app is not running or cannot be reached ({self.error})."
        return f"{what} failed because the app answered with HTTP {self.status} ({self.error})."


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature of a request."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Transport:
    """Delivers one thing once; repeating is for `Events`."""

    def __init__(self, play: Playground) -> None:
        self._play = play
        self._session: aiohttp.ClientSession | None = None
        self.bot_listens = False

    async def open(self) -> None:
        # Slack's deliveries do not queue behind each other, so neither do these.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def deliver(self, kind: str, payload: Json, *, what: str, retry: int = 0, reason: str = "") -> Answer:
        """Send a payload of kind `events_api`, `slash_commands` or `interactive` and wait for its answer."""
        started = time.time(), time.perf_counter()
        sent = json.dumps(payload)  # now: views and messages in it change later
        if self._play.sockets.connected:
            answer = await self._play.sockets.send(kind, payload, retry=retry, reason=reason)
        elif self._play.options.bot_url:
            url = self._play.options.bot_url.rstrip("/") + "/slack/events"
            body, content_type = encode(kind, payload)
            headers = {"Content-Type": content_type}
            if retry:
                headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
            answer = await self.post(url, body, headers)
            self._notice(answer.failure != "connection_failed")
        else:
            answer = Answer(failure="connection_failed")
        self._play.traffic.record(
            at=started[0],
            direction="to_bot",
            what=what,
            status=answer.status,
            ms=(time.perf_counter() - started[1]) * 1_000,
            request=sent,
            response={"failure": answer.failure}
            if answer.failure and not answer.text
            else answer.payload or answer.text,
        )
        return answer

    async def post(
        self,
        url: str,
        body: bytes,
        headers: dict[str, str],
        *,
        sign: bool = True,
        patience_seconds: float | None = None,
    ) -> Answer:
        """POST bytes, signed with the machine's time, since the bot compares it with its own."""
        if self._session is None:
            return Answer(failure="connection_failed")
        if sign:
            timestamp = str(int(time.time()))
            headers = headers | {
                "X-Slack-Request-Timestamp": timestamp,
                "X-Slack-Signature": signature(self._play.options.signing_secret, timestamp, body),
            }
        timeout = aiohttp.ClientTimeout(total=patience_seconds or self._play.options.ack_seconds)
        headers = {"User-Agent": "Slackbot 1.0 (playground)", "Accept": "*/*"} | headers
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=timeout, max_redirects=REDIRECTS_MAX
            ) as response:
                text = await response.text(errors="replace")
                failure = None if 200 <= response.status < 300 else "http_error"
                is_json = response.content_type == "application/json"
                return Answer(response.status, text, _object(text) if is_json else None, failure, response.headers)
        except TimeoutError:
            return Answer(failure="http_timeout")
        except aiohttp.TooManyRedirects:
            return Answer(failure="too_many_redirects")
        except (aiohttp.ClientError, OSError):
            return Answer(failure="connection_failed")

    async def watch(self) -> None:
        """Look for the bot again and again, so that an open page learns when it comes and goes."""
        while True:
            await asyncio.sleep(self._play.options.look_seconds)
            if self._play.stream.subscribers:
                await self.probe()

    async def probe(self) -> None:
        """Look whether something listens at the bot's address, without saying anything to it."""
        if not self._play.options.bot_url or self._play.sockets.connected:
            return
        address = urlsplit(self._play.options.bot_url)
        try:
            async with asyncio.timeout(1):
                _, writer = await asyncio.open_connection(address.hostname, address.port or 80)
        except (OSError, TimeoutError):
            self._notice(False)
            return
        writer.close()
        self._notice(True)

    def _notice(self, listens: bool) -> None:
        if listens != self.bot_listens:
            self.bot_listens = listens
            self._play.stream.tell({"type": "state"})


def encode(kind: str, payload: Json) -> tuple[bytes, str]:
    """Body and content type of a delivery over HTTP."""
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _object(text: str) -> Json | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
