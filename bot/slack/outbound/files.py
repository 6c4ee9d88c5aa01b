"""Sends a file in Slack's three steps; only the last of them shows anything, so the others may be repeated."""

import base64
from collections.abc import Callable
from datetime import datetime

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.outbound.errors import NotTaken
from bot.storage.outbox.steps import Ending, Sent, Step

# docs.slack.dev/reference/methods/files.getUploadURLExternal
ALT_MAX = 1_000  # characters


async def upload(client: AsyncWebClient, step: Step, now: Callable[[], datetime]) -> Ending:
    """Upload and share it. Raises what the client raises, ``NotTaken`` where the bytes were not taken.

    Slack shares it a moment later and does not say as which message, so the ending has no ``ts``. After an answer
    that was lost it is looked for by its name, as a message is by its key; its name is its own (``File.own_name``).
    """
    file = step.file or {}
    content = base64.b64decode(str(file["content"]))
    name = str(file["name"])
    place = await client.files_getUploadURLExternal(
        filename=name, length=len(content), alt_txt=str(file["alt"])[:ALT_MAX] or None
    )
    if client.session is None:
        raise TypeError("the messenger's client needs a session of its own")
    async with client.session.post(str(place["upload_url"]), data=content) as answer:
        if answer.status != 200:
            raise NotTaken(f"Slack did not take the bytes of {name}: {answer.status}")
    await client.files_completeUploadExternal(
        files=[{"id": place["file_id"], "title": str(file["title"])}],
        channel_id=step.channel,
        initial_comment=step.text,
        thread_ts=step.thread_ts,
    )
    return Sent(step, now(), step.channel, None, step.revision)
