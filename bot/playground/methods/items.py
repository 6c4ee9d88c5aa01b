"""reactions.*, pins.* and bookmarks.*: what hangs on a message or a channel."""

from __future__ import annotations

import re

from bot.playground.calls import ApiError, Call, Json, invalid_arguments, method
from bot.playground.reacting import react, unreact
from bot.playground.workspace import Conversation, Message

NAME = re.compile(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?")
PINS_MAX = 100
BOOKMARKS_MAX = 100


def _message(call: Call, conversation: Conversation) -> Message:
    message = conversation.messages.get(call.need("timestamp"))
    if message is None:
        raise ApiError("message_not_found")
    return message


def _reaction(call: Call) -> str:
    name = call.need("name").strip(":")
    if not NAME.fullmatch(name):
        raise ApiError("invalid_name")
    return name


@method("reactions.add", "reactions:write")
def add_reaction(call: Call) -> Json:
    conversation, name = call.joined(), _reaction(call)
    if not react(call.play, conversation, _message(call, conversation), call.play.workspace.bot.id, name):
        raise ApiError("already_reacted")
    return {}


@method("reactions.remove", "reactions:write")
def remove_reaction(call: Call) -> Json:
    conversation, name = call.joined(), _reaction(call)
    if not unreact(call.play, conversation, _message(call, conversation), call.play.workspace.bot.id, name):
        raise ApiError("no_reaction")
    return {}


@method("reactions.get", "reactions:read")
def get_reactions(call: Call) -> Json:
    conversation = call.conversation()
    return {"type": "message", "channel": conversation.id, "message": _message(call, conversation).body}


@method("pins.add", "pins:write")
def add_pin(call: Call) -> Json:
    conversation = call.joined()
    message = _message(call, conversation)
    if message.ts in conversation.pins:
        raise ApiError("already_pinned")
    if len(conversation.pins) >= PINS_MAX:
        raise ApiError("too_many_pins")
    conversation.pins.append(message.ts)
    call.play.change(conversation, message, message.body | {"pinned_to": [conversation.id]}, heard=False)
    return {}


@method("pins.remove", "pins:write")
def remove_pin(call: Call) -> Json:
    conversation = call.joined()
    message = _message(call, conversation)
    if message.ts not in conversation.pins:
        raise ApiError("no_pin")
    conversation.pins.remove(message.ts)
    body = {key: value for key, value in message.body.items() if key != "pinned_to"}
    call.play.change(conversation, message, body, heard=False)
    return {}


@method("pins.list", "pins:read")
def list_pins(call: Call) -> Json:
    conversation = call.joined()
    pinned = [conversation.messages[ts].body for ts in reversed(conversation.pins)]
    return {"items": [{"type": "message", "channel": conversation.id, "message": body} for body in pinned]}


def _bookmark(call: Call, conversation: Conversation) -> Json:
    wanted = call.need("bookmark_id")
    found = next((entry for entry in conversation.bookmarks if entry["id"] == wanted), None)
    if found is None:
        raise ApiError("not_found")
    return found


@method("bookmarks.add", "bookmarks:write")
def add_bookmark(call: Call) -> Json:
    conversation = call.joined("channel_id")
    if call.need("type") != "link":
        raise invalid_arguments("must be one of: link [json-pointer:/type]")
    if not re.match(r"https?://", call.text("link")):
        raise ApiError("invalid_link")
    if len(conversation.bookmarks) >= BOOKMARKS_MAX:
        raise ApiError("too_many_bookmarks")
    bookmark: Json = {
        "id": call.play.ids.take("Bk"),
        "channel_id": conversation.id,
        "title": call.need("title"),
        "link": call.text("link"),
        "emoji": call.text("emoji"),
        "type": "link",
        "date_created": int(call.play.clock.now()),
        "last_updated_by_user_id": call.play.workspace.bot.id,
    }
    conversation.bookmarks.append(bookmark)
    return {"bookmark": bookmark}


@method("bookmarks.edit", "bookmarks:write")
def edit_bookmark(call: Call) -> Json:
    bookmark = _bookmark(call, call.joined("channel_id"))
    bookmark |= {name: call.text(name) for name in ("title", "link", "emoji") if call.text(name)}
    return {"bookmark": bookmark}


@method("bookmarks.remove", "bookmarks:write")
def remove_bookmark(call: Call) -> Json:
    conversation = call.joined("channel_id")
    conversation.bookmarks.remove(_bookmark(call, conversation))
    return {}


@method("bookmarks.list", "bookmarks:read")
def list_bookmarks(call: Call) -> Json:
    return {"bookmarks": call.joined("channel_id").bookmarks}
