"""Reactions, whoever makes them: the count on the message, and the event about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.playground.workspace import Conversation, Message

if TYPE_CHECKING:
    from bot.playground.playground import Playground


def react(play: Playground, conversation: Conversation, message: Message, person_id: str, name: str) -> bool:
    """Add a reaction; false when this person already made it."""
    reactions = [dict(reaction) for reaction in message.body.get("reactions", [])]
    held = next((reaction for reaction in reactions if reaction["name"] == name), None)
    if held and person_id in held["users"]:
        return False
    if held is None:
        held = {"name": name, "users": [], "count": 0}
        reactions.append(held)
    held["users"] = [*held["users"], person_id]
    held["count"] += 1
    _keep(play, conversation, message, reactions=reactions, event="reaction_added", person_id=person_id, name=name)
    return True


def unreact(play: Playground, conversation: Conversation, message: Message, person_id: str, name: str) -> bool:
    """Take a reaction back; false when there is none of this person."""
    reactions = [dict(reaction) for reaction in message.body.get("reactions", [])]
    held = next((reaction for reaction in reactions if reaction["name"] == name), None)
    if held is None or person_id not in held["users"]:
        return False
    held["users"] = [user for user in held["users"] if user != person_id]
    held["count"] -= 1
    left = [reaction for reaction in reactions if reaction["count"]]
    _keep(play, conversation, message, reactions=left, event="reaction_removed", person_id=person_id, name=name)
    return True


def _keep(
    play: Playground,
    conversation: Conversation,
    message: Message,
    *,
    reactions: list[dict[str, Any]],
    event: str,
    person_id: str,
    name: str,
) -> None:
    body = {key: value for key, value in message.body.items() if key != "reactions"}
    play.change(conversation, message, body | ({"reactions": reactions} if reactions else {}), heard=False)
    told: dict[str, Any] = {
        "type": event,
        "user": person_id,
        "reaction": name,
        "item": {"type": "message", "channel": conversation.id, "ts": message.ts},
        "event_ts": play.workspace.next_ts(conversation),
    }
    if author := body.get("user"):
        told["item_user"] = author
    if play.workspace.bot.id in conversation.members:
        play.events.emit(event, told)
