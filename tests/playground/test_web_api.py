"""The Web API as the real SDK meets it: encodings, tokens, scopes, messages, history and refusals."""

from __future__ import annotations

import json

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import Served

KEY = {"event_type": "posted", "event_payload": {"key": "incident:7:opened"}}


def section(text: str = "hello") -> dict:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def refused(call) -> SlackApiError:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value


async def error_of(call) -> str:
    return (await refused(call)).response["error"]


async def test_auth_test_names_the_bot_and_sends_lower_case_headers(slack: AsyncWebClient):
    answer = await slack.auth_test()

    assert answer["user_id"] == "U0BELLS"
    assert answer["bot_id"] == "B0BELLS"
    assert "x-slack-req-id" in answer.headers


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "not_authed"),
        ({"Authorization": "Bearer xoxb-playground-other"}, "invalid_auth"),
        ({"Authorization": "Bearer xapp-playground-token"}, "not_allowed_token_type"),
    ],
)
async def test_only_the_bot_token_opens_the_web_api(
    served: Served, session: aiohttp.ClientSession, headers: dict[str, str], error: str
):
    async with session.post(f"{served.url}/api/auth.test?token=xoxb-playground-token", headers=headers) as response:
        assert await response.json() == {"ok": False, "error": error}


async def test_an_unknown_method_says_so(slack: AsyncWebClient):
    error = await refused(slack.api_call("chat.postMesage"))

    assert error.response.data == {"ok": False, "error": "unknown_method", "req_method": "chat.postMesage"}


@pytest.mark.parametrize("how", ["json", "form", "query"])
async def test_arguments_arrive_in_all_three_encodings(served: Served, session: aiohttp.ClientSession, how: str):
    arguments = {"channel": "C0DEPLOYS", "text": "hi", "blocks": json.dumps([section()])}
    place = {"json": arguments} if how == "json" else {"data" if how == "form" else "params": arguments}
    headers = {"Authorization": "Bearer xoxb-playground-token"}
    async with session.post(f"{served.url}/api/chat.postMessage", headers=headers, **place) as response:
        answer = await response.json()

    assert answer["ok"], answer
    assert answer["message"]["blocks"][0]["text"] == {"type": "mrkdwn", "text": "hello", "verbatim": False}


async def test_a_very_long_address_is_read(slack: AsyncWebClient):
    users = ",".join(["U0ANA"] * 3_000)

    assert await error_of(slack.conversations_open(users=users)) == "too_many_users"


async def test_timestamps_are_unique_and_grow_and_history_returns_newest_first(slack: AsyncWebClient):
    posted = [(await slack.chat_postMessage(channel="C0ALERTS", text=f"m{n}"))["ts"] for n in range(20)]

    history = await slack.conversations_history(channel="C0ALERTS", limit=20)

    assert posted == sorted(set(posted))
    assert [message["ts"] for message in history["messages"]] == posted[::-1]


async def test_metadata_is_returned_whole_only_on_demand(slack: AsyncWebClient):
    parent = (await slack.chat_postMessage(channel="C0ALERTS", text="parent", metadata=KEY))["ts"]
    await slack.chat_postMessage(channel="C0ALERTS", text="reply", thread_ts=parent, metadata=KEY)
    asked = {"channel": "C0ALERTS", "ts": parent, "include_all_metadata": True}

    short = (await slack.conversations_history(channel="C0ALERTS", limit=1))["messages"][0]
    whole = (await slack.conversations_history(channel="C0ALERTS", limit=1, include_all_metadata=True))["messages"][
        0
    ]
    thread = (await slack.conversations_replies(**asked))["messages"]

    assert short["metadata"] == {"event_type": "posted"}
    assert whole["metadata"] == KEY
    assert [message["metadata"] for message in thread] == [KEY, KEY]


async def test_history_pages_meet_without_gap_or_repeat(slack: AsyncWebClient):
    first = (await slack.chat_postMessage(channel="C0BUILDS", text="m0"))["ts"]
    posted = [first] + [
        (await slack.chat_postMessage(channel="C0BUILDS", text=f"m{n}"))["ts"] for n in range(1, 25)
    ]

    seen: list[str] = []
    async for page in await slack.conversations_history(channel="C0BUILDS", oldest=first, inclusive=True, limit=7):
        seen += [message["ts"] for message in page["messages"]]

    assert seen == posted[::-1]


