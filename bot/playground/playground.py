"""One running playground: the workspace, its clock, its open pages, and what everybody hears of a change."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.playground import presenting, seed
from bot.playground.blocks import fill
from bot.playground.clock import Clock
from bot.playground.events import Events
from bot.playground.faults import Faults
from bot.playground.ids import Ids
from bot.playground.manifest import Manifest
from bot.playground.options import Options
from bot.playground.respond import ResponseUrls
from bot.playground.sockets import Sockets
from bot.playground.stream import Stream
from bot.playground.traffic import Row, Traffic
from bot.playground.transport import Transport
from bot.playground.views import Views
from bot.playground.workspace import Conversation, Message

Json = dict[str, Any]


class Playground:
    """Parts, and the verbs that change a conversation so that pages and the bot hear of it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock()
        self.ids = Ids()
        self.manifest = Manifest(options.manifest)
        self.workspace = seed.load(options.seed, clock=self.clock, ids=self.ids)
        if name := self.manifest.bot_name:
            self.workspace.bot.name = name
        self.stream = Stream()
        self.traffic = Traffic(self._row_seen)
        self.faults = Faults(strict_pace=options.strict_pace)
        self.sockets = Sockets(self)
        self.transport = Transport(self)
        self.events = Events(self)
        self.views = Views(self)
        self.response_urls = ResponseUrls(self)
        self.base_url = "http://127.0.0.1"  # corrected by the first request, which knows the port

    @property
    def mode(self) -> str:
        """How the bot is reached: `socket`, `http`, or `waiting` for it."""
        if self.sockets.connected:
            return "socket"
        return "http" if self.transport.bot_listens else "waiting"

    def _row_seen(self, row: Row) -> None:
        if self.stream.subscribers:
            self.stream.tell({"type": "traffic", "row": row.as_json()})

    def bot_body(self, **content: Any) -> Json:
        """A message of the bot: its authorship, and this content without what is None."""
        workspace = self.workspace
        body: Json = {
            "type": "message",
            "user": workspace.bot.id,
            "bot_id": workspace.bot_id,
            "app_id": workspace.app_id,
            "team": workspace.team["id"],
            "bot_profile": presenting.bot_profile(workspace),
        }
        body |= {key: value for key, value in content.items() if value is not None}
        if body.get("blocks"):
            fill(body["blocks"], self.ids)
        return body

    def post(self, conversation: Conversation, body: Json) -> Message:
        """Add a message and tell pages and the bot."""
        message = self.workspace.add(conversation, body)
        self._tell(conversation, {"type": "message", "channel": conversation.id}, message)
        if message.is_reply:
            self._tell_thread(conversation, body["thread_ts"])
        self.tell_unread(conversation)
        self.events.message(conversation, dict(body))
        return message

    def whisper(self, conversation: Conversation, body: Json, person_id: str) -> Message:
        """Add a message that one person sees; the bot hears nothing of it."""
        message = self.workspace.whisper(conversation, body, person_id)
        self._tell_ephemeral(conversation, message)
        return message

    def _tell_ephemeral(self, conversation: Conversation, message: Message) -> None:
        shown = presenting.message_for_page(self.workspace, message)
        event = {"type": "ephemeral", "channel": conversation.id, "message": shown}
        self.stream.tell(event, to=message.only_for)

    def change(self, conversation: Conversation, message: Message, body: Json, *, heard: bool = True) -> None:
        """Put a new body in place of the old one; `heard` says whether the bot gets message_changed."""
        previous, message.body = message.body, body
        if message.only_for:
            self._tell_ephemeral(conversation, message)
            return
        self._tell(conversation, {"type": "message_changed", "channel": conversation.id}, message)
        if message.is_reply or message.body.get("reply_count"):
            self._tell_thread(conversation, body.get("thread_ts", message.ts))
        if heard:
            self.events.changed(conversation, dict(body), dict(previous))

    def delete(self, conversation: Conversation, message: Message) -> None:
        """Take a message away and tell pages and the bot."""
        previous = dict(message.body)
        tombstone = self.workspace.remove(conversation, message)
        if tombstone:
            self._tell(conversation, {"type": "message_changed", "channel": conversation.id}, message)
        else:
            event = {"type": "message_deleted", "channel": conversation.id, "ts": message.ts}
            self.stream.tell(event, to=message.only_for or self._audience(conversation))
        if message.is_reply:
            self._tell_thread(conversation, previous["thread_ts"])
        if not message.only_for:
            self.tell_unread(conversation)
            self.events.deleted(conversation, previous)

    def find_message(self, conversation: Conversation, ts: str, person_id: str | None = None) -> Message | None:
        """A message by its `ts`; with a person, also one that only this person sees."""
        if found := conversation.messages.get(ts):
            return found
        return next((m for m in conversation.ephemerals if m.ts == ts and m.only_for == person_id), None)

    def _audience(self, conversation: Conversation) -> Any:
        return lambda person_id: self.workspace.may_see(person_id, conversation)

    def _tell(self, conversation: Conversation, event: Json, message: Message) -> None:
        if self.stream.subscribers:
            event["message"] = presenting.message_for_page(self.workspace, message)
            self.stream.tell(event, to=self._audience(conversation))

    def _tell_thread(self, conversation: Conversation, thread_ts: str) -> None:
        event = {"type": "thread", "channel": conversation.id, "thread_ts": thread_ts}
        self.stream.tell(event, to=self._audience(conversation))

    def tell_unread(self, conversation: Conversation) -> None:
        def counts(person_id: str) -> Json | None:
            if not self.workspace.may_see(person_id, conversation):
                return None
            unread, mentions = self.workspace.unread(person_id, conversation)
            return {"type": "unread", "channel": conversation.id, "unread": unread, "mentions": mentions}

        self.stream.tell_each(counts)


PLAYGROUND: web.AppKey[Playground] = web.AppKey("playground", Playground)
