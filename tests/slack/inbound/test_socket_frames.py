"""Socket Mode over a real socket: what takes too long to read is dropped unread, the next frame is answered."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.slack.inbound.signature import BODY_MAX, VALUES_MAX
from tests.slack.inbound.edge_world import Edge, running

TYPED = {"command": "/deploy", "text": "quiet", "user_id": "U0ANA", "team_id": "T1", "trigger_id": "1.1"}


def envelope(id: str, **more: Any) -> str:
    return json.dumps({"type": "slash_commands", "envelope_id": id, "payload": TYPED | more})


class Slack:
    """Slack's end of the socket."""

    def __init__(self) -> None:
        self.socket = web.WebSocketResponse()
        self.answered: asyncio.Queue[str] = asyncio.Queue()
        self.open = asyncio.Event()

    async def talk(self, request: web.Request) -> web.WebSocketResponse:
        await self.socket.prepare(request)
        self.open.set()
        async for message in self.socket:
            self.answered.put_nowait(json.loads(message.data)["envelope_id"])
        return self.socket

    async def first_answer(self) -> str:
        async with asyncio.timeout(10):
            return await self.answered.get()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Edge, Slack]]:
    slack = Slack()
    app = web.Application()
    app.router.add_get("/socket", slack.talk)
    async with TestServer(app) as server, running() as edge:
        edge.slack.socket_url = str(server.make_url("/socket"))
        await edge.edge.start_socket("xapp-1", 1)
        await slack.open.wait()
        yield edge, slack


DROPPED = {
    "too large": envelope("bad", text="x" * BODY_MAX),
    "too many values": envelope("bad", blocks=[1] * (VALUES_MAX + 1)),
    "too many values, of lists": '{"payload": [' + ",".join(["[]"] * 50_001) + "]}",
    "not readable": '{"envelope_id": ',
    "not readable, for its depth": '{"payload": ' + "[" * 40_000,
    "not readable, for a number": '{"payload": ' + "1" * 5_000 + "}",
    "not readable, for half a character": envelope("bad", text="\ud800"),
}


@pytest.mark.parametrize("why", DROPPED)
async def test_a_frame_that_is_too_much_is_dropped_and_the_next_one_is_answered(why: str) -> None:
    async with connected() as (_, slack):
        with structlog.testing.capture_logs() as lines:
            for frame in ("", DROPPED[why], DROPPED[why], envelope("good")):
                await slack.socket.send_str(frame)
            assert await slack.first_answer() == "good"
        dropped = [line for line in lines if line["event"] == "slack.frame_dropped"]
        assert [line["why"] for line in dropped] == [why.partition(",")[0]]


async def test_a_frame_as_large_as_slack_sends_them_is_answered() -> None:
    async with connected() as (edge, slack):
        view = [{"type": "section", "text": {"type": "mrkdwn", "text": "a, b" * 100}} for _ in range(500)]
        await slack.socket.send_str(envelope("large", view=view))
        assert await slack.first_answer() == "large"
        await edge.settle()
