"""What people do reaches a real Bolt app over signed HTTP, and its answers reach people."""

from __future__ import annotations

import asyncio

from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import Served
from tests.playground.conftest import Bot, Browser

BUTTON = {"type": "button", "action_id": "ok", "text": {"type": "plain_text", "text": "Approve"}, "value": "dep-42"}
CARD = [{"type": "actions", "block_id": "act", "elements": [BUTTON]}]


async def test_a_slash_command_arrives_and_its_text_is_shown_to_the_person_only(bot: Bot, browser: Browser):
    @bot.app.command("/deploy")
    async def deploy(ack, body):
        bot.seen.put_nowait(body)
        await ack("on its way")

    assert await browser.send("/deploy web v1.4.0 to <production> & @ana") == {"ok": True}

    body = await bot.next()
    assert (body["command"], body["text"]) == ("/deploy", "web v1.4.0 to <production> & @ana")
    assert (body["user_id"], body["channel_name"]) == ("U0ANA", "deploys")
    shown = (await browser.messages())[-1]
    assert (shown["text"], shown["ephemeral"], shown["author"]["name"]) == ("on its way", True, "eightbells")
    browser.as_ = "U0TOM"
    assert (await browser.messages())[-1]["text"] != "on its way"


async def test_an_answer_in_channel_shows_the_command_to_everybody(bot: Bot, browser: Browser):
    @bot.app.command("/deploy")
    async def deploy(ack):
        await ack(response_type="in_channel", text="on its way")

    await browser.send("/deploy web")

    browser.as_ = "U0TOM"
    assert [message["text"] for message in (await browser.messages())[-2:]] == ["/deploy web", "on its way"]


async def test_should_escape_turns_names_into_labelled_mentions(bot: Bot, browser: Browser, manifest):
    manifest(commands=[{"command": "/ask", "should_escape": True}])

    @bot.app.command("/ask")
    async def ask(ack, body):
        bot.seen.put_nowait(body["text"])
        await ack(response_type="in_channel")

    await browser.send("/ask @ana & #web")

    assert await bot.next() == "<@U0ANA|ana> &amp; <#C0WEB|web>"
    assert (await browser.messages())[-1]["text"] == "/ask <@U0ANA> &amp; <#C0WEB|web>"


async def test_a_command_that_is_not_in_the_manifest_never_leaves(bot: Bot, browser: Browser, manifest):
    manifest(commands=[{"command": "/deploy"}])

    answer = await browser.send("/depoly web")

    assert answer == {"ok": False, "error": "unknown_command", "text": "/depoly is not a valid command."}
    assert bot.requests == []


async def test_slash_commands_do_not_work_in_threads(bot: Bot, browser: Browser, slack: AsyncWebClient):
    ts = (await slack.chat_postMessage(channel="C0DEPLOYS", text="x"))["ts"]

    assert (await browser.send("/deploy web", thread_ts=ts))["error"] == "slash_in_thread"


async def test_no_answer_in_time_is_an_operation_timeout(served: Served, bot: Bot, browser: Browser):
    served.play.options.ack_seconds = 0.05
    release = asyncio.Event()

    @bot.app.command("/slow")
    async def slow(ack):
        await release.wait()
        await ack()

    answer = await browser.send("/slow")
    release.set()

    assert answer["error"] == "operation_timeout"
    assert "/slow" in answer["text"]


async def test_a_bot_that_is_not_there_is_said_to_be_not_there(served: Served, browser: Browser):
    served.play.options.bot_url = "http://127.0.0.1:9"

    answer = await browser.send("/deploy web")

    assert answer["error"] == "dispatch_failed"
    assert (await browser.get("state"))["mode"] == "waiting"


async def test_a_wrong_secret_is_refused_by_bolt(served: Served, bot: Bot, browser: Browser):
    served.play.options.signing_secret = "another"

    answer = await browser.send("/deploy web")

    assert answer["error"] == "http_client_error"


async def test_a_mention_arrives_twice_where_both_events_are_subscribed(bot: Bot, browser: Browser, manifest):
    manifest()

    @bot.app.event("app_mention")
    async def mentioned(body):
        bot.seen.put_nowait(body)

    @bot.app.event("message")
    async def message(body):
        bot.seen.put_nowait(body)

    await browser.send("@eightbells status of #web <now> & later")

    first, second = sorted([await bot.next(), await bot.next()], key=lambda body: body["event"]["type"])
    assert [body["event"]["type"] for body in (first, second)] == ["app_mention", "message"]
    assert first["event"]["ts"] == second["event"]["ts"]
    assert first["event_id"] != second["event_id"]
    assert first["event"]["text"] == "<@U0BELLS> status of <#C0WEB|web> &lt;now&gt; &amp; later"
    assert "channel_type" not in first["event"]
    assert second["event"]["channel_type"] == "channel"


async def test_a_direct_message_is_a_message_and_never_an_app_mention(bot: Bot, browser: Browser):
    @bot.app.event("message")
    async def message(event):
        bot.seen.put_nowait(event)

    await browser.send("@eightbells hello", channel="D0ANA")

    event = await bot.next()
    assert (event["type"], event["channel_type"], event["channel"]) == ("message", "im", "D0ANA")
    assert len(bot.requests) == 1


