"""The bodies that Slack sends for what people do: slash commands, clicks, forms and shortcuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.playground.blocks import state_of
from bot.playground.workspace import Conversation, Message, Person

if TYPE_CHECKING:
    from bot.playground.playground import Playground

Json = dict[str, Any]

# The fields by which an action tells what was chosen, whatever the element.
CHOSEN = (
    "value",
    "selected_option",
    "selected_options",
    "selected_user",
    "selected_users",
    "selected_channel",
    "selected_channels",
    "selected_conversation",
    "selected_conversations",
    "selected_date",
    "selected_time",
    "selected_date_time",
)
DIRECT_NAMES = {"im": "directmessage", "mpim": "mpdm"}


def channel_name(conversation: Conversation) -> str:
    if conversation.kind == "channel":
        return "privategroup" if conversation.is_private else conversation.name
    return DIRECT_NAMES[conversation.kind]


def slash_command(play: Playground, person: Person, conversation: Conversation, command: str, text: str) -> Json:
    """The form fields of a slash command."""
    team = play.workspace.team
    return {
        "token": "playground",
        "team_id": team["id"],
        "team_domain": team["domain"],
        "channel_id": conversation.id,
        "channel_name": channel_name(conversation),
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": play.workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": play.response_urls.make("commands", person.id, conversation.id),
        "trigger_id": play.views.trigger(person.id),
    }


def _common(play: Playground, person: Person, kind: str) -> Json:
    team = play.workspace.team
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": team["id"]},
        "api_app_id": play.workspace.app_id,
        "token": "playground",
        "team": {"id": team["id"], "domain": team["domain"]},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _place(conversation: Conversation) -> Json:
    return {"id": conversation.id, "name": channel_name(conversation)}


def message_container(conversation: Conversation, message: Message) -> Json:
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": conversation.id,
        "is_ephemeral": message.only_for is not None,
    }
    return container | ({"thread_ts": message.body["thread_ts"]} if "thread_ts" in message.body else {})


def action(element: Json, block_id: str, given: Json, now: float) -> Json:
    """One entry of `actions`: the element as it stands in the block, and what was chosen."""
    kept = {k: v for k, v in element.items() if k in ("type", "action_id", "text", "style", "placeholder", "url")}
    chosen = {name: given[name] for name in CHOSEN if name in given}
    if element["type"] == "button":  # a button's value is the bot's, whatever the page says
        chosen = {"value": element["value"]} if "value" in element else {}
    return kept | {"block_id": block_id} | chosen | {"action_ts": f"{now:.6f}"}


def block_actions_in_message(
    play: Playground, person: Person, conversation: Conversation, message: Message, *, act: Json, state: Json | None
) -> Json:
    """A click in a message; an ephemeral message is not sent along, as in Slack."""
    payload = _common(play, person, "block_actions") | {
        "container": message_container(conversation, message),
        "trigger_id": play.views.trigger(person.id),
        "channel": _place(conversation),
        "state": {"values": state_of(message.body.get("blocks") or [], state)},
        "response_url": play.response_urls.make("actions", person.id, conversation.id, message),
        "actions": [act],
    }
    return payload if message.only_for else payload | {"message": message.body}


def block_actions_in_view(play: Playground, person: Person, view: Json, act: Json) -> Json:
    return _common(play, person, "block_actions") | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": play.views.trigger(person.id),
        "view": view,
        "actions": [act],
    }


def block_suggestion(
    play: Playground, person: Person, *, block_id: str, action_id: str, value: str, where: Json
) -> Json:
    """A question for options; `where` holds container, and view or channel and message."""
    asked = {"block_id": block_id, "action_id": action_id, "value": value}
    return _common(play, person, "block_suggestion") | asked | where


def view_submission(play: Playground, person: Person, view: Json) -> Json:
    """A form sent off, with a response_url for each field that asks for one."""
    urls: list[Json] = []
    for block in view["blocks"]:
        element = block.get("element") or {}
        if block["type"] != "input" or not element.get("response_url_enabled"):
            continue
        state = view["state"]["values"][block["block_id"]][element["action_id"]]
        channel = state.get("selected_conversation") or state.get("selected_channel")
        if channel in play.workspace.conversations:
            url = play.response_urls.make("app", person.id, channel)
            ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
            urls.append(ids | {"channel_id": channel, "response_url": url})
    payload = _common(play, person, "view_submission")
    return payload | {"trigger_id": play.views.trigger(person.id), "view": view, "response_urls": urls}


def view_closed(play: Playground, person: Person, view: Json, *, is_cleared: bool) -> Json:
    shown = view | {"state": {"values": {}}}
    return _common(play, person, "view_closed") | {"view": shown, "is_cleared": is_cleared, "response_urls": []}


def shortcut(play: Playground, person: Person, callback_id: str) -> Json:
    payload = _common(play, person, "shortcut")
    payload["user"].pop("name")
    action_ts = f"{play.clock.now():.6f}"
    return payload | {
        "callback_id": callback_id,
        "trigger_id": play.views.trigger(person.id),
        "action_ts": action_ts,
    }


def message_action(
    play: Playground, person: Person, callback_id: str, conversation: Conversation, message: Message
) -> Json:
    return _common(play, person, "message_action") | {
        "callback_id": callback_id,
        "trigger_id": play.views.trigger(person.id),
        "action_ts": f"{play.clock.now():.6f}",
        "channel": _place(conversation),
        "message_ts": message.ts,
        "message": message.body,
        "response_url": play.response_urls.make("app", person.id, conversation.id, message),
    }
