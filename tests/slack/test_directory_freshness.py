"""Nobody decides by what Slack said long ago: lost events, disabled groups, a Slack that is silent."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.approvals import DECIDES_ON
from bot.core.refusals import Refusal
from bot.slack import directory as directories
from bot.slack.directory import SlackDirectory
from tests.fakes import FakeClock

MINUTE = timedelta(minutes=1)


@dataclass
class Slack:
    """As Slack answers: people by pages, groups in one answer without the disabled ones, users only where asked for."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    groups: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    calls: list[str] = field(default_factory=list[str])
    error: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    # What happens while the next list of groups is on its way to us.
    meanwhile: list[Any] = field(default_factory=list[Any])

    async def method(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.calls.append(name)
        await self.gate.wait()
        if self.error == "ratelimited":
            return web.json_response({"ok": False, "error": self.error}, status=429, headers={"Retry-After": "30"})
        if self.error:
            return web.json_response({"ok": False, "error": self.error})
        match name:
            case "users.info":
                user = self.people.get(request.query["user"])
                found = {"ok": True, "user": user} if user else {"ok": False, "error": "user_not_found"}
                return web.json_response(found)
            case "users.list":
                return self._page(request)
            case "usergroups.list":
                answer = json.dumps(self._listed(request))
                if self.meanwhile:
                    self.meanwhile.pop(0)()
                return web.Response(text=answer, content_type="application/json")
            case "users.conversations":
                return web.json_response({"ok": True, "channels": []})
            case _:
                raise AssertionError(name)

    def _page(self, request: web.Request) -> web.Response:
        every, first = list(self.people.values()), int(request.query.get("cursor") or 0)
        last = first + min(2, int(request.query["limit"]))
        following = str(last) if last < len(every) else ""
        page = {"members": every[first:last], "response_metadata": {"next_cursor": following}}
        return web.json_response({"ok": True, **page})

    def _listed(self, request: web.Request) -> dict[str, Any]:
        def wants(flag: str) -> bool:
            return request.query.get(flag) in {"1", "true"}

        every = [group for group in self.groups.values() if wants("include_disabled") or not group["date_delete"]]
        return {
            "ok": True,
            "usergroups": [
                group if wants("include_users") else {k: v for k, v in group.items() if k != "users"}
                for group in every
            ],
        }


def user(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "team_id": "T1", "name": id.lower(), "updated": 100, "profile": {}, **more}


def group(*users: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "S1",
        "handle": "release",
        "users": list(users),
        "user_count": len(users),
        "date_update": 100,
        "date_delete": 0,
        **more,
    }


@dataclass
class Scene:
    slack: Slack
    clock: FakeClock
    directory: SlackDirectory

    async def groups_of(self, id: str = "U1") -> set[str]:
        return set((await self.directory.person(id, not_older=DECIDES_ON)).groups)

    async def settle(self) -> None:
        while self.directory._tasks:
            await asyncio.gather(*self.directory._tasks.values())


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    slack, clock = Slack({id: user(id) for id in ("U1", "U2", "U3")}, {"S1": group("U1")}), FakeClock()
    slack.gate.set()
    app = web.Application()
    app.router.add_route("*", "/api/{name}", slack.method)
    async with TestServer(app) as server, ClientSession() as session:
        client = AsyncWebClient(
            token="x", base_url=str(server.make_url("/api/")), session=session, retry_handlers=[]
        )
        directory = SlackDirectory(client, clock, team_id="T1")
        await directory.warm()
        slack.calls.clear()
        yield Scene(slack, clock, directory)
        slack.gate.set()
        await directory.close()


async def test_what_is_fresh_is_asked_for_no_more(scene: Scene) -> None:
    scene.clock.move(DECIDES_ON)
    assert (await scene.groups_of(), scene.slack.calls) == ({"S1"}, [])


async def test_a_lost_event_counts_no_longer_than_the_bound(scene: Scene) -> None:
    scene.slack.groups["S1"] = group("U2", date_update=200)  # and no event says so
    scene.clock.move(DECIDES_ON + MINUTE)

    assert await scene.groups_of("U1") == set()
    assert await scene.groups_of("U2") == {"S1"}
    assert scene.slack.calls.count("usergroups.list") == 1


async def test_what_is_dated_ahead_of_a_clock_put_back_is_not_fresh(scene: Scene) -> None:
    scene.slack.groups["S1"] = group("U2", date_update=200)  # and no event says so
    scene.clock.move(-timedelta(hours=2))

    assert await scene.groups_of("U1") == set()
    assert sorted(scene.slack.calls) == ["usergroups.list", "users.info"]
    assert await scene.groups_of("U1") == set()
    assert len(scene.slack.calls) == 2  # what was read since counts by the clock there is now


async def test_a_silent_slack_after_the_clock_was_put_back_lets_nobody_decide(scene: Scene) -> None:
    scene.slack.error = "ratelimited"
    scene.clock.move(-timedelta(hours=2))
    with pytest.raises(Refusal, match="Nothing was done"):
        await scene.groups_of("U1")


async def test_somebody_known_is_asked_for_anew_after_the_clock_was_put_back(scene: Scene) -> None:
    scene.clock.move(-timedelta(hours=2))
    await scene.directory.person("U1")
    await scene.settle()
    assert scene.slack.calls == ["users.info"]


@pytest.mark.parametrize(
    ("now", "what"),
    [({"deleted": True}, "is_gone"), ({"is_restricted": True}, "is_guest"), ({"is_admin": False}, "is_member")],
)
async def test_what_somebody_is_by_now_counts_as_well(scene: Scene, now: dict[str, Any], what: str) -> None:
    scene.slack.people["U1"] = user("U1", updated=200, **now)
    scene.clock.move(DECIDES_ON + MINUTE)
    person = await scene.directory.person("U1", not_older=DECIDES_ON)
    assert (getattr(person, what), person.is_admin) == (True, False)


@pytest.mark.parametrize("how", ["silent", "ratelimited", "internal_error"])
async def test_slack_that_does_not_answer_leaves_the_bound_to_decide(
    scene: Scene, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directories, "ASKED_WITHIN", timedelta(milliseconds=20))
    scene.slack.error = "" if how == "silent" else how
    if how == "silent":
        scene.slack.gate.clear()
    scene.clock.move(DECIDES_ON)
    assert await scene.groups_of() == {"S1"}
    scene.clock.move(MINUTE)
    with pytest.raises(Refusal, match=r"nothing that is older than 5 min\. Nothing was done"):
        await scene.groups_of()
    assert "S1" in (await scene.directory.person("U1")).groups  # who only reads need not wait


async def test_without_the_right_to_read_groups_they_give_nothing_and_nobody_is_kept_waiting(scene: Scene) -> None:
    await scene.groups_of()
    scene.clock.move(DECIDES_ON + MINUTE)
    await scene.directory.person("U1", not_older=timedelta(days=1))
    scene.slack.error = "missing_scope"
    scene.directory.missed_something()
    await scene.settle()
    scene.slack.error = ""

    person = await scene.directory.person("U1", not_older=timedelta(days=1))
    assert person.groups == frozenset()


async def test_a_group_that_is_disabled_gives_nothing(scene: Scene) -> None:
    scene.directory.happened({"type": "subteam_updated", "subteam": group("U1", date_update=200, date_delete=200)})
    assert (await scene.groups_of(), await scene.directory.groups()) == (set(), [])


async def test_a_group_that_was_disabled_without_our_hearing_of_it_gives_nothing(scene: Scene) -> None:
    scene.slack.groups["S1"] = group("U1", date_update=200, date_delete=200)
    scene.clock.move(DECIDES_ON + MINUTE)
    assert (await scene.groups_of(), await scene.directory.groups()) == (set(), [])


async def test_an_event_that_tells_of_one_before_it_has_the_groups_read_at_once(scene: Scene) -> None:
    scene.slack.groups["S1"] = group("U3", date_update=300)
    event = {"type": "subteam_members_changed", "subteam_id": "S1", "date_previous_update": 200, "date_update": 300}
    scene.directory.happened({**event, "added_users": ["U3"]})  # U1 was taken out at 200, which we were not told

    assert await scene.groups_of("U1") == set()
    assert await scene.groups_of("U3") == {"S1"}
    assert scene.slack.calls == ["usergroups.list"]


async def test_an_old_event_that_is_delivered_again_brings_nobody_back(scene: Scene) -> None:
    left = {"subteam_id": "S1", "date_previous_update": 100, "date_update": 200, "removed_users": ["U1"]}
    scene.directory.happened({"type": "subteam_members_changed", **left})
    for old in (
        {"type": "subteam_updated", "subteam": group("U1", date_update=100)},
        {"type": "subteam_members_changed", "subteam_id": "S1", "date_update": 150, "added_users": ["U1"]},
    ):
        scene.directory.happened(old)
    assert await scene.groups_of() == set()

    scene.directory.happened({"type": "user_change", "user": user("U1", updated=200)})
    scene.directory.happened({"type": "user_change", "user": user("U1", updated=150, is_admin=True)})
    assert not (await scene.directory.person("U1")).is_admin


async def test_an_event_that_names_500_of_more_people_is_not_all_of_them(scene: Scene) -> None:
    many = [f"U{number}" for number in range(600)]
    scene.slack.groups["S1"] = group(*many, date_update=200)
    scene.directory.happened(
        {"type": "subteam_updated", "subteam": {**group(*many[:500], date_update=200), "user_count": "600"}}
    )
    scene.slack.people["U555"] = user("U555")
    assert await scene.groups_of("U555") == {"S1"}


async def test_a_list_that_an_event_overtook_is_read_again(scene: Scene) -> None:
    def leaves() -> None:
        scene.slack.groups["S1"] = group("U2", date_update=200)
        scene.directory.happened(
            {"type": "subteam_members_changed", "subteam_id": "S1", "date_update": 200, "removed_users": ["U1"]}
        )

    scene.slack.meanwhile.append(leaves)
    scene.clock.move(DECIDES_ON + MINUTE)
    assert await scene.groups_of("U1") == set()
    assert scene.slack.calls.count("usergroups.list") == 2


async def test_a_new_connection_has_the_groups_read_before_anybody_decides(scene: Scene) -> None:
    scene.slack.groups["S1"] = group(date_update=200)
    scene.directory.missed_something()
    assert await scene.groups_of() == set()


async def test_events_of_no_shape_change_nothing(scene: Scene) -> None:
    for event in (
        {"type": "subteam_members_changed"},
        {"type": "subteam_members_changed", "subteam_id": ["S1"], "date_update": "soon", "added_users": 7},
        {"type": "subteam_members_changed", "subteam_id": "S1", "added_users": [{"id": "U2"}], "removed_users": {}},
        {"type": "subteam_updated", "subteam": {"id": "S1", "user_count": {}, "date_update": None}},
        {"type": "subteam_updated", "subteam": {}},
    ):
        scene.directory.happened(event)
    assert (await scene.groups_of("U1"), await scene.groups_of("U2")) == ({"S1"}, set())


async def test_groups_and_people_are_read_by_the_clock(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def pass_by(seconds: float) -> None:
        waits.append(seconds)
        scene.clock.move(timedelta(seconds=seconds))
        if len(waits) > 40:
            raise asyncio.CancelledError

    monkeypatch.setattr(directories.asyncio, "sleep", pass_by)
    with pytest.raises(asyncio.CancelledError):
        await scene.directory.keep_fresh()

    assert directories.GROUPS_EVERY < DECIDES_ON
    assert scene.slack.calls.count("usergroups.list") >= 30
    assert scene.slack.calls.count("users.list") >= 2


async def test_people_are_read_as_often_after_the_clock_was_put_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def pass_by(seconds: float) -> None:
        waits.append(seconds)
        scene.clock.move(timedelta(seconds=seconds) if len(waits) > 1 else -timedelta(days=1))
        if len(waits) > 40:
            raise asyncio.CancelledError

    monkeypatch.setattr(directories.asyncio, "sleep", pass_by)
    with pytest.raises(asyncio.CancelledError):
        await scene.directory.keep_fresh()

    assert scene.slack.calls.count("users.list") >= 2


async def test_what_was_read_before_the_clock_was_put_back_is_not_taken_for_fresh(scene: Scene) -> None:
    scene.slack.groups["S1"] = group("U2", date_update=200)  # and no event says so
    scene.clock.move(-timedelta(hours=2))
    assert await scene.groups_of("U1") == set()
    assert await scene.groups_of("U2") == {"S1"}
