"""chat.*: what the bot says, how it changes it, and everything Slack refuses about it."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from bot.playground.blocks import wrap_links
from bot.playground.calls import ApiError, Call, Json, invalid_arguments, method
from bot.playground.limits import block_problems
from bot.playground.workspace import TS_PATTERN, Conversation, Message

TEXT_CUT = 40_000  # characters; longer texts are cut by chat.postMessage
UPDATE_TEXT_MAX = 4_000
MARKDOWN_MAX = 12_000  # characters of all markdown in one message
ATTACHMENTS_MAX = 100
METADATA_BYTES_MAX = 16_000  # Slack does not publish its own figure
EVENT_TYPE = re.compile(r"[A-Za-z0-9_]{1,255}")
PAYLOAD_KEY = re.compile(r"[a-z][A-Za-z0-9_]*")


def _blocks(call: Call) -> list[Json] | None:
    blocks = call.structure("blocks")
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    if problems := block_problems(blocks):
        told = {"messages": [f"[ERROR] {item}" for item in problems]}
        raise ApiError("invalid_blocks", errors=problems, response_metadata=told)
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > MARKDOWN_MAX:
        raise ApiError("msg_blocks_too_long")
    return blocks


def _metadata(call: Call) -> Json | None:
    metadata = call.structure("metadata")
    if metadata is None or metadata == {}:
        return metadata
    if not isinstance(metadata, dict):
        raise ApiError("invalid_metadata_format")
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not EVENT_TYPE.fullmatch(event_type) or not isinstance(payload, dict):
        raise ApiError("invalid_metadata_schema")
    if not all(PAYLOAD_KEY.fullmatch(key) for key in payload):
        raise ApiError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > METADATA_BYTES_MAX:
        raise ApiError("metadata_too_large")
    return metadata


def _content(call: Call) -> Json:
    """text, blocks, attachments and metadata of a new message."""
    markdown, blocks, attachments = call.text("markdown_text"), _blocks(call), call.structure("attachments")
    text = call.text("text")
    if markdown:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        if len(markdown) > MARKDOWN_MAX:
            raise ApiError("msg_too_long")
        text, blocks = markdown, [{"type": "markdown", "text": markdown}]
    if attachments is not None and not isinstance(attachments, list):
        raise invalid_arguments("must be an array [json-pointer:/attachments]")
    if attachments and len(attachments) > ATTACHMENTS_MAX:
        raise ApiError("too_many_attachments")
    if not text.strip() and not blocks and not attachments:
        raise ApiError("no_text")
    return {
        "text": wrap_links(text[:TEXT_CUT]),
        "blocks": blocks or None,
        "attachments": attachments or None,
        "metadata": _metadata(call),
    }


def _target(call: Call) -> Conversation:
    """Where a post goes: a conversation, or a person's direct messages when a user id is given."""
    workspace = call.play.workspace
    if call.need("channel") == workspace.bot.id:  # nobody talks to themselves here
        raise ApiError("channel_not_found")
    if call.text("channel") in workspace.people:
        return workspace.direct(call.text("channel"))
    found = call.conversation()
    if found.is_archived:
        raise ApiError("is_archived")
    if workspace.bot.id not in found.members:
        scopes = call.play.manifest.scopes
        if scopes is None or "chat:write.public" not in scopes:
            raise ApiError("not_in_channel")
    return found


def _thread(call: Call, conversation: Conversation) -> Json:
    ts = call.text("thread_ts")
    if not ts:
        return {}
    if not TS_PATTERN.fullmatch(ts):
        raise ApiError("invalid_thread_ts")
    parent = conversation.messages.get(ts)
    if parent is None:
        raise ApiError("thread_not_found")
    if parent.is_reply:  # a reply's own ts is no thread; always send the parent's
        raise ApiError("cannot_reply_to_message")
    placed: Json = {"thread_ts": ts, "parent_user_id": parent.body.get("user")}
    if call.flag("reply_broadcast"):
        placed |= {"subtype": "thread_broadcast", "root": {"ts": ts, "text": parent.body.get("text", "")}}
    return placed


@method("chat.postMessage", "chat:write")
def post_message(call: Call) -> Json:
    conversation = _target(call)
    content = _content(call) | _thread(call, conversation)
    if overrides := [name for name in ("username", "icon_emoji", "icon_url") if call.text(name)]:
        scopes = call.play.manifest.scopes
        if scopes is not None and "chat:write.customize" not in scopes:
            raise ApiError("missing_scope", needed="chat:write.customize", provided=",".join(scopes))
        content |= {name: call.text(name) for name in overrides}
    message = call.play.post(conversation, call.play.bot_body(**content))
    answer: Json = {"channel": conversation.id, "ts": message.ts, "message": message.body}
    if len(call.text("text")) > TEXT_CUT:
        answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return answer


def _own(call: Call, conversation: Conversation, ts: str, refusal: str) -> Message:
    message = conversation.messages.get(ts)
    if message is None or message.body.get("subtype") == "tombstone":
        raise ApiError("message_not_found")
    if message.body.get("bot_id") != call.play.workspace.bot_id:
        raise ApiError(refusal)
    return message


@method("chat.update", "chat:write")
def update(call: Call) -> Json:
    conversation = call.conversation()
    message = _own(call, conversation, call.need("ts"), "cant_update_message")
    if len(call.text("text")) > UPDATE_TEXT_MAX:
        raise ApiError("msg_too_long")
    emptied = call.structure("blocks") == [] or call.structure("attachments") == []
    if emptied and not call.text("text"):
        call.args["text"] = message.body.get("text") or " "
    content = _content(call)
    metadata = content.pop("metadata")
    new = call.play.bot_body(**content)
    body = {k: v for k, v in message.body.items() if k not in ("blocks", "attachments", "text", "edited")}
    body |= {name: new[name] for name in content if name in new}
    if metadata is not None:
        body.pop("metadata", None)
        body |= {"metadata": metadata} if metadata else {}
    if not new.get("blocks"):  # with blocks Slack shows no "(edited)"
        body["edited"] = {"user": call.play.workspace.bot.id, "ts": call.play.workspace.next_ts(conversation)}
    message.updates.append(time.time())
    call.play.change(conversation, message, body)
    return {"channel": conversation.id, "ts": message.ts, "text": body["text"], "message": body}


@method("chat.delete", "chat:write")
def delete(call: Call) -> Json:
    conversation = call.conversation()
    message = _own(call, conversation, call.need("ts"), "cant_delete_message")
    call.play.delete(conversation, message)
    return {"channel": conversation.id, "ts": message.ts}


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(call: Call) -> Json:
    conversation = call.joined()
    person = call.person()
    if person.id not in conversation.members:
        raise ApiError("user_not_in_channel")
    content: dict[str, Any] = _content(call) | {"metadata": None}
    thread = _thread(call, conversation)
    body = call.play.bot_body(**content, thread_ts=thread.get("thread_ts"), is_ephemeral=True)
    return {"message_ts": call.play.whisper(conversation, body, person.id).ts}


@method("chat.getPermalink")
def get_permalink(call: Call) -> Json:
    conversation = call.conversation()
    message = conversation.messages.get(call.need("message_ts"))
    if message is None:
        raise ApiError("message_not_found")
    link = f"{call.play.base_url}/archives/{conversation.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.body['thread_ts']}&cid={conversation.id}"
    return {"channel": conversation.id, "permalink": link}
