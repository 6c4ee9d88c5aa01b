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


async def test_people_have_zones_and_guests_are_marked(slack: AsyncWebClient):
    tokyo = (await slack.users_info(user="U0MEI"))["user"]
    members = {member["id"]: member for member in (await slack.users_list())["members"]}

    assert (tokyo["tz"], tokyo["tz_offset"]) == ("Asia/Tokyo", 32_400)
    assert members["U0OMAR"]["is_restricted"]
    assert members["U0ANA"]["is_admin"]
    assert {member["tz"] for member in members.values() if not member["is_bot"]} == {
        "Europe/Berlin",
        "America/New_York",
        "Asia/Tokyo",
    }
    assert await error_of(slack.users_info(user="U0NOBODY")) == "user_not_found"


async def test_lists_come_in_pages(slack: AsyncWebClient):
    names: list[str] = []
    async for page in await slack.conversations_list(limit=3):
        assert len(page["channels"]) <= 3
        names += [channel["name"] for channel in page["channels"]]

    assert names == ["general", "deploys", "releases", "alerts", "standup", "builds", "web", "support"]


async def test_user_groups_can_be_read_and_changed(slack: AsyncWebClient):
    group = (await slack.usergroups_list(include_users=True))["usergroups"][0]
    await slack.usergroups_users_update(usergroup=group["id"], users=["U0TOM", "U0MEI"])

    assert group["handle"] == "release-team"
    assert (await slack.usergroups_users_list(usergroup=group["id"]))["users"] == ["U0TOM", "U0MEI"]


async def test_reactions_pins_and_bookmarks_say_when_they_are_there_already(slack: AsyncWebClient):
    ts = (await slack.chat_postMessage(channel="C0WEB", text="x"))["ts"]
    await slack.reactions_add(channel="C0WEB", timestamp=ts, name="eyes")
    await slack.pins_add(channel="C0WEB", timestamp=ts)
    await slack.bookmarks_add(channel_id="C0WEB", title="Runbook", type="link", link="https://ops.example.com")

    assert await error_of(slack.reactions_add(channel="C0WEB", timestamp=ts, name="eyes")) == "already_reacted"
    assert await error_of(slack.pins_add(channel="C0WEB", timestamp=ts)) == "already_pinned"
    history = await slack.conversations_history(channel="C0WEB", limit=1)
    assert history["messages"][0]["reactions"] == [{"name": "eyes", "users": ["U0BELLS"], "count": 1}]
    assert (await slack.bookmarks_list(channel_id="C0WEB"))["bookmarks"][0]["title"] == "Runbook"
    await slack.reactions_remove(channel="C0WEB", timestamp=ts, name="eyes")
    assert await error_of(slack.reactions_remove(channel="C0WEB", timestamp=ts, name="eyes")) == "no_reaction"


async def test_a_file_goes_up_in_three_steps_and_appears_as_a_message(
    slack: AsyncWebClient, served: Served, session: aiohttp.ClientSession
):
    comment = "the log " * 1_200
    await slack.files_upload_v2(
        channel="C0BUILDS", content="line 1\n", filename="build.log", initial_comment=comment
    )

    message = (await slack.conversations_history(channel="C0BUILDS", limit=1))["messages"][0]
    url = message["files"][0]["url_private"]
    async with session.get(url) as response:
        assert "Sign in" in await response.text()
    async with session.get(url, headers={"Authorization": f"Bearer {slack.token}"}) as response:
        assert await response.text() == "line 1\n"
        assert "sandbox" in response.headers["Content-Security-Policy"]
    assert (message["subtype"], message["text"]) == ("file_share", comment)


async def test_permalinks_name_the_thread(slack: AsyncWebClient):
    parent = (await slack.chat_postMessage(channel="C0WEB", text="x"))["ts"]
    reply = (await slack.chat_postMessage(channel="C0WEB", text="x", thread_ts=parent))["ts"]

    link = (await slack.chat_getPermalink(channel="C0WEB", message_ts=reply))["permalink"]

    assert link.endswith(f"/archives/C0WEB/p{reply.replace('.', '')}?thread_ts={parent}&cid=C0WEB")
