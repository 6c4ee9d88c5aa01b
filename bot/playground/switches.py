"""Switches and views for tests: faults on demand, every message with its times, and what is supported."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.playground import coverage
from bot.playground.faults import FaultRefusal
from bot.playground.given import given_in
from bot.playground.playground import Playground
from bot.playground.sockets import DISCONNECT_REASONS
from bot.playground.workspace import Message

Json = dict[str, Any]


class Switches:
    """Handlers that the page does not need."""

    def __init__(self, play: Playground) -> None:
        self.play = play

    async def coverage(self, request: web.Request) -> Json:
        return coverage.table()

    async def arm_fault(self, request: web.Request) -> Json:
        """Faults for tests; also `disconnect` and `drop` for sockets, `pace` and `clear`."""
        given = await given_in(request)
        kind = given.maybe("kind")
        if kind == "disconnect":
            reason = given.maybe("reason") or "refresh_requested"
            if reason not in DISCONNECT_REASONS:
                raise FaultRefusal(f"reason must be one of {', '.join(DISCONNECT_REASONS)}.")
            return {"ok": True, "connections": await self.play.sockets.disconnect(reason)}
        if kind == "drop":
            return {"ok": True, "connections": self.play.sockets.drop()}
        if kind == "pace":
            self.play.faults.strict_pace = given.flag("strict", True)
        elif kind == "clear":
            self.play.faults.clear()
        else:
            self.play.faults.arm(given.content)
        return {"ok": True, "armed": len(self.play.faults.armed)}

    async def all_messages(self, request: web.Request) -> Json:
        """Everything said anywhere, in the order it was received; for tests."""
        everything = [m for c in self.play.workspace.conversations.values() for m in c.messages.values()]
        whispers = [m for c in self.play.workspace.conversations.values() for m in c.ephemerals]
        bot_id = self.play.workspace.bot_id

        def row(message: Message) -> Json:
            extra = {"channel": message.channel, "received_at": message.received_at, "updates": message.updates}
            return (
                message.body | extra | {"from_bot": message.body.get("bot_id") == bot_id, "for": message.only_for}
            )

        return {
            "messages": [row(m) for m in sorted(everything, key=lambda m: m.received_at)],
            "ephemerals": [row(m) for m in sorted(whispers, key=lambda m: m.received_at)],
        }
