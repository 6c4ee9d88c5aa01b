"""files.*: the three steps of an upload, and the file afterwards."""

from __future__ import annotations

import mimetypes
from typing import Any

from bot.playground.calls import ApiError, Call, Json, invalid_arguments, method
from bot.playground.limits import block_problems
from bot.playground.workspace import Conversation

FILE_BYTES_MAX = 64 * 1024 * 1024


@method("files.getUploadURLExternal", "files:write", note="form or query, no JSON")
def get_upload_url(call: Call) -> Json:
    filename, length = call.need("filename"), call.text("length")
    if not length.isdigit() or not int(length):
        raise invalid_arguments("missing required field: length")
    if int(length) > FILE_BYTES_MAX:
        raise ApiError("file_upload_size_restricted")
    file_id = call.play.ids.take("F")
    secret = call.play.ids.secret(32)
    mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    call.play.workspace.files[file_id] = {
        "id": file_id,
        "name": filename,
        "title": filename,
        "mimetype": mimetype,
        "filetype": filename.rpartition(".")[2] if "." in filename else "text",
        "size": int(length),
        "alt_txt": call.text("alt_txt"),
        "created": int(call.play.clock.now()),
        "user": call.play.workspace.bot.id,
        "shares": {},
        "_secret": secret,
        "_content": None,
    }
    return {"upload_url": f"{call.play.base_url}/upload/{file_id}/{secret}", "file_id": file_id}


def public(call: Call, found: Json) -> Json:
    """A file as Slack shows it."""
    shown = {key: value for key, value in found.items() if not key.startswith("_") and value != ""}
    url = f"{call.play.base_url}/files/{found['id']}/download"
    return shown | {"url_private": url, "url_private_download": url, "permalink": url, "is_public": True}


def _completed(call: Call) -> list[Json]:
    wanted: Any = call.structure("files")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(item, dict) for item in wanted):
        raise invalid_arguments("missing required field: files")
    found: list[Json] = []
    for item in wanted:
        stored = call.play.workspace.files.get(str(item.get("id")))
        if stored is None or stored["_content"] is None:
            raise ApiError("file_not_found")
        if item.get("title"):
            stored["title"] = str(item["title"])
        found.append(stored)
    return found


@method("files.completeUploadExternal", "files:write", note="posts the file_share message")
def complete_upload(call: Call) -> Json:
    stored = _completed(call)
    channels = call.listed("channels") or call.listed("channel_id")
    thread_ts = call.text("thread_ts")
    if thread_ts and len(channels) != 1:
        raise invalid_arguments("thread_ts needs exactly one channel")
    blocks = None if call.text("initial_comment") else call.structure("blocks")
    if blocks is not None and (not isinstance(blocks, list) or block_problems(blocks)):
        raise ApiError("invalid_blocks")
    targets: list[Conversation] = []
    for channel in channels:
        target = call.play.workspace.find(channel)
        if target is None:
            raise ApiError("channel_not_found")
        if call.play.workspace.bot.id not in target.members:
            raise ApiError("not_in_channel")
        targets.append(target)
    for target in targets:
        parent = target.messages.get(thread_ts) if thread_ts else None
        _share(call, target, stored, blocks, parent.ts if parent else None)
    return {"files": [public(call, item) for item in stored]}


def _share(
    call: Call, target: Conversation, stored: list[Json], blocks: list[Json] | None, thread: str | None
) -> None:
    body = call.play.bot_body(
        subtype="file_share", text=call.text("initial_comment"), blocks=blocks, thread_ts=thread, upload=False
    )
    ts = call.play.workspace.next_ts(target)
    visibility = "private" if target.is_private or target.kind != "channel" else "public"
    for item in stored:
        item["shares"].setdefault(visibility, {}).setdefault(target.id, []).append({"ts": ts})
    call.play.post(target, body | {"ts": ts, "files": [public(call, item) for item in stored]})


@method("files.info", "files:read")
def info(call: Call) -> Json:
    found = call.play.workspace.files.get(call.need("file"))
    if found is None or found["_content"] is None:
        raise ApiError("file_not_found")
    return {"file": public(call, found)}
