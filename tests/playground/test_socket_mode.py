"""Socket Mode with the real SDK: hello, envelopes, acknowledgements, repeats, disconnects."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import Served
from tests.playground.conftest import Bot, Browser, bolt


async def connect(served: Served, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """A bare connection, for what the SDK hides."""
    headers = {"Authorization": f"Bearer {served.play.options.app_token}"}
    async with session.post(f"{served.url}/api/apps.connections.open", headers=headers) as response:
        url = (await response.json())["url"]
    socket = await session.ws_connect(url, autoping=False)
    assert (await socket.receive_json())["type"] == "hello"
    return socket


async def test_only_the_app_token_opens_a_connection_and_a_ticket_opens_one(
    served: Served, slack: AsyncWebClient, session: aiohttp.ClientSession
):
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await slack.apps_connections_open(app_token=served.play.options.bot_token)
    url = (await slack.apps_connections_open(app_token=served.play.options.app_token))["url"]
    async with session.ws_connect(url) as socket:
        await socket.receive_json()
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(url)


async def test_commands_events_and_forms_travel_over_the_socket(socket_bot: Bot, browser: Browser):
    @socket_bot.app.command("/deploy")
    async def deploy(ack, body):
        socket_bot.seen.put_nowait(body["text"])
        await ack("on its way")

    @socket_bot.app.event("app_mention")
    async def mentioned(event):
        socket_bot.seen.put_nowait(event["text"])

    assert (await browser.get("state"))["mode"] == "socket"
    assert await browser.send("/deploy web") == {"ok": True}
    await browser.send("@eightbells status")

    assert [await socket_bot.next(), await socket_bot.next()] == ["web", "<@U0BELLS> status"]
    assert "on its way" in [message["text"] for message in await browser.messages()]


async def test_an_envelope_is_acknowledged_on_its_connection_with_a_payload_only_where_it_may(
    served: Served, session: aiohttp.ClientSession, browser: Browser
):
    socket = await connect(served, session)
    sending = asyncio.create_task(browser.send("/deploy web"))
    envelope = await socket.receive_json()
    await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "ok"}})

    assert await sending == {"ok": True}
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    assert envelope["payload"]["command"] == "/deploy"
    assert (await browser.messages())[-1]["text"] == "ok"

    sending = asyncio.create_task(browser.post("shortcut", callback_id="new"))
    envelope = await socket.receive_json()
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("interactive", False)
    await socket.send_json({"envelope_id": envelope["envelope_id"]})
    assert await sending == {"ok": True}
    await socket.close()


async def test_an_event_without_acknowledgement_comes_again_and_says_so(
    served: Served, session: aiohttp.ClientSession, browser: Browser
):
    served.play.options.ack_seconds = 0.05
    socket = await connect(served, session)
    await browser.send("@eightbells status")

    envelopes = [await socket.receive_json() for _ in range(4)]
    await served.play.events.settled()
    await socket.close()

    assert [(e["retry_attempt"], e["retry_reason"]) for e in envelopes] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert len({envelope["payload"]["event_id"] for envelope in envelopes}) == 1


async def test_a_slash_command_without_acknowledgement_is_an_operation_timeout(
    served: Served, session: aiohttp.ClientSession, browser: Browser
):
    served.play.options.ack_seconds = 0.05
    socket = await connect(served, session)

    assert (await browser.send("/deploy web"))["error"] == "operation_timeout"
    await socket.close()


async def test_pings_are_answered_with_their_own_payload(served: Served, session: aiohttp.ClientSession):
    socket = await connect(served, session)
    await socket.ping(b"sdk-ping-pong:1760000000.1")

    answer = await socket.receive()
    await socket.close()

    assert (answer.type, bytes(answer.data)) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1760000000.1")


@pytest.mark.parametrize("fault", [{"kind": "disconnect", "reason": "refresh_requested"}, {"kind": "drop"}])
async def test_the_sdk_comes_back_after_a_disconnect(
    served: Served, session: aiohttp.ClientSession, browser: Browser, fault: dict
):
    made = bolt(served, session)

    @made.app.command("/deploy")
    async def deploy(ack):
        await ack("still here")

    handler = AsyncSocketModeHandler(made.app, served.play.options.app_token, ping_interval=0.1)
    await handler.connect_async()
    connection = served.play.sockets._connections[0]

    await browser.post("faults", **fault)
    async with asyncio.timeout(5), browser.stream() as next_of:
        while served.play.sockets._connections in ([], [connection]):
            await next_of("state")

    assert await browser.send("/deploy web") == {"ok": True}
    await handler.close_async()


async def test_ten_connections_share_the_envelopes_and_an_eleventh_is_sent_away(
    served: Served, session: aiohttp.ClientSession, browser: Browser
):
    sockets = [await connect(served, session) for _ in range(10)]
    with pytest.raises(AssertionError):
        await connect(served, session)

    got: list[int] = []

    async def serve(number: int, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                got.append(number)
                await socket.send_json({"envelope_id": message.json()["envelope_id"]})

    serving = [asyncio.create_task(serve(number, socket)) for number, socket in enumerate(sockets)]
    for _ in range(10):
        await browser.send("/deploy web")
    for socket in sockets:
        await socket.close()
    await asyncio.gather(*serving)

    assert sorted(got) == list(range(10))
