"""conversations.*: which conversations there are, who is in them and what was said."""

from __future__ import annotations

import re
from itertools import islice

from bot.playground import presenting
from bot.playground.calls import ApiError, Call, Json, method, page_of
from bot.playground.workspace import TS_PATTERN, Conversation, Message, micros

READ_SCOPE = "{kind}:read"
HISTORY_SCOPE = "{kind}:history"
NAME = re.compile(r"[\w-]{1,80}")
TOPIC_MAX = 250
DM_USERS_MAX = 8


def _types(call: Call) -> set[str]:
    return set(call.listed("types") or ["public_channel"])


def _type(conversation: Conversation) -> str:
    if conversation.kind != "channel":
        return conversation.kind
    return "private_channel" if conversation.is_private else "public_channel"


def _listed(call: Call, *, only_joined: bool) -> Json:
    types, bot = _types(call), call.play.workspace.bot.id
    found = [
        presenting.channel(call.play.workspace, conversation)
        for conversation in call.play.workspace.conversations.values()
        if _type(conversation) in types
        and (bot in conversation.members or (not only_joined and _type(conversation) == "public_channel"))
        and not (call.flag("exclude_archived") and conversation.is_archived)
    ]
    return page_of(call, found, "channels")


@method("conversations.list", "channels:read", "groups:read", "im:read", "mpim:read")
def list_all(call: Call) -> Json:
    return _listed(call, only_joined=False)


@method("users.conversations", "channels:read", "groups:read", "im:read", "mpim:read")
def list_joined(call: Call) -> Json:
    return _listed(call, only_joined=True)


@method("conversations.info", READ_SCOPE)
def info(call: Call) -> Json:
    return {"channel": presenting.channel(call.play.workspace, call.conversation())}


@method("conversations.members", READ_SCOPE)
def members(call: Call) -> Json:
    return page_of(call, call.conversation().members, "members")


def _moment(call: Call, name: str) -> int | None:
    text = call.text(name)
    if not text or text == "0":
        return None
    if not re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text):
        raise ApiError(f"invalid_ts_{name}")
    return micros(text)


def _window(call: Call) -> tuple[int | None, int | None, bool]:
    oldest, latest, inclusive = _moment(call, "oldest"), _moment(call, "latest"), call.flag("inclusive")
    if cursor := call.text("cursor"):
        if not re.fullmatch(r"next_ts:\d+", cursor):
            raise ApiError("invalid_cursor")
        return oldest, int(cursor[8:]), True
    return oldest, latest, inclusive


@method("conversations.history", HISTORY_SCOPE)
def history(call: Call) -> Json:
    """Newest first, without replies except those that were also sent to the channel."""
    conversation = call.joined()
    oldest, latest, inclusive = _window(call)
    limit = call.whole("limit", 100, 999)
    everything = (m for m in conversation.between(oldest, latest, inclusive or False) if m.in_channel)
    if call.text("cursor") and oldest is not None and not call.flag("inclusive"):
        everything = (m for m in everything if micros(m.ts) > oldest)
    found = list(islice(everything, limit + 1))
    cursor = f"next_ts:{micros(found[limit].ts)}" if len(found) > limit else ""
    return {
        "messages": [presenting.message(m, all_metadata=call.flag("include_all_metadata")) for m in found[:limit]],
        "has_more": bool(cursor),
        "pin_count": len(conversation.pins),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
        "response_metadata": {"next_cursor": cursor},
    }


@method("conversations.replies", HISTORY_SCOPE)
def replies(call: Call) -> Json:
    """A thread, oldest first, its parent always first; `ts` may be that of a reply."""
    conversation = call.joined()
    named = conversation.messages.get(call.need("ts")) if TS_PATTERN.fullmatch(call.text("ts")) else None
    if named is None:
        raise ApiError("thread_not_found")
    parent = conversation.messages.get(named.body.get("thread_ts", named.ts), named)
    oldest, latest, inclusive = _moment(call, "oldest"), _moment(call, "latest"), call.flag("inclusive")
    low = None if oldest is None else oldest + (not inclusive)
    high = None if latest is None else latest - (not inclusive)
    thread = [conversation.messages[ts] for ts in conversation.threads.get(parent.ts, [])]

    def inside(message: Message) -> bool:
        moment = micros(message.ts)
        return (low is None or moment >= low) and (high is None or moment <= high)

    whole = call.flag("include_all_metadata")
    bodies = [presenting.message(m, all_metadata=whole) for m in thread if inside(m)]
    answer = page_of(call, bodies, "messages", limit=1_000)
    answer["messages"].insert(0, presenting.message(parent, all_metadata=whole))
    return answer | {"has_more": bool(answer["response_metadata"]["next_cursor"])}


@method("conversations.open", "im:write", "mpim:write")
def open_direct(call: Call) -> Json:
    workspace = call.play.workspace
    if channel := call.text("channel"):
        found = workspace.conversations.get(channel)
        if found is None or found.kind == "channel":
            raise ApiError("channel_not_found")
        return {"channel": {"id": found.id}, "no_op": True, "already_open": True}
    users = [user for user in call.listed("users") if user != workspace.bot.id]
    if not users:
        raise ApiError("users_list_not_supplied")
    if len(users) > DM_USERS_MAX:
        raise ApiError("too_many_users")
    if any(user not in workspace.people for user in users):
        raise ApiError("user_not_found")
    before = len(workspace.conversations)
    found = workspace.direct(users[0]) if len(users) == 1 else _group(call, users)
    if len(workspace.conversations) > before:
        call.play.stream.tell({"type": "state"})
        return {"channel": {"id": found.id}}
    return {"channel": {"id": found.id}, "no_op": True, "already_open": True}


