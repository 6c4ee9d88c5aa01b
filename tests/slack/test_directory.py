"""Who is who: asked once, known at once, kept true by events, never waited for long."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.people import Channel
from bot.core.refusals import Refusal
from bot.slack import directory as directories
from bot.slack.directory import SlackDirectory
from tests.fakes import FakeClock

ANA = {
    "id": "U1",
    "team_id": "T1",
    "name": "ana.k",
    "tz": "Europe/Berlin",
    "is_admin": True,
    "profile": {"display_name": "Ana", "real_name": "Ana Keller"},
}
GUS = {"id": "U2", "team_id": "T1", "name": "gus", "is_restricted": True, "tz": "Mars/Olympus", "profile": {}}
OLD = {"id": "U3", "team_id": "T1", "name": "old", "deleted": True, "profile": {}}
FAR = {"id": "U4", "team_id": "T9", "name": "far", "profile": {}}
PEOPLE = {each["id"]: each for each in (ANA, GUS, OLD, FAR)}


class Slack:
    def __init__(self):
        self.calls, self.silent, self.forbidden = [], False, set()
        self.gate = asyncio.Event()

    async def method(self, request):  # noqa: PLR0911 - one a method of Slack
        name = request.match_info["name"]
        self.calls.append(name)
        if self.silent:
            await self.gate.wait()
        if name in self.forbidden:
            return web.json_response({"ok": False, "error": "missing_scope"})
        match name:
            case "users.info":
                user = PEOPLE.get(request.query["user"])
                return web.json_response({"ok": bool(user), "user": user, "error": "user_not_found"})
            case "users.list":
                # Two pages, one person each.
                last = request.query.get("cursor") == "2"
                page = {
                    "members": [GUS if last else ANA],
                    "response_metadata": {"next_cursor": "" if last else "2"},
                }
                return web.json_response({"ok": True, **page})
            case "usergroups.list":
                return web.json_response(
                    {"ok": True, "usergroups": [{"id": "S1", "handle": "web", "users": ["U1"]}]}
                )
            case "users.conversations":
                return web.json_response({"ok": True, "channels": [{"id": "C1", "name": "ops"}]})
            case "conversations.info":
                if request.query["channel"] != "C1":
                    return web.json_response({"ok": False, "error": "channel_not_found"})
                return web.json_response({"ok": True, "channel": {"id": "C1", "name": "ops", "is_member": True}})
        raise AssertionError(name)


@pytest.fixture
async def world():
    slack, clock = Slack(), FakeClock()
    app = web.Application()
    app.router.add_route("*", "/api/{name}", slack.method)
    async with TestServer(app) as server, ClientSession() as session:
        client = AsyncWebClient(
            token="x", base_url=str(server.make_url("/api/")), session=session, retry_handlers=[]
        )
        directory = SlackDirectory(client, clock, team_id="T1")
        yield directory, slack, clock
        slack.gate.set()
        await directory.close()


async def test_people_are_what_slack_says(world):
    directory, _, _ = world
    ana = await directory.person("U1")
    assert (ana.name, ana.zone, ana.is_admin, ana.is_member) == ("Ana", "Europe/Berlin", True, True)
    gus = await directory.person("U2")
    assert (gus.name, gus.zone, gus.is_guest) == ("gus", "UTC", True)
    assert (await directory.person("U3")).is_gone
    assert (await directory.person("U4")).is_stranger
    assert (await directory.person("U5")).is_stranger


async def test_a_person_is_asked_for_once_by_however_many_wait(world):
    directory, slack, _ = world
    await asyncio.gather(*(directory.person("U1") for _ in range(9)))
    await directory.person("U1")
    assert slack.calls == ["users.info"]


async def test_what_is_old_is_given_at_once_and_asked_for_meanwhile(world):
    directory, slack, clock = world
    await directory.person("U1")
    clock.move(timedelta(hours=2))
    slack.silent = True
    assert (await directory.person("U1")).name == "Ana"
    slack.gate.set()
    await asyncio.gather(*directory._tasks.values())
    assert slack.calls == ["users.info", "users.info"]


async def test_nobody_waits_long_for_a_silent_slack(world, monkeypatch):
    directory, slack, _ = world
    monkeypatch.setattr(directories, "ASKED_WITHIN", timedelta(milliseconds=10))
    slack.silent = True
    with pytest.raises(Refusal, match="Try again in a moment"):
        await directory.person("U1")


async def test_warm_reads_everything_and_names_are_known_at_once(world):
    directory, slack, _ = world
    await directory.warm()
    assert (await directory.person("U1")).groups == {"S1"}
    assert directory.name_of("U1") == "Ana"
    assert directory.name_of("C1") == "ops"
    assert directory.channel_named("#ops") == "C1"
    for called in ("Ana", "ana", "ANA KELLER", "ana.k"):
        assert [person.id for person in directory.people_named(called)] == ["U1"]
    assert directory.people_named("nobody") == []
    assert slack.calls.count("users.list") == 2


async def test_what_slack_does_not_let_us_read_is_left_out(world):
    directory, slack, _ = world
    slack.forbidden = {"usergroups.list", "users.conversations"}
    await directory.warm()
    assert [person.id for person in await directory.people()] == ["U1", "U2"]
    assert directory.name_of("C1") is None


async def test_events_keep_it_true(world):
    directory, _, _ = world
    await directory.warm()
    directory.happened({"type": "user_change", "user": {**ANA, "tz": "Asia/Tokyo"}})
    directory.happened({"type": "team_join", "user": FAR})
    directory.happened({"type": "subteam_members_changed", "subteam_id": "S1", "removed_users": ["U1"]})
    directory.happened({"type": "subteam_updated", "subteam": {"id": "S2", "users": ["U2"]}})
    directory.happened({"type": "channel_rename", "channel": {"id": "C1", "name": "operations"}})
    directory.happened({"type": "reaction_added", "user": "U1"})
    ana = await directory.person("U1")
    assert (ana.zone, ana.groups) == ("Asia/Tokyo", frozenset())
    assert (await directory.person("U2")).groups == {"S2"}
    assert directory.name_of("U4") == "far"
    assert directory.channel_named("operations") == "C1"


async def test_whoever_moves_leaves_or_changes_groups_is_told_of(world):
    people, _, _ = world
    await people.warm()
    told = []
    people.on_change = told.append
    people.happened({"type": "user_change", "user": {**ANA, "tz": "Asia/Tokyo"}})
    people.happened({"type": "user_change", "user": {**ANA, "tz": "Asia/Tokyo", "name": "ana.keller"}})
    people.happened(
        {"type": "subteam_members_changed", "subteam_id": "S1", "added_users": ["U2"], "removed_users": ["U1"]}
    )
    people.happened({"type": "user_change", "user": {**GUS, "deleted": True}})

    assert told == [["U1"], ["U1", "U2"], ["U2"]]


async def test_user_groups_are_known_by_their_handles(world):
    people, _, _ = world
    await people.warm()
    people.happened({"type": "subteam_created", "subteam": {"id": "S2", "handle": "ops", "users": []}})

    assert [(group.id, group.handle) for group in await people.groups()] == [("S2", "ops"), ("S1", "web")]


async def test_a_channel_is_found_by_name_or_id_and_one_that_we_do_not_see_is_none(world):
    people, slack, _ = world
    await people.warm()
    assert await people.channel("#ops") == await people.channel("C1") == Channel("C1", "ops")
    assert await people.channel("#nowhere") is None

    slack.forbidden.add("conversations.info")
    with pytest.raises(Refusal, match="missing_scope"):
        await people.channel("C1")
