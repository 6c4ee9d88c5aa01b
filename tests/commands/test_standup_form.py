"""A stand-up set up by a person at the playground's page: the form as Slack shows it, and as it comes back."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time, timedelta

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot import discovery
from bot.core.policy import Policy
from bot.playground.options import Options
from bot.playground.server import serving
from bot.slack.directory import SlackDirectory
from bot.slack.inbound import SlackEdge
from bot.slack.rendering.render import Rendering
from bot.stages.standup.model.questions import Asks
from bot.stages.standup.model.setup import Standup
from tests.fakes import TEAM, World
from tests.playground.conftest import Browser, listening
from tests.slack.inbound.edge_world import KeyedUnit
from tests.slack.inbound.test_playground import MANIFEST


@asynccontextmanager
async def edge_of(session, options, served, world):
    client = AsyncWebClient(
        token=options.bot_token, base_url=f"{served.url}/api/", session=session, retry_handlers=[]
    )
    directory = SlackDirectory(client, world.clock)
    edge = SlackEdge(
        commands=discovery.commands(),
        unit=KeyedUnit(world.clock, TEAM, world.store),
        render=Rendering(names=directory.name_of),
        directory=directory,
        policy=Policy(TEAM),
        clock=world.clock,
        client=client,
        session=session,
        tools=replace(world.tools, directory=directory),
        signing_secret=options.signing_secret,
    )
    directory.team_id = (await edge.warm()).team_id
    await directory.warm()
    site = web.Application()
    site.add_routes(edge.routes())
    async with listening(site) as url:
        served.play.options.bot_url = url
        yield edge
    await edge.stop()
    await directory.close()


@pytest.fixture
async def here():
    options = Options(manifest=MANIFEST, retry_delays_seconds=(0.01, 0.01, 0.01))
    async with serving(options) as served, aiohttp.ClientSession() as session:
        world = World()
        async with edge_of(session, options, served, world) as edge:
            yield Browser(served.url, session), world, edge


async def opened(browser, line):
    async with browser.stream(browser.as_) as next_of:
        assert (await browser.send(line))["ok"]
        return (await next_of("view_opened"))["view"]


def filled(view):
    """The form's state as Slack sends it where nothing is touched, and its elements by name."""
    elements = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    initial = {
        "plain_text_input": ("value", "initial_value"),
        "conversations_select": ("selected_conversation", "initial_conversation"),
        "multi_users_select": ("selected_users", "initial_users"),
        "users_select": ("selected_user", "initial_user"),
        "checkboxes": ("selected_options", "initial_options"),
        "timepicker": ("selected_time", "initial_time"),
        "static_select": ("selected_option", "initial_option"),
    }
    state = {}
    for name, element in elements.items():
        field, begins = initial[element["type"]]
        state[name] = {element["action_id"]: {"type": element["type"], field: element.get(begins)}}
    return state, elements


async def test_a_stand_up_is_set_up_and_edited_with_slacks_own_pickers(here):
    browser, world, edge = here
    view = await opened(browser, "/standup new")
    state, elements = filled(view)
    assert [elements[name]["type"] for name in ("channel", "people", "groups", "days", "at")] == [
        "conversations_select", "multi_users_select", "checkboxes", "checkboxes", "timepicker",
    ]  # fmt: skip
    assert state["channel"]["channel"]["selected_conversation"] == "C0DEPLOYS"
    assert len(state["days"]["choices"]["selected_options"]) == 5

    state["name"]["text"]["value"] = "Web & co"
    state["people"]["people"]["selected_users"] = ["U0ANA", "U0TOM"]
    state["groups"]["choices"]["selected_options"] = elements["groups"]["options"]
    state["at"]["time"]["selected_time"] = "09:30"
    state["zone"]["text"]["value"] = "Atlantis"
    answer = await browser.post(f"view/{view['id']}/submit", state=state)
    assert "I know no zone “Atlantis”" in answer["errors"]["zone"]
    state["zone"]["text"]["value"] = "berlin"
    assert "errors" not in await browser.post(f"view/{view['id']}/submit", state=state)
    await edge.doors.drain()

    setup = (await world.get(Standup, "U-1")).setup
    assert (setup.name, setup.channel, setup.people) == ("Web & co", "C0DEPLOYS", ("U0ANA", "U0TOM"))
    assert (setup.groups, setup.zone, setup.at) == (("S0RELEASE",), "Europe/Berlin", time(9, 30))
    assert (setup.window, setup.remind_before) == (timedelta(hours=3), timedelta(minutes=30))
    assert [question.asks for question in setup.questions] == [Asks.TELLS, Asks.PLANS, Asks.BLOCKS]

    view = await opened(browser, "/standup edit Web & co")
    state, _ = filled(view)
    assert "errors" not in await browser.post(f"view/{view['id']}/submit", state=state)
    await edge.doors.drain()
    assert (await world.get(Standup, "U-1")).version == 1  # the form gives back exactly what it was filled with


async def test_the_form_of_an_edit_that_came_second_says_what_changed(here):
    browser, world, edge = here
    view = await opened(browser, "/standup new")
    state, _ = filled(view)
    state["name"]["text"]["value"] = "Web"
    state["people"]["people"]["selected_users"] = ["U0ANA"]
    await browser.post(f"view/{view['id']}/submit", state=state)
    first = await opened(browser, "/standup edit Web")
    browser.as_ = "U0TOM"
    second = await opened(browser, "/standup edit Web")

    state, _ = filled(first)
    browser.as_ = "U0ANA"
    state["at"]["time"]["selected_time"] = "10:00"
    assert "errors" not in await browser.post(f"view/{first['id']}/submit", state=state)
    browser.as_ = "U0TOM"
    state["at"]["time"]["selected_time"] = "11:00"
    answer = await browser.post(f"view/{second['id']}/submit", state=state)
    assert "changed time of “Web” while you were editing" in answer["errors"]["name"]
    await edge.doors.drain()
    assert (await world.get(Standup, "U-1")).setup.at == time(10)
