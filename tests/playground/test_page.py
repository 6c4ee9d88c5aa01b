"""The page's JSON interface: what each person sees, unread counts, the live stream, the clock, the traffic."""

from __future__ import annotations

import hashlib
import hmac

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import Served
from tests.playground.conftest import Bot, Browser, listening


async def test_the_state_shows_a_team_in_three_zones_and_its_channels(browser: Browser):
    state = await browser.get("state")

    people = {person["id"]: person for person in state["people"]}
    assert len([person for person in people.values() if not person["is_bot"]]) == 8
    assert {people[who]["tz"] for who in ("U0ANA", "U0TOM", "U0MEI")} == {
        "Europe/Berlin",
        "America/New_York",
        "Asia/Tokyo",
    }
    assert people["U0OMAR"]["is_guest"]
    assert [channel["name"] for channel in state["channels"] if channel["kind"] == "channel"] == [
        *("general", "deploys", "releases", "alerts", "standup", "builds", "web", "support")
    ]
    assert [channel["with"] for channel in state["channels"] if channel["kind"] == "im"] == ["U0BELLS"]
    assert state["mode"] == "waiting"


async def test_a_guest_sees_only_the_channels_they_are_in(browser: Browser):
    browser.as_ = "U0OMAR"

    names = [channel["name"] for channel in (await browser.get("state"))["channels"]]

    assert names == ["general", "web", "omar"]
    assert (await browser.get("messages/C0DEPLOYS"))["error"] == "channel_not_found"
    assert (await browser.send("hi", channel="C0DEPLOYS"))["error"] == "channel_not_found"
    assert (await browser.get("messages/D0ANA"))["error"] == "channel_not_found"


async def test_what_is_typed_is_escaped_and_names_become_tokens(browser: Browser):
    await browser.send("@Ana Keller & @release-team: <b> in #web, a@web.de https://x.example/a?b=1&c=2 @here")

    message = (await browser.messages())[-1]
    assert message["text"] == (
        "<@U0ANA> &amp; <!subteam^S0RELEASE>: &lt;b&gt; in <#C0WEB|web>, "
        "a@web.de <https://x.example/a?b=1&amp;c=2> <!here>"
    )
    kinds = [element["type"] for element in message["blocks"][0]["elements"][0]["elements"]]
    assert kinds == ["user", "text", "usergroup", "text", "channel", "text", "link", "text", "broadcast"]


async def test_unread_counts_are_per_person_and_end_with_reading(browser: Browser, slack: AsyncWebClient):
    async def counts(person: str, channel: str = "deploys") -> tuple[int, int]:
        browser.as_ = person
        found = next(c for c in (await browser.get("state"))["channels"] if c["name"] == channel)
        return found["unread"], found["mentions"]

    parent = (await slack.chat_postMessage(channel="C0DEPLOYS", text="for <@U0TOM> and <!subteam^S0RELEASE>"))["ts"]
    await slack.chat_postMessage(channel="C0DEPLOYS", text="plain")
    await slack.chat_postMessage(channel="C0DEPLOYS", text="a reply", thread_ts=parent)
    await slack.chat_postMessage(channel="U0TOM", text="for you")

    assert await counts("U0TOM") == (2, 1)
    assert await counts("U0ANA") == (2, 1)
    assert await counts("U0YUKI") == (2, 0)
    assert await counts("U0TOM", "tom") == (1, 1)
    browser.as_ = "U0TOM"
    await browser.post("read", channel="C0DEPLOYS")
    assert await counts("U0TOM") == (0, 0)


async def test_history_comes_oldest_first_in_pages_without_replies(browser: Browser, slack: AsyncWebClient):
    parent = (await slack.chat_postMessage(channel="C0RELEASES", text="m0"))["ts"]
    await slack.chat_postMessage(channel="C0RELEASES", text="reply", thread_ts=parent)
    for number in range(1, 5):
        await slack.chat_postMessage(channel="C0RELEASES", text=f"m{number}")

    last = await browser.get("messages/C0RELEASES", limit="3")
    first = await browser.get("messages/C0RELEASES", limit="3", before=last["messages"][0]["ts"])
    thread = await browser.get(f"thread/C0RELEASES/{parent}")

    assert [m["text"] for m in first["messages"] + last["messages"]] == ["m0", "m1", "m2", "m3", "m4"]
    assert (last["has_more"], first["has_more"]) == (True, False)
    assert first["messages"][0]["reply_count"] == 1
    assert [m["text"] for m in thread["messages"]] == ["m0", "reply"]


async def test_an_answer_to_a_reply_joins_its_thread(browser: Browser, slack: AsyncWebClient):
    parent = (await slack.chat_postMessage(channel="C0WEB", text="x"))["ts"]
    reply = (await slack.chat_postMessage(channel="C0WEB", text="x", thread_ts=parent))["ts"]

    await browser.send("joined", channel="C0WEB", thread_ts=reply)

    thread = (await browser.get(f"thread/C0WEB/{parent}"))["messages"]
    assert [message["text"] for message in thread] == ["x", "x", "joined"]
    assert thread[0]["reply_users"] == ["U0BELLS", "U0ANA"]


