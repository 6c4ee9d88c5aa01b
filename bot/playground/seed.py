"""A workspace with people in it: reads the seed file and fills a `Workspace` with the same ids every time."""

from __future__ import annotations

import json
from pathlib import Path

from bot.playground.blocks import typed_blocks
from bot.playground.clock import Clock
from bot.playground.ids import Ids
from bot.playground.workspace import MICROS, Conversation, Json, Person, UserGroup, Workspace


def load(path: Path, *, clock: Clock, ids: Ids) -> Workspace:
    """A workspace as the seed file describes it.

    Raises:
        OSError, ValueError, KeyError, TypeError: the file is missing or is not a seed.
    """
    seed = json.loads(path.read_text(encoding="utf-8"))
    bot = Person(**seed["bot"], is_bot=True)
    workspace = Workspace(seed["team"], bot, clock=clock, ids=ids)
    for person in seed["people"]:
        workspace.people[person["id"]] = Person(**person)
    for group in seed["groups"]:
        workspace.groups[group["id"]] = UserGroup(**group)
    for channel in seed["channels"]:
        _add_channel(workspace, channel)
    for person in list(workspace.people.values()):
        if not person.is_bot:
            workspace.direct(person.id)
    for message in sorted(seed["messages"], key=lambda entry: -entry["minutes_ago"]):
        conversation = workspace.find(message["channel"])
        if conversation is None:
            raise ValueError(f"{path.name}: no channel is called {message['channel']}")
        parent = _say(workspace, conversation, message)
        for reply in message.get("replies", []):
            _say(workspace, conversation, reply, parent=parent)
    _settle(workspace)
    return workspace


def _add_channel(workspace: Workspace, channel: Json) -> None:
    chosen = channel.get("members")
    members = [
        person.id
        for person in workspace.people.values()
        if (person.id in chosen if chosen is not None else not person.is_guest or channel.get("guests"))
    ]
    workspace.conversations[channel["id"]] = Conversation(
        channel["id"],
        channel["name"],
        topic=channel.get("topic", ""),
        creator=next((person.id for person in workspace.people.values() if person.is_admin), ""),
        created=int(workspace.clock.now()) - 90 * 86_400,
        is_private=channel.get("is_private", False),
        is_general=channel.get("is_general", False),
        members=members,
    )


def _say(workspace: Workspace, conversation: Conversation, said: Json, parent: str | None = None) -> str:
    moment = int((workspace.clock.now() - said["minutes_ago"] * 60) * MICROS)
    body: Json = {
        "type": "message",
        "user": said["user"],
        "text": said["text"],
        "ts": f"{moment // MICROS}.{moment % MICROS:06d}",
        "team": workspace.team["id"],
        "client_msg_id": workspace.ids.uuid(),
        "blocks": typed_blocks(said["text"], workspace.ids),
    }
    if parent:
        body["thread_ts"] = parent
        body["parent_user_id"] = conversation.messages[parent].body["user"]
    return workspace.add(conversation, body).ts


def _settle(workspace: Workspace) -> None:
    """Put messages in the order of their times, since replies were seeded under their parents, and read."""
    for conversation in workspace.conversations.values():
        conversation.moments.sort()
        conversation.last_micros = conversation.moments[-1] if conversation.moments else 0
        conversation.messages = {
            message.ts: message for message in reversed([*conversation.between(None, None, True)])
        }
        for person_id in conversation.members:
            workspace.mark_read(person_id, conversation)
