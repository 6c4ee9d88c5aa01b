"""The edge against the playground, by HTTP and by Socket Mode: a person does something, a person sees something."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.policy import Policy
from bot.playground.options import Options
from bot.playground.server import serving
from bot.slack.directory import SlackDirectory
from bot.slack.inbound import SlackEdge
from tests.fakes import TEAM, World
from tests.playground.conftest import Browser, listening
from tests.slack.inbound.edge_world import KeyedUnit, commands, render

MANIFEST = Path(__file__).resolve().parents[3] / "manifest.yml"


class Here:
    """A playground, the edge that serves it, and a page."""

    def __init__(self, served, edge, browser, used, directory):
        self.served, self.edge, self.browser = served, edge, browser
        self.used, self.directory = used, directory

    async def settle(self):
        await self.served.play.events.settled()
        await self.edge.doors.drain()


@pytest.fixture(params=["http", "socket"])
async def here(request):
    options = Options(manifest=MANIFEST, retry_delays_seconds=(0.01, 0.01, 0.01))
    async with serving(options) as served, aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token=options.bot_token, base_url=f"{served.url}/api/", session=session, retry_handlers=[]
        )
        world = World()
        made, used = commands(asyncio.Event())
        directory = SlackDirectory(client, world.clock)
        edge = SlackEdge(
            commands=made,
            unit=KeyedUnit(world.clock, TEAM, world.store),
            render=render,
            directory=directory,
            policy=Policy(TEAM),
            clock=world.clock,
            client=client,
            session=session,
            tools=world.tools,
            signing_secret=options.signing_secret,
        )
        directory.team_id = (await edge.warm()).team_id
        await directory.warm()
        async with serving_edge(request.param, edge, served, options):
            yield Here(served, edge, Browser(served.url, session), used, directory)
        await edge.stop()
        await directory.close()


@asynccontextmanager
async def serving_edge(transport, edge, served, options):
    if transport == "socket":
        await edge.start_socket(options.app_token)
        assert edge.connected == 2
        yield
        return
    site = web.Application()
    site.add_routes(edge.routes())
    async with listening(site) as url:
        served.play.options.bot_url = url
        yield


async def test_a_person_types_and_only_they_see_the_answer(here):
    sent = await here.browser.send("/deploy web v1.4.0 to staging because “it is time”")
    assert sent["ok"], sent
    shown = (await here.browser.messages())[-1]
    assert shown["ephemeral"]
    assert "('reason', 'it is time')" in shown["text"]
    here.browser.as_ = "U0TOM"
    assert all("try/asked" not in message["text"] for message in await here.browser.messages())


async def test_a_form_opens_shows_its_mistakes_and_is_sent(here):
    async with here.browser.stream() as next_of:
        assert (await here.browser.send("/plan add Faster checkout owner @Tom Baker"))["ok"]
        assert here.used[-1].args["title"] == "Faster checkout"
        assert (await here.browser.send("/plan add"))["ok"]
        view = (await next_of("view_opened"))["view"]
    fields = {block["block_id"]: block["element"] for block in view["blocks"]}
    state = {name: {element["action_id"]: {"type": element["type"]}} for name, element in fields.items()}
    state["title"]["text"]["value"] = "Fix rounding"
    state["start"]["when"]["value"] = "never"
    state["owner"]["person"]["selected_user"] = "U0MEI"
    answer = await here.browser.post(f"view/{view['id']}/submit", state=state)
    assert "no time I understand" in answer["errors"]["start"]
    state["start"]["when"]["value"] = "in 2 h"
    answer = await here.browser.post(f"view/{view['id']}/submit", state=state)
    assert "errors" not in answer, answer
    await here.settle()
    assert here.used[-1].args["owner"] == "U0MEI"
    assert "Fix rounding" in (await here.browser.messages())[-1]["text"]


async def test_a_mention_in_a_thread_is_answered_there(here):
    parent = await here.browser.send("what about web?")
    ts = parent.get("ts") or (await here.browser.messages())[-1]["ts"]
    await here.browser.send("@eightbells deploy web v2 to staging", thread_ts=ts)
    await here.settle()
    thread = (await here.browser.get(f"thread/C0DEPLOYS/{ts}"))["messages"]
    assert "('version', 'v2')" in thread[-1]["text"]
    assert len(here.used) == 1


async def test_a_shortcut_on_a_message_opens_the_form_with_its_words(here):
    await here.browser.send("prices & taxes are off")
    ts = (await here.browser.messages())[-1]["ts"]
    async with here.browser.stream() as next_of:
        await here.browser.post("shortcut", callback_id="plan.add", channel="C0DEPLOYS", ts=ts)
        view = (await next_of("view_opened"))["view"]
    assert view["blocks"][0]["element"]["initial_value"] == "prices & taxes are off"


async def test_a_direct_message_is_a_command_and_answered_there(here):
    channels = (await here.browser.get("state"))["channels"]
    direct = next(channel for channel in channels if channel.get("with") == "U0BELLS")
    await here.browser.send("deploy status", channel=direct["id"])
    await here.settle()
    assert "try/status" in (await here.browser.messages(direct["id"]))[-1]["text"]


async def test_the_directory_knows_the_workspace(here):
    ana = await here.directory.person("U0ANA")
    assert (ana.zone, ana.is_admin, ana.is_member) == ("Europe/Berlin", True, True)
    assert "S0RELEASE" in ana.groups