def _group(call: Call, users: list[str]) -> Conversation:
    workspace = call.play.workspace
    wanted = {*users, workspace.bot.id}
    for conversation in workspace.conversations.values():
        if conversation.kind == "mpim" and set(conversation.members) == wanted:
            return conversation
    name = "mpdm-" + "--".join(workspace.people[user].name for user in users) + "-1"
    opened = Conversation(
        workspace.ids.take("G"), name, kind="mpim", is_private=True, created=int(workspace.clock.now())
    )
    opened.members = [workspace.bot.id, *users]
    workspace.conversations[opened.id] = opened
    return opened


def _enter(call: Call, conversation: Conversation, person_id: str, inviter: str | None) -> None:
    conversation.members.append(person_id)
    event = {
        "type": "member_joined_channel",
        "user": person_id,
        "channel": conversation.id,
        "channel_type": "G" if conversation.is_private else "C",
        "team": call.play.workspace.team["id"],
        "event_ts": call.play.workspace.next_ts(conversation),
    }
    call.play.events.emit("member_joined_channel", event | ({"inviter": inviter} if inviter else {}))
    call.play.stream.tell({"type": "state"})


@method("conversations.join", "channels:join")
def join(call: Call) -> Json:
    workspace, conversation = call.play.workspace, call.conversation()
    if _type(conversation) != "public_channel":
        raise ApiError("method_not_supported_for_channel_type")
    if conversation.is_archived:
        raise ApiError("is_archived")
    if workspace.bot.id in conversation.members:
        warned = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {"channel": presenting.channel(workspace, conversation)} | warned
    _enter(call, conversation, workspace.bot.id, None)
    return {"channel": presenting.channel(workspace, conversation)}


@method("conversations.leave", "channels:manage")
def leave(call: Call) -> Json:
    conversation = call.conversation()
    if conversation.is_general:
        raise ApiError("cant_leave_general")
    if call.play.workspace.bot.id not in conversation.members:
        return {"not_in_channel": True}
    conversation.members.remove(call.play.workspace.bot.id)
    call.play.stream.tell({"type": "state"})
    return {}


@method("conversations.create", "channels:manage", "groups:write")
def create(call: Call) -> Json:
    workspace = call.play.workspace
    name = call.text("name")
    if not name:
        raise ApiError("invalid_name_required")
    if len(name) > 80:
        raise ApiError("invalid_name_maxlength")
    if not NAME.fullmatch(name) or name != name.lower():
        raise ApiError("invalid_name_specials")
    if workspace.find(f"#{name}"):
        raise ApiError("name_taken")
    made = Conversation(workspace.ids.take("C"), name, creator=workspace.bot.id, created=int(workspace.clock.now()))
    made.is_private = call.flag("is_private")
    made.members = [workspace.bot.id]
    workspace.conversations[made.id] = made
    call.play.stream.tell({"type": "state"})
    return {"channel": presenting.channel(workspace, made)}


@method("conversations.invite", "channels:write.invites", "channels:manage", "groups:write.invites", "groups:write")
def invite(call: Call) -> Json:
    workspace, conversation = call.play.workspace, call.joined()
    users = call.listed("users")
    if not users:
        raise ApiError("no_user")
    for user in users:
        if user == workspace.bot.id:
            raise ApiError("cant_invite_self")
        if user not in workspace.people:
            raise ApiError("user_not_found")
        if user in conversation.members:
            raise ApiError("already_in_channel")
    for user in users:
        _enter(call, conversation, user, workspace.bot.id)
    return {"channel": presenting.channel(workspace, conversation)}


def _describe(call: Call, field: str) -> Conversation:
    conversation = call.joined()
    text = call.text(field)
    if len(text) > TOPIC_MAX:
        raise ApiError("too_long")
    setattr(conversation, field, text)
    body = call.play.bot_body(subtype=f"channel_{field}", text=f"set the channel {field}: {text}")
    call.play.post(conversation, body | {field: text})
    call.play.stream.tell({"type": "state"})
    return conversation


@method("conversations.setTopic", "channels:write.topic", "channels:manage", "groups:write.topic", "groups:write")
def set_topic(call: Call) -> Json:
    return {"channel": presenting.channel(call.play.workspace, _describe(call, "topic"))}


@method("conversations.setPurpose", "channels:write.topic", "channels:manage", "groups:write.topic", "groups:write")
def set_purpose(call: Call) -> Json:
    return {"channel": presenting.channel(call.play.workspace, _describe(call, "purpose"))}


@method("conversations.archive", "channels:manage", "groups:write")
def archive(call: Call) -> Json:
    conversation = call.conversation()
    if conversation.is_archived:
        raise ApiError("already_archived")
    conversation.is_archived = True
    call.play.stream.tell({"type": "state"})
    return {}
