"""A Slack edge with a few commands of its own, real templates, and a recording stand-in for Slack's methods."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.command import (
    Call,
    Command,
    Field,
    Form,
    Reply,
    day,
    environment,
    id_of,
    number,
    person,
    service,
    text,
    when,
    word,
)
from bot.core.messages import Rendered
from bot.core.policy import Policy
from bot.core.refusals import Conflict, OutcomeUnknown, Stale
from bot.slack.inbound import Identity, SlackEdge
from bot.slack.rendering.render import Rendering
from bot.stages.deploy.model.deployment import Deployment
from tests.fakes import PEOPLE, TEAM, TOM, FakeDirectory, FakeUnit, World

SECRET = "signing-secret"
RENDERING = Rendering()


def render(template, context):
    """Real templates for help and refusals; for these tests' own answers the arguments as text."""
    if template.startswith("try/"):
        return Rendered(f"{template} {sorted(map(str, context.items()))}", ({"type": "divider"},))
    return RENDERING(template, context)


class People(FakeDirectory):
    """The example people with their names, as the real directory gives them at once."""

    def __init__(self, people=PEOPLE):
        super().__init__(people)
        self.events, self.missed = [], 0

    def name_of(self, id):
        return self.known[id].name if id in self.known else None

    def people_named(self, name):
        return [person for person in self.known.values() if person.name.casefold() == name.casefold()]

    def everybody(self):
        return list(self.known.values())

    def happened(self, event):
        self.events.append(event)

    def missed_something(self):
        self.missed += 1


class KeyedUnit(FakeUnit):
    """A unit that handles a gesture once; ``fails`` are raised before the next works."""

    def __init__(self, *args):
        super().__init__(*args)
        self.fails: list[Exception] = []
        self.seen: set[str] = set()
        self.opened = 0
        self.vanishes = False  # whether a commit that was lost from sight was not kept either

    def reading(self):
        return self._open()

    @asynccontextmanager
    async def for_call(self, key):
        self.opened += 1
        try:
            async with self._open() as work:
                work.repeated = key in self.seen
                yield work
                if self.fails:
                    raise self.fails.pop(0)
        except OutcomeUnknown:
            if not self.vanishes:
                self.seen.add(key)
            raise
        self.seen.add(key)


