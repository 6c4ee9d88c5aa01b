"""People, lists, groups, reactions, pins, bookmarks and files, as the real SDK meets them."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import Served


async def error_of(call) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response["error"]


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
