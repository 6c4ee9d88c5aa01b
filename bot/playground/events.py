"""The Events API: which events the bot hears, in which envelope, and how often they are repeated."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.playground import presenting
from bot.playground.workspace import Conversation

if TYPE_CHECKING:
    from bot.playground.playground import Playground

Json = dict[str, Any]

# Subscription -> what it is for; the table that docs/playground.md shows.
SUPPORTED = {
    "app_home_opened": "a person opens the Home tab; carries the view once one was published",
    "app_mention": "the bot is mentioned in a channel it is in; never in direct messages",
    "message.channels": "messages in public channels, the bot's own included; also changed and deleted",
    "message.groups": "the same in private channels",
    "message.im": "the same in direct messages with the bot",
    "message.mpim": "the same in group messages",
    "member_joined_channel": "somebody, or the bot itself, joins a channel",
    "reaction_added": "a person or the bot reacts to a message",
    "reaction_removed": "and takes it back",
}
SUBSCRIPTIONS = {
    "channel": "message.channels",
    "group": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}


class Events:
    """Sends what the manifest subscribes to, each in its own task, with Slack's repeats."""

    def __init__(self, play: Playground) -> None:
        self._play = play
        self._running: set[asyncio.Task[None]] = set()

    def message(self, conversation: Conversation, body: Json) -> None:
        """A new message: one event, or two when it mentions the bot where the bot hears everything."""
        kind = presenting.channel_type(conversation)
        placed = body | {"channel": conversation.id, "event_ts": body["ts"]}
        if isinstance(body.get("metadata"), dict):
            placed["metadata"] = {"event_type": body["metadata"]["event_type"]}
        bot = self._play.workspace.bot.id
        if bot not in conversation.members:
            return
        self.emit(SUBSCRIPTIONS[kind], placed | {"channel_type": kind})
        if kind != "im" and body.get("user") != bot and f"<@{bot}" in (body.get("text") or ""):
            self.emit("app_mention", placed | {"type": "app_mention"})

    def changed(self, conversation: Conversation, body: Json, previous: Json) -> None:
        content = {"subtype": "message_changed", "message": body, "previous_message": previous}
        self._about_message(conversation, content)

    def deleted(self, conversation: Conversation, previous: Json) -> None:
        content = {"subtype": "message_deleted", "deleted_ts": previous["ts"], "previous_message": previous}
        self._about_message(conversation, content)

    def _about_message(self, conversation: Conversation, content: Json) -> None:
        kind = presenting.channel_type(conversation)
        if self._play.workspace.bot.id not in conversation.members:
            return
        if SUBSCRIPTIONS[kind] not in self._play.manifest.events:
            return
        ts = self._play.workspace.next_ts(conversation)
        about = {"type": "message", "hidden": True, "channel": conversation.id, "ts": ts, "event_ts": ts}
        self.emit(SUBSCRIPTIONS[kind], about | {"channel_type": kind} | content)

    def emit(self, subscription: str, event: Json) -> None:
        """Deliver an event if the bot subscribed to it and can be reached in some way."""
        if subscription not in self._play.manifest.events:
            return
        if not (self._play.options.bot_url or self._play.sockets.connected):
            return
        task = asyncio.get_running_loop().create_task(self._deliver(self.envelope(event)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def envelope(self, event: Json) -> Json:
        workspace = self._play.workspace
        team = workspace.team["id"]
        authorization = {"enterprise_id": None, "team_id": team, "user_id": workspace.bot.id, "is_bot": True}
        return {
            "token": "playground",
            "team_id": team,
            "context_team_id": team,
            "context_enterprise_id": None,
            "api_app_id": workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": self._play.ids.take("Ev"),
            "event_time": int(self._play.clock.now()),
            "authorizations": [authorization | {"is_enterprise_install": False}],
            "is_ext_shared_channel": False,
            "event_context": f"4-{self._play.ids.secret(12)}",
        }

    async def _deliver(self, envelope: Json) -> None:
        """Once, and up to three times more until the bot answers with a success."""
        what = envelope["event"]["type"]
        reason = ""
        for attempt, delay in enumerate((0.0, *self._play.options.retry_delays_seconds)):
            if delay:
                await asyncio.sleep(delay)
            label = what if not attempt else f"{what} (repeat {attempt})"
            answer = await self._play.transport.deliver(
                "events_api", envelope, what=label, retry=attempt, reason=reason
            )
            if answer.ok or answer.headers.get("x-slack-no-retry") == "1":
                return
            reason = answer.failure or "unknown_error"

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def settled(self) -> None:
        """Wait until every event sent so far was answered or given up; for tests."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
