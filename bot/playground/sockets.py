"""Socket Mode: single-use tickets, up to ten connections, each envelope to one of them, acknowledged there."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from bot.playground.transport import Answer

if TYPE_CHECKING:
    from bot.playground.playground import Playground

Json = dict[str, Any]

CONNECTIONS_MAX = 10
PING_SECONDS = 10.0
DISCONNECT_REASONS = ("warning", "refresh_requested", "link_disabled")
ANSWERED_TYPES = ("view_submission", "block_suggestion")  # besides slash commands


@dataclass(eq=False)
class Connection:
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    waiting: dict[str, asyncio.Future[Json]] = field(default_factory=dict)


class Sockets:
    """The open connections of the app."""

    def __init__(self, play: Playground) -> None:
        self._play = play
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._turn = 0

    @property
    def connected(self) -> bool:
        return bool(self._connections)

    def ticket(self) -> str:
        """A socket address that opens one connection."""
        ticket = self._play.ids.secret(32)
        self._tickets.add(ticket)
        base = self._play.base_url.replace("http", "ws", 1)
        return f"{base}/socket?ticket={ticket}&app_id={self._play.workspace.app_id}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until either side ends it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        self._tickets.discard(ticket)
        # autoping answers the SDK's pings with their own payload, without which it calls itself stale.
        socket = web.WebSocketResponse(autoping=True, heartbeat=PING_SECONDS, max_msg_size=16 * 1024 * 1024)
        await socket.prepare(request)
        if len(self._connections) >= CONNECTIONS_MAX:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        connection = Connection(socket, request.transport)
        self._connections.append(connection)
        self._play.stream.tell({"type": "state"})
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._acknowledged(connection, message.data)
        finally:
            self._connections.remove(connection)
            for future in connection.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionResetError("the connection ended before the acknowledgement"))
            self._play.stream.tell({"type": "state"})
        return socket

    def _hello(self) -> Json:
        debug = {"host": "applink-playground", "build_number": 1, "approximate_connection_time": 3_600}
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": debug,
            "connection_info": {"app_id": self._play.workspace.app_id},
        }

    @staticmethod
    def _acknowledged(connection: Connection, text: str) -> None:
        try:
            acknowledgement = json.loads(text)
        except ValueError:
            return
        if not isinstance(acknowledgement, dict):
            return
        future = connection.waiting.get(str(acknowledgement.get("envelope_id")))
        if future and not future.done():
            future.set_result(acknowledgement)

    async def send(self, kind: str, payload: Json, *, retry: int = 0, reason: str = "") -> Answer:
        """Send an envelope to the next connection in turn and wait for its acknowledgement."""
        self._turn += 1
        connection = self._connections[self._turn % len(self._connections)]
        envelope_id = self._play.ids.uuid()
        accepts = kind == "slash_commands" or payload.get("type") in ANSWERED_TYPES
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": accepts,
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": reason.removeprefix("http_")}
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = future
        try:
            await connection.socket.send_json(envelope)
            async with asyncio.timeout(self._play.options.ack_seconds):
                acknowledgement = await future
        except TimeoutError:
            return Answer(failure="http_timeout")
        except (ConnectionError, RuntimeError):  # aiohttp raises RuntimeError on a socket that is closing
            return Answer(failure="connection_failed")
        finally:
            connection.waiting.pop(envelope_id, None)
        given = acknowledgement.get("payload") if accepts else None
        return Answer(status=200, payload=given if isinstance(given, dict) and given else None)

    async def disconnect(self, reason: str) -> int:
        """Tell every connection to go, as Slack does before it recycles them; how many were told."""
        connections = list(self._connections)
        for connection in connections:
            await connection.socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-playground"}}
            )
        return len(connections)

    def drop(self) -> int:
        """Cut every connection without a word; how many there were."""
        connections = list(self._connections)
        for connection in connections:
            if connection.transport:
                connection.transport.abort()
        return len(connections)

    async def close(self) -> None:
        for connection in list(self._connections):
            await connection.socket.close()
