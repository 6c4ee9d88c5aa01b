"""Events that are signed and of a form that Slack never sends: each is answered, and nothing known is lost."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.directory import SlackDirectory
from tests.fakes import FakeClock
from tests.slack.inbound.edge_world import running

PERSON = {
    "id": "U0ANA",
    "team_id": "T1",
    "name": "ana",
    "real_name": "Ana",
    "tz": "Europe/Berlin",
    "is_admin": True,
    "profile": {"display_name": "Ana", "real_name": "Ana Example"},
}
GROUP = {"id": "S0OPS", "handle": "ops", "users": ["U0ANA"]}
ABOUT_PEOPLE: list[dict[str, Any]] = [
    {"type": "user_change", "user": PERSON},
    {"type": "team_join", "user": PERSON},
    {"type": "channel_rename", "channel": {"id": "C0GENERAL", "name": "general"}},
    {"type": "channel_created", "channel": {"id": "C0NEW", "name": "new"}},
    {"type": "group_rename", "channel": {"id": "C0GENERAL", "name": "general"}},
    {"type": "subteam_created", "subteam": GROUP},
    {"type": "subteam_updated", "subteam": GROUP},
    {
        "type": "subteam_members_changed",
        "subteam_id": "S0OPS",
        "added_users": ["U0ANA"],
        "removed_users": ["U0TOM"],
    },
]
SAID: list[dict[str, Any]] = [
    {"type": "app_home_opened", "user": "U0ANA", "tab": "home", "channel": "D0ANA"},
    {
        "type": "app_mention",
        "user": "U0ANA",
        "channel": "C0GENERAL",
        "ts": "1760000001.000100",
        "thread_ts": "1760000001.000000",
        "text": "<@U0BELLS> deploy quiet",
        "bot_id": None,
        "subtype": None,
        "edited": None,
        "hidden": False,
    },
    {
        "type": "message",
        "channel_type": "im",
        "user": "U0ANA",
        "channel": "D0ANA",
        "ts": "1760000002.000100",
        "text": "deploy quiet",
    },
]
JUNK: list[Any] = [
    None,
    True,
    7,
    -1.5,
    "",
    "x" * 5_000,
    "\ud800",
    [],
    [7],
    [[]],
    [{}],
    ["U0ANA", None],
    {},
    {"id": 7},
]


def mutated(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The event with each of its values replaced by each kind of junk, and with each left away."""
    for path in list(paths(event)):
        for junk in [*JUNK, None]:
            odd = copy.deepcopy(event)
            inside = odd
            for step in path[:-1]:
                inside = inside[step]
            inside[path[-1]] = junk
            yield odd
        inside.pop(path[-1])
        yield odd


def paths(value: dict[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, inner in value.items():
        yield (*before, key)
        if isinstance(inner, dict):
            yield from paths(inner, (*before, key))


@pytest.mark.parametrize("event", ABOUT_PEOPLE, ids=lambda event: event["type"])
async def test_a_directory_that_hears_nonsense_goes_on_and_keeps_what_it_knows(event: dict[str, Any]) -> None:
    clock = FakeClock()
    for odd in mutated(event):
        directory = SlackDirectory(AsyncWebClient(), clock, team_id="T1")
        directory.on_change = lambda ids: None
        for known in ({"type": "user_change", "user": PERSON}, {"type": "subteam_created", "subteam": GROUP}):
            directory.happened(known)

        directory.happened(odd)

        for person in [*directory.everybody()]:
            assert directory.people_named(person.name or person.id) is not None
            assert all(isinstance(part, str) and part for part in (person.id, person.name, person.zone))
        assert (await directory.person("U0ANA")).id == "U0ANA"
        assert all(isinstance(group.handle, str) for group in await directory.groups())


@pytest.mark.parametrize("event", SAID + ABOUT_PEOPLE, ids=lambda event: event["type"])
async def test_no_signed_event_makes_a_5xx(event: dict[str, Any]) -> None:
    async with running() as edge:
        directory = SlackDirectory(AsyncWebClient(), FakeClock(), team_id="T1")
        edge.edge.doors._watch = directory  # pyright: ignore[reportPrivateUsage]
        answered: set[int] = set()
        for number, odd in enumerate(mutated(event)):
            answered.add(await edge.event(odd, id=f"Ev{number}"))
        await edge.settle()
        assert answered <= {200, 400}
        assert await edge.event(event, id="EvLast") == 200


async def test_no_signed_envelope_makes_a_5xx() -> None:
    envelope = {
        "type": "event_callback",
        "event_id": "Ev1",
        "team_id": "T1",
        "api_app_id": "A1",
        "authorizations": [{"team_id": "T1", "user_id": "U0BELLS", "is_bot": True}],
        "event": SAID[0],
    }
    async with running() as edge:
        answered: dict[str, set[int]] = {}
        for field in envelope:
            for number, junk in enumerate(JUNK):
                body = json.dumps(envelope | {field: junk, "number": number})
                status, _ = await edge.post(body, content_type="application/json")
                answered.setdefault(field, set()).add(status)
        await edge.settle()
        odd = {field: found for field, found in answered.items() if found - {200, 400, 403}}
        assert odd == {}
