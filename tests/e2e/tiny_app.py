"""A small Slack app of its own, so that the page is tested with Bolt behind it and not with our bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

Json = dict[str, Any]

MANIFEST: Json = {
    "display_information": {"name": "Tiny"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "tiny"},
        "slash_commands": [
            {"command": "/deploy", "description": "Put a version live", "usage_hint": "<service> <version>"},
            {"command": "/slow", "description": "Never answers", "usage_hint": ""},
            {"command": "/secret", "description": "Answers only you", "usage_hint": ""},
        ],
        "shortcuts": [
            {
                "name": "Make this a change",
                "type": "message",
                "callback_id": "make_change",
                "description": "Plan it",
            },
            {"name": "Start a deploy", "type": "global", "callback_id": "start", "description": "Open the form"},
        ],
    },
    "oauth_config": {
        "scopes": {"bot": ["chat:write", "commands", "channels:history", "channels:read", "im:history"]}
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "message.channels"]},
        "interactivity": {"is_enabled": True},
    },
}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}, **more}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": "web", **more}


ROLL_BACK = {
    "title": plain("Roll back?"),
    "text": plain("Roll back web?"),
    "confirm": plain("Roll back"),
    "deny": plain("Keep"),
}

CARD = [
    section("🟡 *Waiting for approval · web v1.4.0*"),
    {
        "type": "actions",
        "elements": [
            button("Approve web v1.4.0", "approve", style="primary"),
            button("Details", "details"),
            button("Roll back web", "roll_back", style="danger", confirm={**ROLL_BACK, "style": "danger"}),
        ],
    },
]

FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Start a deploy"),
    "submit": plain("Start"),
    "close": plain("Cancel"),
    "blocks": [
        {
            "type": "input",
            "block_id": "version",
            "label": plain("Version"),
            "element": {"type": "plain_text_input", "action_id": "v"},
        },
        {
            "type": "input",
            "block_id": "service",
            "label": plain("Service"),
            "element": {"type": "external_select", "action_id": "service", "min_query_length": 1},
        },
    ],
}


class TinyApp:
    """The app and what it was told."""

    def __init__(self) -> None:
        self.submitted: list[Json] = []
        self.delivered: list[str] = []
        self.let_go = asyncio.Event()  # set when /slow may end

    def bolt(self, api_url: str, token: str, secret: str) -> AsyncApp:
        client = AsyncWebClient(token=token, base_url=api_url)
        app = AsyncApp(client=client, signing_secret=secret)
        app.command("/deploy")(self._deploy)
        app.command("/slow")(self._slow)
        app.command("/secret")(self._secret)
        app.action("approve")(self._approve)
        app.action("roll_back")(self._roll_back)
        app.action("details")(self._open_form)
        app.shortcut("start")(self._open_form)
        app.shortcut("make_change")(self._make_change)
        app.options("service")(self._services)
        app.view("form")(self._submitted)
        app.event("app_home_opened")(self._home)
        app.event("message")(self._heard)
        return app

    async def _deploy(self, ack: Any, client: Any, command: Json) -> None:
        await ack()
        await client.chat_postMessage(channel=command["channel_id"], text="Waiting for approval", blocks=CARD)

    async def _slow(self, ack: Any) -> None:
        await self.let_go.wait()
        await ack()

    async def _secret(self, ack: Any) -> None:
        await ack("You alone see *this*.")

    async def _approve(self, ack: Any, client: Any, body: Json) -> None:
        await ack()
        place = body["container"]
        live = [section(f"🟢 *Live · web v1.4.0* · approved by <@{body['user']['id']}>")]
        await client.chat_update(channel=place["channel_id"], ts=place["message_ts"], text="Live", blocks=live)

    async def _roll_back(self, ack: Any, client: Any, body: Json) -> None:
        await ack()
        await client.chat_postMessage(channel=body["container"]["channel_id"], text="Rolled back web")

    async def _open_form(self, ack: Any, client: Any, body: Json) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    async def _make_change(self, ack: Any, client: Any, body: Json) -> None:
        await ack()
        text = f"Made a change of: {body['message']['text']}"
        await client.chat_postEphemeral(channel=body["channel"]["id"], user=body["user"]["id"], text=text)

    async def _services(self, ack: Any, payload: Json) -> None:
        names = [name for name in ("web", "worker", "payments") if payload["value"] in name]
        await ack(options=[{"text": plain(name), "value": name} for name in names])

    async def _submitted(self, ack: Any, view: Json) -> None:
        values = view["state"]["values"]
        if values["version"]["v"]["value"] != "v1.4.0":
            await ack(response_action="errors", errors={"version": "No such version. Newest: v1.4.0."})
            return
        self.submitted.append(values)
        await ack()

    async def _home(self, client: Any, event: Json) -> None:
        blocks = [
            {"type": "header", "text": plain("Waiting for you")},
            section(f"Good morning, <@{event['user']}>"),
        ]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    async def _heard(self) -> None:
        """Messages are of no interest here; Bolt would warn of an event without a listener."""

    async def hook(self, request: web.Request) -> web.Response:
        self.delivered.append(request.match_info["source"])
        return web.Response(status=202, text="taken")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[tuple[str, list[AsyncApp]]]:
        """Listen; put the Bolt app into the list once the playground's address is known."""
        server = web.Application()
        bolts: list[AsyncApp] = []

        async def slack(request: web.Request) -> web.Response:
            return await to_aiohttp_response(await bolts[0].async_dispatch(await to_bolt_request(request)))

        server.router.add_post("/slack/events", slack)
        server.router.add_post("/hooks/{source}", self.hook)
        runner = web.AppRunner(server, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}", bolts
        finally:
            self.let_go.set()
            await runner.cleanup()
