"""Finds our own messages in a conversation again, by the key that each carries in its metadata."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.storage.outbox.steps import Step

EVENT_TYPE = "eightbells"
PAGE = 200  # messages a call; Slack recommends 100 to 200
EARLIER = timedelta(seconds=60)  # clocks differ: Slack's ts is Slack's time, ``since`` is ours


@dataclass(frozen=True, slots=True)
class Found:
    """One copy of a message, as it stands in Slack."""

    ts: str
    revision: int
    replies: int


def mark(step: Step) -> dict[str, Any]:
    """What a message of ours carries, so that it can be found again. Everybody in the workspace can read it."""
    payload: dict[str, Any] = {"key": step.key, "revision": step.revision}
    if step.generation > 1:
        payload["generation"] = step.generation
    return {"event_type": EVENT_TYPE, "event_payload": payload}


async def copies(client: AsyncWebClient, step: Step, now: datetime, *, bot_id: str | None) -> list[Found]:
    """Every copy of this message that its conversation shows, the oldest first.

    ``bot_id`` is our own, so that another app's message with a forged key is not taken for ours; None takes any.
    Raises what the client raises.
    """
    if step.file is not None:
        return [
            Found(message["ts"], step.revision, 0)
            async for message in _messages(client, step, now)
            if _is(message, step)
        ]
    found = [
        Found(message["ts"], int(payload.get("revision", 0)), int(message.get("reply_count", 0)))
        async for message in _messages(client, step, now)
        if (payload := _payload(message, bot_id)) is not None
        and payload.get("key") == step.key
        and payload.get("generation", 1) == step.generation
    ]
    return sorted(found, key=lambda one: tuple(int(part) for part in one.ts.split(".")))


def _is(message: Mapping[str, Any], step: Step) -> bool:
    """Whether a message carries this file; metadata cannot be given to files, so it is told by its name."""
    name = (step.file or {}).get("name")
    return any(file.get("name") == name for file in message.get("files") or ())


def _payload(message: Mapping[str, Any], bot_id: str | None) -> Mapping[str, Any] | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE or (bot_id and message.get("bot_id") != bot_id):
        return None
    return metadata.get("event_payload") or {}


async def _messages(client: AsyncWebClient, step: Step, now: datetime) -> AsyncIterator[Mapping[str, Any]]:
    window = {
        "channel": step.channel,
        "oldest": f"{(min(step.since, now) - EARLIER).timestamp():.6f}",  # a clock may have been put back
        "inclusive": True,
        "include_all_metadata": True,
        "limit": PAGE,
    }
    cursor: str | None = None
    while cursor != "":
        if step.thread_ts is None:
            answer = await client.conversations_history(**window, cursor=cursor)
        else:
            try:
                answer = await client.conversations_replies(**window, ts=step.thread_ts, cursor=cursor)
            except SlackApiError as failure:
                if failure.response.get("error") == "thread_not_found":  # a thread that never had a reply
                    return
                raise
        for message in answer.get("messages") or ():
            yield message
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