async def test_the_window_of_history_excludes_its_ends_unless_inclusive(slack: AsyncWebClient):
    a, b, c = [(await slack.chat_postMessage(channel="C0WEB", text=text))["ts"] for text in "abc"]

    inner = await slack.conversations_history(channel="C0WEB", oldest=a, latest=c)
    one = await slack.conversations_history(channel="C0WEB", oldest=b, latest=b, inclusive=True, limit=1)

    assert [message["ts"] for message in inner["messages"]] == [b]
    assert [message["ts"] for message in one["messages"]] == [b]


async def test_replies_stay_out_of_history_unless_broadcast_and_count_on_the_parent(slack: AsyncWebClient):
    parent = (await slack.chat_postMessage(channel="C0WEB", text="parent"))["ts"]
    quiet = (await slack.chat_postMessage(channel="C0WEB", text="quiet", thread_ts=parent))["ts"]
    loud = (await slack.chat_postMessage(channel="C0WEB", text="loud", thread_ts=parent, reply_broadcast=True))[
        "ts"
    ]

    history = (await slack.conversations_history(channel="C0WEB", oldest=parent, inclusive=True))["messages"]
    thread = (await slack.conversations_replies(channel="C0WEB", ts=quiet))["messages"]

    assert [message["ts"] for message in history] == [loud, parent]
    assert [message["ts"] for message in thread] == [parent, quiet, loud]
    assert (history[1]["reply_count"], history[1]["latest_reply"]) == (2, loud)
    assert history[0]["subtype"] == "thread_broadcast"
    assert (
        await error_of(slack.chat_postMessage(channel="C0WEB", text="x", thread_ts=quiet))
        == "cannot_reply_to_message"
    )
    assert (
        await error_of(slack.chat_postMessage(channel="C0WEB", text="x", thread_ts="1.000001"))
        == "thread_not_found"
    )


async def test_text_is_stored_as_slack_stores_it(slack: AsyncWebClient):
    text = "a & b, see https://ops.example.com/7?x=1. <https://x.example|x> &lt;!channel&gt;"

    stored = (await slack.chat_postMessage(channel="C0WEB", text=text))["message"]["text"]

    assert stored == "a &amp; b, see <https://ops.example.com/7?x=1>. <https://x.example|x> &lt;!channel&gt;"


async def test_an_update_with_only_text_drops_the_blocks_and_is_marked_edited(slack: AsyncWebClient):
    ts = (await slack.chat_postMessage(channel="C0WEB", text="one", blocks=[section()], metadata=KEY))["ts"]

    kept = (await slack.chat_update(channel="C0WEB", ts=ts, text="two", blocks=[section("new")]))["message"]
    plain = (await slack.chat_update(channel="C0WEB", ts=ts, text="three"))["message"]
    cleared = (await slack.chat_update(channel="C0WEB", ts=ts, text="four", metadata={}))["message"]

    assert kept["blocks"][0]["text"]["text"] == "new"
    assert "edited" not in kept
    assert "blocks" not in plain
    assert "edited" in plain
    assert plain["metadata"] == KEY
    assert "metadata" not in cleared


async def test_only_own_messages_can_be_changed_or_deleted(slack: AsyncWebClient):
    theirs = (await slack.conversations_history(channel="C0WEB", limit=1))["messages"][0]["ts"]

    assert await error_of(slack.chat_update(channel="C0WEB", ts=theirs, text="x")) == "cant_update_message"
    assert await error_of(slack.chat_delete(channel="C0WEB", ts=theirs)) == "cant_delete_message"
    assert await error_of(slack.chat_update(channel="C0WEB", ts="1.000001", text="x")) == "message_not_found"


