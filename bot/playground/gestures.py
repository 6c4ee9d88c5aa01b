"""What people do in messages, and what comes of it: typing, slash commands, clicks, shortcuts, the Home tab."""

from __future__ import annotations

import re
from typing import Any

from bot.playground import payloads
from bot.playground.blocks import find_element, typed_blocks
from bot.playground.given import Given, Impossible
from bot.playground.playground import Playground
from bot.playground.reacting import react, unreact
from bot.playground.respond import Unusable
from bot.playground.transport import Answer
from bot.playground.typing_in import tokens
from bot.playground.workspace import Conversation, Message, Person

Json = dict[str, Any]

SLASH = re.compile(r"(/[^\s/]+)(?:\s+(.*))?", re.DOTALL)
TYPED_MAX = 12_000  # characters that Slack's composer takes


def failed(answer: Answer, what: str) -> Json:
    return {"ok": False, "error": answer.error, "text": answer.sentence(what)}


class Gestures:
    """Everything a person can do outside of modals."""

    def __init__(self, play: Playground) -> None:
        self._play = play

    def person(self, person_id: str) -> Person:
        found = self._play.workspace.people.get(person_id)
        if found is None or found.is_bot:
            raise Impossible("unknown_person", "Nobody here has that id.", 404)
        return found

    def conversation(self, person: Person, channel_id: str) -> Conversation:
        found = self._play.workspace.conversations.get(channel_id)
        if found is None or not self._play.workspace.may_see(person.id, found):
            raise Impossible("channel_not_found", f"{person.real_name} sees no such conversation.", 404)
        return found

    def message(self, person: Person, conversation: Conversation, ts: str) -> Message:
        found = self._play.find_message(conversation, ts, person.id)
        if found is None:
            raise Impossible("message_not_found", "That message is gone.", 404)
        return found

    async def send(self, person: Person, channel_id: str, text: str, thread_ts: str | None) -> Json:
        """Say something, or run a slash command."""
        conversation = self.conversation(person, channel_id)
        if person.id not in conversation.members:
            raise Impossible("not_in_channel", f"{person.real_name} is not in #{conversation.name}.")
        if conversation.is_archived:
            raise Impossible("is_archived", f"#{conversation.name} is archived.")
        text = text.strip()
        if not text or len(text) > TYPED_MAX:
            raise Impossible("no_text" if not text else "msg_too_long", f"Type 1 to {TYPED_MAX} characters.")
        slash = SLASH.fullmatch(text)
        if slash and thread_ts:
            sentence = f"{slash.group(1)} is not supported in threads. Sorry!"
            raise Impossible("slash_in_thread", sentence)
        if slash:
            return await self._command(person, conversation, slash.group(1), (slash.group(2) or "").strip())
        self._play.post(conversation, self._typed(person, conversation, text, thread_ts))
        return {"ok": True}

    def _typed(self, person: Person, conversation: Conversation, text: str, thread_ts: str | None) -> Json:
        stored = tokens(self._play.workspace, text)
        body: Json = {
            "type": "message",
            "user": person.id,
            "text": stored,
            "team": self._play.workspace.team["id"],
            "client_msg_id": self._play.ids.uuid(),
            "blocks": typed_blocks(stored, self._play.ids),
        }
        if thread_ts:
            parent = conversation.messages.get(thread_ts)
            if parent is None:
                raise Impossible("thread_not_found", "That thread is gone.", 404)
            root = conversation.messages.get(parent.body.get("thread_ts", thread_ts), parent)
            body |= {"thread_ts": root.ts, "parent_user_id": root.body.get("user")}
        return body

    async def _command(self, person: Person, conversation: Conversation, command: str, text: str) -> Json:
        manifest = self._play.manifest
        declared = manifest.command(command)
        if manifest.known and declared is None:
            sentence = f"{command} is not a valid command."
            return {"ok": False, "error": "unknown_command", "text": sentence}
        escapes = declared and declared.get("should_escape")
        sent = tokens(self._play.workspace, text, labelled=True) if escapes else text
        payload = payloads.slash_command(self._play, person, conversation, command, sent)
        answer = await self._play.transport.deliver("slash_commands", payload, what=command)
        if not answer.ok:
            return failed(answer, command)
        message = answer.payload or ({"text": answer.text} if answer.text.strip() else None)
        if message is None:
            return {"ok": True}
        echo = message.get("response_type") == "in_channel"
        if echo:
            self._play.post(conversation, self._typed(person, conversation, f"{command} {text}".strip(), None))
            if set(message) == {"response_type"}:
                return {"ok": True}
        try:
            self._play.response_urls.say(person.id, conversation.id, message)
        except Unusable as unusable:
            sentence = f"{command} answered with a message that Slack would refuse ({unusable})."
            return {"ok": False, "error": str(unusable), "text": sentence}
        return {"ok": True}

    async def act(self, person: Person, given: Given) -> Json:
        """Use a button, menu or picker, in a message or in a view."""
        container = given.part("container")
        block_id, action_id = given.text("block_id"), given.text("action_id")
        if container.maybe("type") == "view":
            view = self.view(person, container.text("view_id"))
            element = self._element(view["blocks"], block_id, action_id)
            self._play.views.keep_state(view, given.state())
            act = payloads.action(element, block_id, given.content, self._play.clock.now())
            payload = payloads.block_actions_in_view(self._play, person, view, act)
        else:
            conversation = self.conversation(person, container.text("channel"))
            message = self.message(person, conversation, container.text("ts"))
            element = self._element(message.body.get("blocks") or [], block_id, action_id)
            act = payloads.action(element, block_id, given.content, self._play.clock.now())
            payload = payloads.block_actions_in_message(
                self._play, person, conversation, message, act=act, state=given.state()
            )
        answer = await self._play.transport.deliver("interactive", payload, what=f"block_actions {action_id}")
        return {"ok": True} if answer.ok else failed(answer, _label(element))

    def view(self, person: Person, view_id: str) -> Json:
        """A view that this person has open."""
        found = self._play.views.find(view_id)
        if found is None or self._play.views.owners[found["id"]] != person.id:
            raise Impossible("view_not_found", "That view is closed.", 404)
        return found

    @staticmethod
    def _element(blocks: list[Json], block_id: str, action_id: str) -> Json:
        found = find_element(blocks, block_id, action_id)
        if found is None:
            raise Impossible("action_not_found", "That control is no longer there.", 404)
        return found

    async def suggest(self, person: Person, given: Given) -> Json:
        """Ask the bot for the options of an external menu."""
        block_id, action_id = given.text("block_id"), given.text("action_id")
        if view_id := given.maybe("view_id"):
            view = self.view(person, view_id)
            element = self._element(view["blocks"], block_id, action_id)
            where: Json = {"container": {"type": "view", "view_id": view["id"]}, "view": view}
        else:
            conversation = self.conversation(person, given.text("channel"))
            message = self.message(person, conversation, given.text("ts"))
            element = self._element(message.body.get("blocks") or [], block_id, action_id)
            place = {"id": conversation.id, "name": payloads.channel_name(conversation)}
            container = payloads.message_container(conversation, message)
            where = {"container": container, "channel": place, "message": message.body}
        value = given.maybe("value") or ""
        payload = payloads.block_suggestion(
            self._play, person, block_id=block_id, action_id=action_id, value=value, where=where
        )
        answer = await self._play.transport.deliver("interactive", payload, what=f"block_suggestion {action_id}")
        if not answer.ok:
            return failed(answer, _label(element)) | {"options": []}
        offered = answer.payload or {}
        if isinstance(offered.get("option_groups"), list):
            return {"option_groups": offered["option_groups"][:100]}
        options = offered.get("options")
        return {"options": options[:100] if isinstance(options, list) else []}

    async def shortcut(self, person: Person, callback_id: str, channel_id: str | None, ts: str | None) -> Json:
        """Use a shortcut: a global one, or one on a message."""
        if ts is None or channel_id is None:
            payload = payloads.shortcut(self._play, person, callback_id)
        else:
            conversation = self.conversation(person, channel_id)
            message = self.message(person, conversation, ts)
            payload = payloads.message_action(self._play, person, callback_id, conversation, message)
        answer = await self._play.transport.deliver("interactive", payload, what=f"{payload['type']} {callback_id}")
        return {"ok": True} if answer.ok else failed(answer, "The shortcut")

    def open_home(self, person: Person) -> Json:
        """Open the app's Home tab: the bot hears of it every time."""
        conversation = self._play.workspace.direct(person.id)
        event: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": conversation.id,
            "tab": "home",
            "event_ts": self._play.workspace.next_ts(conversation),
        }
        if view := self._play.views.homes.get(person.id):
            event["view"] = view
        self._play.events.emit("app_home_opened", event)
        return {"ok": True}

    def toggle_reaction(self, person: Person, conversation: Conversation, ts: str, name: str) -> Json:
        message = self.message(person, conversation, ts)
        if message.only_for or not re.fullmatch(r"[\w+'-]{1,100}", name):
            raise Impossible("not_reactable", "Nobody can react to that with this.")
        if not react(self._play, conversation, message, person.id, name):
            unreact(self._play, conversation, message, person.id, name)
        return {"ok": True}


def _label(element: Json) -> str:
    text = element.get("text") or element.get("placeholder")
    return f'"{text["text"]}"' if isinstance(text, dict) and text.get("text") else "This control"