async def test_the_bots_own_messages_come_back_with_its_bot_id(bot: Bot, slack: AsyncWebClient, manifest):
    manifest(scopes=["chat:write"])

    @bot.app.event("message")
    async def message(event):
        bot.seen.put_nowait(event)

    await slack.chat_postMessage(
        channel="C0WEB", text="mine", metadata={"event_type": "a", "event_payload": {"k": "v"}}
    )

    event = await bot.next()
    assert (event["bot_id"], event["text"], event["metadata"]) == ("B0BELLS", "mine", {"event_type": "a"})


async def test_an_event_that_fails_is_repeated_three_times_with_the_same_id(
    served: Served, bot: Bot, browser: Browser
):
    @bot.app.event("app_mention")
    async def mentioned(body):
        bot.seen.put_nowait(body["event_id"])

    @bot.app.middleware
    async def broken(req, resp, next_):
        bot.seen.put_nowait(req.body["event_id"])
        resp.status = 500
        return resp

    await browser.send("@eightbells status")
    await served.play.events.settled()

    ids = [bot.seen.get_nowait() for _ in range(4)]
    assert len(set(ids)) == 1
    assert bot.seen.empty()
    retries = [(r.get("x-slack-retry-num"), r.get("x-slack-retry-reason")) for r in bot.requests]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]


async def test_a_click_brings_the_message_and_its_state(bot: Bot, browser: Browser, slack: AsyncWebClient):
    select = {
        "type": "static_select",
        "action_id": "env",
        "options": [{"text": {"type": "plain_text", "text": "prod"}, "value": "prod"}],
    }
    blocks = [{"type": "actions", "block_id": "act", "elements": [BUTTON, select]}]
    ts = (await slack.chat_postMessage(channel="C0DEPLOYS", text="Deploy?", blocks=blocks))["ts"]

    @bot.app.action("ok")
    async def ok(ack, body, respond):
        await ack()
        bot.seen.put_nowait(body)
        await respond(text="Approved", replace_original=True)

    container = {"type": "message", "channel": "C0DEPLOYS", "ts": ts}
    answer = await browser.post("action", container=container, block_id="act", action_id="ok", value="forged")

    assert answer == {"ok": True}
    body = await bot.next()
    assert body["actions"][0] | {"action_ts": ""} == BUTTON | {"block_id": "act", "action_ts": ""} | {
        "text": {"type": "plain_text", "text": "Approve", "emoji": True}
    }
    assert body["state"]["values"] == {"act": {"env": {"type": "static_select", "selected_option": None}}}
    assert body["message"]["ts"] == ts
    assert (await browser.messages())[-1]["text"] == "Approved"
    assert "blocks" not in (await browser.messages())[-1]


async def test_an_ephemeral_message_is_not_sent_along_and_can_be_deleted(
    bot: Bot, browser: Browser, slack: AsyncWebClient
):
    ts = (await slack.chat_postEphemeral(channel="C0DEPLOYS", user="U0ANA", text="psst", blocks=CARD))["message_ts"]

    @bot.app.action("ok")
    async def ok(ack, body, respond):
        await ack()
        bot.seen.put_nowait(body)
        await respond(delete_original=True)

    container = {"type": "message", "channel": "C0DEPLOYS", "ts": ts, "ephemeral": True}
    await browser.post("action", container=container, block_id="act", action_id="ok")

    body = await bot.next()
    assert body["container"]["is_ephemeral"]
    assert "message" not in body
    assert all(message["ts"] != ts for message in await browser.messages())
    browser.as_ = "U0TOM"
    assert (await browser.post("action", container=container, block_id="act", action_id="ok"))[
        "error"
    ] == "message_not_found"


async def test_shortcuts_arrive_with_and_without_a_message(bot: Bot, browser: Browser, slack: AsyncWebClient):
    ts = (await slack.chat_postMessage(channel="C0WEB", text="db is slow"))["ts"]

    @bot.app.shortcut({"type": "shortcut", "callback_id": "new"})
    async def everywhere(ack, body):
        await ack()
        bot.seen.put_nowait(body)

    @bot.app.shortcut({"type": "message_action", "callback_id": "new"})
    async def on_message(ack, body):
        await ack()
        bot.seen.put_nowait(body)

    await browser.post("shortcut", callback_id="new")
    await browser.post("shortcut", callback_id="new", channel="C0WEB", ts=ts)

    first, second = await bot.next(), await bot.next()
    assert "channel" not in first
    assert "response_url" not in first
    assert (second["message"]["text"], second["channel"]["id"]) == ("db is slow", "C0WEB")


async def test_reactions_of_people_are_told_to_the_bot(bot: Bot, browser: Browser, slack: AsyncWebClient):
    ts = (await slack.chat_postMessage(channel="C0WEB", text="x"))["ts"]

    @bot.app.event("reaction_added")
    async def reacted(event):
        bot.seen.put_nowait(event)

    await browser.post("reaction", channel="C0WEB", ts=ts, name="white_check_mark")

    event = await bot.next()
    assert (event["reaction"], event["item"]["ts"], event["item_user"]) == ("white_check_mark", ts, "U0BELLS")