async def test_a_deleted_parent_with_replies_leaves_a_tombstone(slack: AsyncWebClient):
    parent = (await slack.chat_postMessage(channel="C0WEB", text="parent"))["ts"]
    alone = (await slack.chat_postMessage(channel="C0WEB", text="alone"))["ts"]
    await slack.chat_postMessage(channel="C0WEB", text="reply", thread_ts=parent)

    for ts in (parent, alone):
        await slack.chat_delete(channel="C0WEB", ts=ts)

    history = (await slack.conversations_history(channel="C0WEB", oldest=parent, inclusive=True))["messages"]
    assert [(message["ts"], message.get("subtype")) for message in history] == [(parent, "tombstone")]
    assert await error_of(slack.chat_delete(channel="C0WEB", ts=alone)) == "message_not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "U0BELLS", "text": "x"}, "channel_not_found"),
        ({"channel": "C0WEB"}, "no_text"),
        ({"channel": "C0WEB", "text": "   "}, "no_text"),
        ({"channel": "C0WEB", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": "C0WEB", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": "C0WEB", "text": "x", "attachments": [{"text": "y"}] * 101}, "too_many_attachments"),
        ({"channel": "C0WEB", "text": "x", "metadata": {"event_type": "bad type"}}, "invalid_metadata_schema"),
        ({"channel": "C0WEB", "text": "x", "thread_ts": "soon"}, "invalid_thread_ts"),
    ],
)
async def test_posts_that_slack_refuses(slack: AsyncWebClient, arguments: dict, error: str):
    assert await error_of(slack.api_call("chat.postMessage", json=arguments)) == error


async def test_long_texts_are_cut_by_posting_and_refused_by_updating(slack: AsyncWebClient):
    posted = await slack.chat_postMessage(channel="C0WEB", text="x" * 40_001)

    assert posted["warning"] == "message_truncated"
    assert len(posted["message"]["text"]) == 40_000
    assert await error_of(slack.chat_update(channel="C0WEB", ts=posted["ts"], text="x" * 4_001)) == "msg_too_long"


async def test_the_bot_must_be_in_a_channel_to_post(slack: AsyncWebClient):
    await slack.conversations_leave(channel="C0SUPPORT")
    assert await error_of(slack.chat_postMessage(channel="C0SUPPORT", text="x")) == "not_in_channel"

    await slack.conversations_join(channel="C0SUPPORT")
    assert (await slack.conversations_join(channel="C0SUPPORT"))["warning"] == "already_in_channel"
    assert (await slack.chat_postMessage(channel="C0SUPPORT", text="x"))["ok"]


async def test_scopes_are_those_of_the_manifest(slack: AsyncWebClient, manifest):
    manifest(scopes=["chat:write", "commands"])

    assert (await slack.chat_postMessage(channel="C0WEB", text="x")).headers[
        "x-oauth-scopes"
    ] == "chat:write,commands"
    error = await refused(slack.conversations_history(channel="D0ANA"))
    assert error.response["error"] == "missing_scope"
    assert (error.response["needed"], error.response["provided"]) == ("im:history", "chat:write,commands")


async def test_direct_messages_open_once_and_a_user_id_posts_there(slack: AsyncWebClient):
    opened = (await slack.conversations_open(users="U0MEI"))["channel"]["id"]
    posted = await slack.chat_postMessage(channel="U0MEI", text="x")
    group = (await slack.conversations_open(users="U0MEI,U0TOM"))["channel"]["id"]

    assert posted["channel"] == opened
    assert (await slack.conversations_open(users="U0TOM,U0MEI"))["channel"]["id"] == group


@pytest.mark.parametrize("text", ["\ud800 half a pair", "\u202e\u2028\x00", "𝄞"])
async def test_odd_text_is_stored_and_returned_without_an_error(served: Served, slack: AsyncWebClient, text: str):
    posted = await slack.api_call("chat.postMessage", json={"channel": "C0WEB", "text": text})
    history = await slack.conversations_history(channel="C0WEB", limit=1)

    assert history["messages"][0]["ts"] == posted["ts"]


async def test_json_nested_without_end_is_refused(served: Served, session: aiohttp.ClientSession):
    headers = {"Authorization": "Bearer xoxb-playground-token", "Content-Type": "application/json"}
    nested = {"channel": "C0WEB", "text": "x", "blocks": "[" * 900 + "]" * 900}
    bodies = {"[" * 100_000: "invalid_json", "[]": "json_not_object", json.dumps(nested): "invalid_blocks"}
    for body, error in bodies.items():
        async with session.post(f"{served.url}/api/chat.postMessage", headers=headers, data=body) as response:
            assert (response.status, (await response.json())["error"]) == (200, error)
