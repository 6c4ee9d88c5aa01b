"""response_urls: five uses within thirty minutes, to answer where a gesture was made."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.playground.blocks import wrap_links
from bot.playground.limits import block_problems
from bot.playground.workspace import Message

if TYPE_CHECKING:
    from bot.playground.playground import Playground

Json = dict[str, Any]

USES_MAX = 5
LIFETIME_SECONDS = 30 * 60  # on the workspace's clock
KEPT_MAX = 10_000  # addresses; beyond that the expired ones are forgotten


@dataclass(slots=True)
class ResponseUrl:
    person_id: str
    channel_id: str
    message: Message | None
    expires: float
    uses: int = 0


class Unusable(ValueError):
    """A message that Slack would not take; the text is Slack's code for it."""


def checked(message: Json) -> Json:
    """The content of an answer: text and blocks as Slack would take them.

    Raises:
        Unusable: `no_text`, `invalid_blocks` or `too_many_attachments`.
    """
    text, blocks, attachments = message.get("text"), message.get("blocks"), message.get("attachments")
    if isinstance(blocks, str):
        try:
            blocks = json.loads(blocks)
        except ValueError:
            raise Unusable("invalid_blocks") from None
    if not text and not blocks and not attachments:
        raise Unusable("no_text")
    if blocks and (not isinstance(blocks, list) or block_problems(blocks)):
        raise Unusable("invalid_blocks")
    if isinstance(attachments, list) and len(attachments) > 100:
        raise Unusable("too_many_attachments")
    return {"text": wrap_links(str(text or "")), "blocks": blocks or None, "attachments": attachments or None}


class ResponseUrls:
    """Hands out response_urls and does what is posted to them."""

    def __init__(self, play: Playground) -> None:
        self._play = play
        self._open: dict[str, ResponseUrl] = {}

    def make(self, kind: str, person_id: str, channel_id: str, message: Message | None = None) -> str:
        """An address of `kind` commands, actions or app."""
        secret = f"{kind}/{self._play.workspace.team['id']}/{self._play.ids.secret(24)}"
        now = self._play.clock.now()
        if len(self._open) > KEPT_MAX:
            self._open = {key: opened for key, opened in self._open.items() if opened.expires > now}
        self._open[secret] = ResponseUrl(person_id, channel_id, message, now + LIFETIME_SECONDS)
        return f"{self._play.base_url}/respond/{secret}"

    async def serve(self, request: web.Request) -> web.Response:
        started = time.time(), time.perf_counter()
        body = await request.read()
        status, text = self._respond(request.match_info["secret"], body)
        self._play.traffic.record(
            at=started[0],
            direction="from_bot",
            what="response_url",
            status=status,
            ms=(time.perf_counter() - started[1]) * 1_000,
            request=body,
            response=text,
        )
        return web.Response(status=status, text=text)

    def _respond(self, secret: str, body: bytes) -> tuple[int, str]:
        opened = self._open.get(secret)
        if opened is None:
            return 404, "no_service"
        if self._play.clock.now() > opened.expires or opened.uses >= USES_MAX:
            return 404, "used_url" if opened.uses >= USES_MAX else "expired_url"
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            return 400, "invalid_payload"
        opened.uses += 1
        try:
            self._apply(opened, message)
        except Unusable as unusable:
            return 400, str(unusable)
        return 200, "ok"

    def _apply(self, opened: ResponseUrl, message: Json) -> None:
        conversation = self._play.workspace.conversations[opened.channel_id]
        source = opened.message
        present = source and self._play.find_message(conversation, source.ts, source.only_for)
        if message.get("delete_original"):
            if present:
                self._play.delete(conversation, present)
            return
        content = checked(message)
        if message.get("replace_original") and present:
            kept = {k: v for k, v in present.body.items() if k not in ("blocks", "attachments", "text")}
            new = self._play.bot_body(**content)
            present.updates.append(time.time())
            self._play.change(conversation, present, kept | {k: new[k] for k in content if k in new})
            return
        self.say(opened.person_id, opened.channel_id, message)

    def say(self, person_id: str, channel_id: str, message: Json) -> Message:
        """Post an answer: to the person alone unless `response_type` is `in_channel`.

        Raises:
            Unusable: Slack would not take the message.
        """
        conversation = self._play.workspace.conversations[channel_id]
        thread_ts = message.get("thread_ts")
        if thread_ts not in conversation.messages:
            thread_ts = None
        body = self._play.bot_body(**checked(message), thread_ts=thread_ts)
        if message.get("response_type") == "in_channel":
            return self._play.post(conversation, body)
        return self._play.whisper(conversation, body | {"is_ephemeral": True}, person_id)
