"""What the page asks and does: every handler takes its request and returns what becomes JSON."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from aiohttp import web

from bot.playground import presenting
from bot.playground.forms import Forms
from bot.playground.gestures import Gestures
from bot.playground.given import given_in, nonsense, whole
from bot.playground.playground import Playground
from bot.playground.replays import Replays
from bot.playground.workspace import TS_PATTERN, Conversation, Person, micros

Json = dict[str, Any]

PAGE_MESSAGES_MAX = 500
HOOK_SECONDS = 30.0  # what the bot may take to do all that falls due when the clock moves


class Page:
    """The page's handlers."""

    def __init__(self, play: Playground) -> None:
        self.play = play
        self.gestures = Gestures(play)
        self.forms = Forms(play, self.gestures)
        self.replays = Replays(play)

    def acting(self, request: web.Request) -> Person:
        """The person the page acts as; without one, the first of the team."""
        wanted = request.query.get("as")
        if wanted is None:
            return next(person for person in self.play.workspace.people.values() if not person.is_bot)
        return self.gestures.person(wanted)

    async def state(self, request: web.Request) -> Json:
        workspace, person = self.play.workspace, self.acting(request)
        await self.play.transport.probe()
        visible = [c for c in workspace.conversations.values() if workspace.may_see(person.id, c)]
        commands = [
            {key: entry.get(key, "") for key in ("command", "description", "usage_hint")}
            for entry in self.play.manifest.commands
        ]
        return {
            "team": {"id": workspace.team["id"], "name": workspace.team["name"]},
            "people": [presenting.person_for_page(workspace, found) for found in workspace.people.values()],
            "channels": [self._channel(person, conversation) for conversation in visible],
            "groups": [{"id": g.id, "handle": g.handle, "name": g.name} for g in workspace.groups.values()],
            "bot": {"id": workspace.bot.id, "name": workspace.bot.name},
            "commands": commands,
            "shortcuts": self.play.manifest.shortcuts,
            "clock": self.play.clock.as_json(),
            "mode": self.play.mode,
            "deliveries": self.replays.menu(),
            "views": [self.play.views.open_views[view] for view in self.play.views.stacks.get(person.id, [])],
            "problem": self.play.manifest.problem,
        }

    def _channel(self, person: Person, conversation: Conversation) -> Json:
        unread, mentions = 0, 0
        if person.id in conversation.members:
            unread, mentions = self.play.workspace.unread(person.id, conversation)
        is_direct = conversation.kind == "im"
        return {
            "id": conversation.id,
            "name": conversation.name,
            "topic": conversation.topic,
            "kind": "im" if is_direct else "channel",
            "member": person.id in conversation.members,
            "with": conversation.with_whom(person.id) if is_direct else None,
            "is_archived": conversation.is_archived,
            "is_private": conversation.is_private,
            "unread": unread,
            "mentions": mentions,
        }

    async def messages(self, request: web.Request) -> Json:
        """One page of a conversation as one person sees it, oldest first."""
        person = self.acting(request)
        conversation = self.gestures.conversation(person, request.match_info["channel"])
        limit = min(max(whole(request, "limit", 60), 1), PAGE_MESSAGES_MAX)
        before = request.query.get("before")
        if before and not TS_PATTERN.fullmatch(before):
            raise nonsense("before is no ts.")
        latest = micros(before) - 1 if before else None
        found = list(islice((m for m in conversation.between(None, latest, True) if m.in_channel), limit + 1))
        found += [m for m in conversation.ephemerals if m.only_for == person.id and m.in_channel]
        found = [m for m in found if latest is None or micros(m.ts) <= latest]
        found.sort(key=lambda m: micros(m.ts))
        shown = [presenting.message_for_page(self.play.workspace, m) for m in found[-limit:]]
        return {"messages": shown, "has_more": len(found) > limit}

    async def thread(self, request: web.Request) -> Json:
        person, ts = self.acting(request), request.match_info["ts"]
        conversation = self.gestures.conversation(person, request.match_info["channel"])
        parent = self.gestures.message(person, conversation, ts)
        replies = [conversation.messages[reply] for reply in conversation.threads.get(ts, [])]
        replies += [m for m in conversation.ephemerals if m.only_for == person.id and m.body.get("thread_ts") == ts]
        found = [parent, *sorted((m for m in replies if m is not parent), key=lambda m: micros(m.ts))]
        return {"messages": [presenting.message_for_page(self.play.workspace, m) for m in found]}

    async def send(self, request: web.Request) -> Json:
        given = await given_in(request)
        person = self.gestures.person(given.text("as"))
        return await self.gestures.send(person, given.text("channel"), given.text("text"), given.maybe("thread_ts"))

    async def action(self, request: web.Request) -> Json:
        given = await given_in(request)
        return await self.gestures.act(self.gestures.person(given.text("as")), given)

    async def options(self, request: web.Request) -> Json:
        given = await given_in(request)
        return await self.gestures.suggest(self.gestures.person(given.text("as")), given)

    async def submit(self, request: web.Request) -> Json:
        given = await given_in(request)
        person = self.gestures.person(given.text("as"))
        return await self.forms.submit(person, request.match_info["view_id"], given.state())

    async def close(self, request: web.Request) -> Json:
        given = await given_in(request)
        person, cleared = self.gestures.person(given.text("as")), given.flag("is_cleared")
        return await self.forms.close(person, request.match_info["view_id"], is_cleared=cleared)

    async def shortcut(self, request: web.Request) -> Json:
        given = await given_in(request)
        person = self.gestures.person(given.text("as"))
        return await self.gestures.shortcut(
            person, given.text("callback_id"), given.maybe("channel"), given.maybe("ts")
        )

    async def open_home(self, request: web.Request) -> Json:
        return self.gestures.open_home(self.gestures.person((await given_in(request)).text("as")))

    async def home(self, request: web.Request) -> Json:
        return {"view": self.play.views.homes.get(self.acting(request).id)}

    async def read(self, request: web.Request) -> Json:
        given = await given_in(request)
        person = self.gestures.person(given.text("as"))
        conversation = self.gestures.conversation(person, given.text("channel"))
        self.play.workspace.mark_read(person.id, conversation)
        event = {"type": "unread", "channel": conversation.id, "unread": 0, "mentions": 0}
        self.play.stream.tell(event, to=person.id)
        return {"ok": True}

    async def reaction(self, request: web.Request) -> Json:
        given = await given_in(request)
        person = self.gestures.person(given.text("as"))
        conversation = self.gestures.conversation(person, given.text("channel"))
        return self.gestures.toggle_reaction(person, conversation, given.text("ts"), given.text("name"))

    async def clock(self, request: web.Request) -> Json:
        return self.play.clock.as_json()

    async def move_clock(self, request: web.Request) -> Json:
        """Move the clock, tell the bot, and wait until it knows."""
        given = await given_in(request)
        if "to" in given:
            self.play.clock.move_to(given.text("to"))
        else:
            self.play.clock.advance(given.number("advance_seconds"))
        told = "absent"
        if hook := self.play.options.clock_hook:
            body = json.dumps({"offset_seconds": self.play.clock.offset_seconds}).encode()
            answer = await self.play.transport.post(
                hook, body, {"Content-Type": "application/json"}, patience_seconds=HOOK_SECONDS
            )
            told = "told" if answer.ok else f"not told: {answer.failure} {answer.status or ''}".strip()
        self.play.stream.tell({"type": "clock"} | self.play.clock.as_json())
        return {"ok": True, "bot": told} | self.play.clock.as_json()

    async def traffic(self, request: web.Request) -> list[Json]:
        return self.play.traffic.after(whole(request, "after", 0))

    async def deliver(self, request: web.Request) -> Json:
        given = await given_in(request)
        source = given.text("source")
        answer = await self.replays.deliver(source, given.text("name"))
        text = answer.text if answer.text or answer.ok else answer.sentence(f"The delivery from {source}")
        return {"ok": answer.ok, "status": answer.status, "text": text}