@dataclass
class Slack:
    """What was asked of Slack, and what it is told to answer."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    socket_url: str = ""

    async def method(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        body = await request.json() if request.can_read_body and "json" in request.content_type else {}
        self.calls.append((name, {**request.query, **body}))
        if name in self.errors:
            return web.json_response({"ok": False, "error": self.errors[name]})
        told = {"url": self.socket_url} if name == "apps.connections.open" else {"bot_id": "B0BELLS"}
        return web.json_response({"ok": True, "team_id": "T1", "user_id": "U0BELLS"} | told)

    async def response_url(self, request: web.Request) -> web.Response:
        self.calls.append(("response_url", await request.json()))
        return web.Response(text="ok")

    def named(self, name):
        return [arguments for called, arguments in self.calls if called == name]


def commands(gate):
    """Commands for the tests; what they were called with is in ``used``. ``/deploy slow`` waits for the gate."""
    used: list[Call] = []
    deploy = Command("deploy", "Deploy a service")

    def note(answer):
        async def handle(call, work):
            used.append(call)
            return answer(call) if callable(answer) else answer

        return handle

    deploy.verb(
        "<service> <version> to <environment> [because <reason>]",
        "Ask for a deployment",
        service=service("what"),
        version=word("which version"),
        environment=environment("where"),
        reason=text("why", long=True),
    )(note(lambda call: Reply("try/asked", call.args)))
    deploy.verb("status", "What runs where", reads_only=True)(note(Reply("try/status")))
    deploy.verb("approve <id>", "Say yes", hidden=True, id=id_of("D"))(
        note(lambda call: Reply("try/ok", call.args))
    )

    async def refuse(call, work):
        raise Stale("D-1 is live already.", field=call.args.get("field"))

    deploy.verb("refuse <id>", "Say no", hidden=True, id=id_of("D"))(refuse)

    async def broken(call, work):
        raise RuntimeError("hunter2 is the password")

    deploy.verb("break", "Fail")(broken)

    async def conflicted(call, work):
        used.append(call)
        if len(used) < 3:
            raise Conflict
        return Reply("try/ok")

    deploy.verb("contend", "Meet others")(conflicted)
    edit = Form(
        "Edit", (Field("notes", "Notes", text(long=True)), Field("size", "Size", number())), carry={"id": "R-1"}
    )
    deploy.verb("edit", "Edit in a form")(
        note(lambda call: edit if "notes" not in call.args else Reply("try/edited", call.args))
    )

    async def slow(call, work):
        await gate.wait()
        return Form("Slow", (Field("notes", "Notes", text()),)) if "form" in call.args else Reply("try/slow")

    deploy.verb("slow [form]", "Take its time", reads_only=True)(slow)
    deploy.verb("quiet", "Say nothing")(note(None))
    deploy.verb("missing", "Answer with a template that is not there")(note(Reply("no/such")))

    @deploy.listen("quiet")
    async def heard(call, work):
        if "dear diary" not in call.args["text"]:
            return None
        used.append(call)
        return Reply("try/heard", call.args)

    plan = Command("plan", "Plan a change")
    plan.verb(
        "add <title> [owner <owner>] [by <due>] [at <start>]",
        "Add a change",
        title=text("what"),
        owner=person("who"),
        due=day("when"),
        start=when("from when"),
    )(note(lambda call: Reply("try/added", call.args)))
    plan.shortcut("Make this a change", "Adds a change", verb="add", fills="title")
    return {"deploy": deploy, "plan": plan}, used


class Edge:
    """A running edge and what surrounds it."""

    def __init__(self, edge, server, slack, session, used, unit, people):
        self.edge, self.server, self.slack, self.session = edge, server, slack, session
        self.used, self.unit, self.people = used, unit, people
        self.homes: list[str] = []
        self.gate = asyncio.Event()
        self._number = 0

    async def post(self, body, *, secret=SECRET, stamp=None, headers=None, content_type=None):
        """Send signed bytes; gives status and text."""
        raw = body if isinstance(body, bytes) else body.encode()
        at = str(int(time.time()) if stamp is None else stamp)
        digest = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + raw, hashlib.sha256).hexdigest()
        sent = {
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": f"v0={digest}",
            "Content-Type": content_type or "application/x-www-form-urlencoded",
        } | (headers or {})
        async with self.session.post(
            self.server.make_url("/slack/events"), data=BytesIO(raw), headers=sent
        ) as response:
            return response.status, await response.text()

    async def slash(self, line, *, by="U0ANA", trigger="", **more):
        """Type a slash command; gives the ack's body, read."""
        self._number += 1
        command, _, typed = line.partition(" ")
        form = {
            "command": command,
            "text": typed,
            "user_id": by,
            "channel_id": "C0GENERAL",
            "team_id": "T1",
            "trigger_id": trigger or f"{self._number}.trigger",
            "response_url": str(self.server.make_url("/respond")),
        }
        return self._read(await self.post(urlencode(form | more)))

    async def interact(self, payload, *, by="U0ANA"):
        """Press, send or choose something; gives the ack's body, read."""
        self._number += 1
        full = {"user": {"id": by}, "team": {"id": "T1"}, "trigger_id": f"{self._number}.trigger"} | payload
        return self._read(await self.post(urlencode({"payload": json.dumps(full)})))

    async def press(self, action, value="", *, by="U0ANA", at="1.0", **more):
        """Press a button in a message."""
        payload = {
            "type": "block_actions",
            "channel": {"id": "C0GENERAL"},
            "message": {"ts": "1760000000.000100", "text": "card", "user": "U0BELLS"},
            "container": {"type": "message", "message_ts": "1760000000.000100", "channel_id": "C0GENERAL"},
            "response_url": str(self.server.make_url("/respond")),
            "actions": [{"type": "button", "action_id": action, "value": value, "action_ts": at}],
        }
        return await self.interact(payload | more, by=by)

    async def submit(self, view, answers, *, by="U0ANA"):
        """Send a form, given as it was opened; gives the ack's body."""
        states = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                element, name = block["element"], block["block_id"]
                keys = {"users_select": "selected_user", "datepicker": "selected_date"}
                given = answers.get(name)
                if element["type"].endswith("select") and element["type"] != "users_select":
                    state = {"selected_option": {"value": given} if given else None}
                else:
                    state = {keys.get(element["type"], "value"): given}
                states[name] = {element["action_id"]: {"type": element["type"], **state}}
        sent = {**view, "id": "V1", "hash": "1.h", "state": {"values": states}}
        return await self.interact({"type": "view_submission", "view": sent}, by=by)

    async def event(self, event, *, id="Ev1", headers=None):
        """Deliver an event; gives the status."""
        body = {"type": "event_callback", "event_id": id, "team_id": "T1", "event": event}
        status, _ = await self.post(json.dumps(body), content_type="application/json", headers=headers)
        return status

    async def mention(self, typed, *, by="U0ANA", ts="1760000001.000100", direct=False, **more):
        """Mention us in a channel, or write to us directly."""
        event = {"type": "app_mention", "channel": "C0GENERAL", "user": by, "ts": ts, "text": f"<@U0BELLS> {typed}"}
        if direct:
            event |= {"type": "message", "channel_type": "im", "channel": "D0ANA", "text": typed}
        return await self.event(event | more, id=f"Ev{ts}")

    async def settle(self):
        """Wait for what goes on after the ack."""
        await self.edge.doors.drain()

    def said(self):
        """Texts of private answers that went another way than the ack."""
        ways = {"response_url", "chat.postEphemeral", "chat.postMessage"}
        return [arguments["text"] for name, arguments in self.slack.calls if name in ways]

    @staticmethod
    def _read(answer):
        status, body = answer
        assert status == 200, answer
        return json.loads(body) if body else None


