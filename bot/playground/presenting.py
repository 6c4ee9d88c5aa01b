"""How people, conversations and messages look from outside: to the Web API and to the page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.playground.workspace import Conversation, Message, Person, Workspace

Json = dict[str, Any]

TZ_LABELS = {
    "Europe/Berlin": ("Central European Time", "Central European Summer Time"),
    "America/New_York": ("Eastern Standard Time", "Eastern Daylight Time"),
    "Asia/Tokyo": ("Japan Standard Time", "Japan Standard Time"),
    "Etc/UTC": ("Coordinated Universal Time", "Coordinated Universal Time"),
}


def local_time(workspace: Workspace, person: Person) -> datetime:
    return workspace.clock.moment().astimezone(ZoneInfo(person.tz))


def tz_label(person: Person, now: datetime) -> str:
    winter, summer = TZ_LABELS.get(person.tz, (person.tz, person.tz))
    return summer if now.dst() else winter


def person_for_page(workspace: Workspace, person: Person) -> Json:
    now = local_time(workspace, person)
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "title": person.title,
        "tz": person.tz,
        "tz_label": tz_label(person, now),
        "is_bot": person.is_bot,
        "is_guest": person.is_guest,
        "is_admin": person.is_admin,
        "presence": person.presence,
        "color": person.color,
        "initials": person.initials,
        "local_time": now.strftime("%H:%M"),
    }


def user(workspace: Workspace, person: Person) -> Json:
    """A person as users.info returns them; the e-mail is added where the scope allows."""
    now = local_time(workspace, person)
    team = workspace.team["id"]
    profile: Json = {
        "title": person.title,
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.first_name,
        "display_name_normalized": person.first_name,
        "status_text": "",
        "status_emoji": "",
        "avatar_hash": "",
        "team": team,
    }
    if person.is_bot:
        profile |= {"bot_id": workspace.bot_id, "api_app_id": workspace.app_id}
    return {
        "id": person.id,
        "team_id": team,
        "name": person.name,
        "deleted": False,
        "color": person.color,
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": tz_label(person, now),
        "tz_offset": int((now.utcoffset() or timedelta()).total_seconds()),
        "profile": profile,
        "is_admin": person.is_admin,
        "is_owner": person.is_admin,
        "is_primary_owner": person.is_admin,
        "is_restricted": person.is_guest,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 1_760_000_000,
    }


def bot_profile(workspace: Workspace) -> Json:
    return {
        "id": workspace.bot_id,
        "app_id": workspace.app_id,
        "name": workspace.bot.name,
        "icons": {},
        "deleted": False,
        "updated": 1_760_000_000,
        "team_id": workspace.team["id"],
    }


def channel(workspace: Workspace, conversation: Conversation) -> Json:
    """A conversation as conversations.info returns it."""
    team = workspace.team["id"]
    common: Json = {
        "id": conversation.id,
        "created": conversation.created,
        "is_archived": conversation.is_archived,
        "is_im": conversation.kind == "im",
        "is_mpim": conversation.kind == "mpim",
        "is_org_shared": False,
        "context_team_id": team,
        "updated": conversation.created * 1_000,
    }
    if conversation.kind == "im":
        return common | {"user": conversation.with_whom(workspace.bot.id), "is_user_deleted": False, "priority": 0}
    last_set = conversation.created if conversation.topic else 0
    return common | {
        "name": conversation.name,
        "name_normalized": conversation.name,
        "is_channel": conversation.kind == "channel" and not conversation.is_private,
        "is_group": conversation.is_private and conversation.kind != "mpim",
        "is_private": conversation.is_private,
        "is_general": conversation.is_general,
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "pending_connected_team_ids": [],
        "shared_team_ids": [team],
        "parent_conversation": None,
        "creator": conversation.creator,
        "is_member": workspace.bot.id in conversation.members,
        "num_members": len(conversation.members),
        "topic": {"value": conversation.topic, "creator": conversation.creator, "last_set": last_set},
        "purpose": {"value": conversation.purpose, "creator": conversation.creator, "last_set": 0},
        "previous_names": [],
        "unlinked": 0,
    }


def channel_type(conversation: Conversation) -> str:
    """The word that events use for a kind of conversation."""
    if conversation.kind == "channel":
        return "group" if conversation.is_private else "channel"
    return conversation.kind


def message(found: Message, *, all_metadata: bool) -> Json:
    """A message as history returns it: the metadata's payload only on demand."""
    metadata = found.body.get("metadata")
    if metadata is None or all_metadata:
        return found.body
    return found.body | {"metadata": {"event_type": metadata["event_type"]}}


def message_for_page(workspace: Workspace, found: Message) -> Json:
    """A message with its author, as the page draws it."""
    author = workspace.people.get(found.body.get("user", ""), workspace.bot)
    return (
        {"reply_count": 0, "reply_users": [], "latest_reply": None}
        | found.body
        | {
            "channel": found.channel,
            "ephemeral": found.only_for is not None,
            "author": {
                "id": author.id,
                "name": found.body.get("username") or author.name,
                "real_name": found.body.get("username") or author.real_name,
                "color": author.color,
                "initials": author.initials,
                "is_bot": author.is_bot,
                "is_guest": author.is_guest,
            },
        }
    )