async def test_the_stream_tells_each_person_what_they_may_know(browser: Browser, slack: AsyncWebClient):
    async with browser.stream("U0ANA") as ana, browser.stream("U0OMAR") as omar:
        await slack.chat_postEphemeral(channel="C0WEB", user="U0ANA", text="for Ana")
        await slack.chat_postMessage(channel="C0DEPLOYS", text="for members")
        ts = (await slack.chat_postMessage(channel="C0WEB", text="for both"))["ts"]
        await slack.chat_update(channel="C0WEB", ts=ts, text="changed")
        await slack.chat_delete(channel="C0WEB", ts=ts)

        assert (await ana("ephemeral"))["message"]["text"] == "for Ana"
        assert (await ana("message"))["message"]["text"] == "for members"
        assert (await ana("message"))["message"]["author"]["is_bot"]
        assert (await ana("message_deleted"))["ts"] == ts
        first = await omar("message")
        assert (first["channel"], first["message"]["text"]) == ("C0WEB", "for both")
        assert (await omar("unread"))["unread"] == 1
        assert (await omar("message_changed"))["message"]["text"] == "changed"


async def test_an_open_page_learns_that_the_bot_has_come(served: Served, browser: Browser):
    async with browser.stream() as next_of:
        assert (await browser.get("state"))["mode"] == "waiting"
        async with listening(web.Application()) as url:
            served.play.options.bot_url = url
            await next_of("state")
            assert served.play.mode == "http"
        await next_of("state")
        assert served.play.mode == "waiting"


async def test_a_permalink_leads_to_the_thread_on_the_page(browser: Browser, slack: AsyncWebClient, session):
    parent = (await slack.chat_postMessage(channel="C0WEB", text="x"))["ts"]
    reply = (await slack.chat_postMessage(channel="C0WEB", text="x", thread_ts=parent))["ts"]
    link = (await slack.chat_getPermalink(channel="C0WEB", message_ts=reply))["permalink"]

    async with session.get(link, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, f"/?channel=C0WEB&thread={parent}")


async def test_the_clock_moves_forward_only_and_tells_the_bot_first(served: Served, browser: Browser, slack):
    told: list[tuple[bytes, str, str]] = []

    async def hook(request: web.Request) -> web.Response:
        headers = request.headers
        told.append((await request.read(), headers["X-Slack-Request-Timestamp"], headers["X-Slack-Signature"]))
        return web.Response()

    site = web.Application()
    site.router.add_post("/clock", hook)
    before = (await slack.chat_postMessage(channel="C0WEB", text="x"))["ts"]
    async with listening(site) as url:
        served.play.options.clock_hook = f"{url}/clock"
        answer = await browser.post("clock", advance_seconds=3_600)
    after = (await slack.chat_postMessage(channel="C0WEB", text="x"))["ts"]

    (body, timestamp, signature) = told[0]
    secret = served.play.options.signing_secret.encode()
    expected = hmac.new(secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    assert (body, signature) == (b'{"offset_seconds": 3600.0}', f"v0={expected}")
    assert (answer["offset_seconds"], answer["bot"]) == (3_600, "told")
    assert float(after) - float(before) >= 3_600
    assert (await browser.post("clock", advance_seconds=-1))["text"].startswith("The clock only moves forward")
    assert (await browser.post("clock", to="2020-01-01T00:00:00Z"))["error"] == "refused"
    assert (await browser.post("clock", to="tomorrow"))["error"] == "refused"


async def test_the_traffic_shows_both_directions_without_secrets(
    served: Served, bot: Bot, browser: Browser, slack: AsyncWebClient, session: aiohttp.ClientSession
):
    @bot.app.command("/deploy")
    async def deploy(ack, respond):
        await ack("on its way")
        await respond("later")
        bot.seen.put_nowait("done")

    await browser.send("/deploy web")
    await bot.next()
    await slack.apps_connections_open(app_token=served.play.options.app_token)
    rows = await browser.get("traffic", after="0")

    seen = {(row["direction"], row["what"]) for row in rows}
    assert seen >= {("to_bot", "/deploy"), ("from_bot", "response_url"), ("from_bot", "apps.connections.open")}
    command = next(row for row in rows if row["what"] == "/deploy")
    assert (command["request"]["text"], command["response"]) == ("web", "on its way")
    assert command["request"]["response_url"].endswith("/respond/[hidden]")
    ticket = next(row for row in rows if row["what"] == "apps.connections.open")["response"]["url"]
    assert "ticket=[hidden]" in ticket
    options = served.play.options
    assert not any(secret in str(rows) for secret in (options.bot_token, options.app_token, options.signing_secret))
    assert await browser.get("traffic", after=str(rows[-1]["n"])) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("send", {"channel": "C0WEB"}),
        ("send", {"channel": "C0WEB", "text": " "}),
        ("send", {"channel": "C0WEB", "text": "x", "as": "U0NOBODY"}),
        ("send", {"channel": "C0WEB", "text": "x", "as": "U0BELLS"}),
        ("send", {"channel": "C0WEB", "text": "x", "thread_ts": "1.000001"}),
        ("action", {"container": {"type": "view", "view_id": "V0"}, "block_id": "a", "action_id": "b"}),
        ("action", {"container": [], "block_id": "a", "action_id": "b"}),
        ("clock", {"advance_seconds": "soon"}),
        ("reaction", {"channel": "C0WEB", "ts": "1.000001", "name": "eyes"}),
        ("faults", {"kind": "earthquake"}),
        ("deliver", {"source": "..", "name": "passwd"}),
    ],
)
async def test_nonsense_from_the_page_is_answered_with_a_sentence(browser: Browser, path: str, body: dict):
    answer = await browser.post(path, **body)

    assert not answer["ok"]
    assert answer["text"].endswith(".")