@asynccontextmanager
async def running(*, policy=TEAM.policy, prefix="", people=PEOPLE) -> AsyncIterator[Edge]:
    """An edge that listens over HTTP."""
    world, slack = World(), Slack()
    gate = asyncio.Event()
    made, used = commands(gate)
    directory = People(people)
    team = replace(TEAM, policy=policy)
    unit = KeyedUnit(world.clock, team, world.store)
    async with unit() as work:
        for version in range(1, 14):  # what the tests' buttons name
            await work.add(
                Deployment.ask("web", f"v{version}", team.environments["production"], TOM, world.clock.now())
            )
    app = web.Application()
    app.router.add_route("*", "/api/{name}", slack.method)
    app.router.add_post("/respond", slack.response_url)
    async with TestServer(app) as server, ClientSession() as session:
        client = AsyncWebClient(
            token="xoxb-1", base_url=str(server.make_url("/api/")), session=session, retry_handlers=[]
        )
        homes = []

        async def home(person):
            homes.append(person.id)

        edge = SlackEdge(
            commands=made,
            unit=unit,
            render=render,
            directory=directory,
            policy=Policy(team),
            clock=world.clock,
            client=client,
            session=session,
            tools=world.tools,
            home=home,
            signing_secret=SECRET,
            prefix=prefix,
        )
        edge.identity = Identity("T1", "U0BELLS", "B0BELLS")
        edge.doors.bot_user_id = "U0BELLS"
        edge_app = web.Application()
        edge_app.add_routes(edge.routes())
        edge_app.router.add_post("/respond", slack.response_url)
        edge_server = TestServer(edge_app)
        # A sender of far too much is listened to a little longer, so that it sees the answer; here not for 10 s.
        await edge_server.start_server(lingering_time=0.2)
        async with edge_server:
            running = Edge(edge, edge_server, slack, session, used, unit, directory)
            running.homes, running.gate = homes, gate
            yield running
            await edge.stop()
