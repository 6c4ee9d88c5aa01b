"""Every door in one place: what Slack sends, decided in ``Calls``, answered in the way that this door answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Protocol

import structlog

from bot.core.command import Door, Reply
from bot.core.people import Person
from bot.core.refusals import Refusal
from bot.runtime import metrics
from bot.slack.inbound import gestures, modals
from bot.slack.inbound.gestures import Gesture, Payload
from bot.slack.inbound.private_answers import Answers
from bot.slack.inbound.results import NotKept, Shown, Told, Wrong, refusal_reply
from bot.slack.inbound.run_verb import Calls
from bot.slack.inbound.signature import Recent

ACK_WITHIN = timedelta(seconds=2.5)  # Slack waits 3 s, network included; docs.slack.dev/interactivity

Ack = dict[str, Any] | None
Home = Callable[[Person], Awaitable[None]]

log = structlog.get_logger(__name__)


class NotAcknowledged(Exception):
    """An event that could not be kept: Slack must send it again."""


class Watch(Protocol):
    """Is told of events that change who is who."""

    def happened(self, event: Payload) -> None: ...


class Doors:
    """Takes a payload, gives the body of its acknowledgement (None: an empty one).

    Raises ``NotAcknowledged`` for an event that must come again, and nothing else.
    """

    def __init__(self, calls: Calls, answers: Answers, watch: Watch, home: Home | None) -> None:
        self.bot_user_id = ""
        self.closed = ""  # why nothing is taken at present; "" where it is
        self._calls = calls
        self._answers = answers
        self._watch = watch
        self._home = home
        self._handled = Recent(time.monotonic, 600)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def take(self, body: Payload) -> Ack:
        """Handle one payload from Slack within the time that Slack waits; what takes longer goes on afterwards."""
        kind = body.get("type")
        if kind == "event_callback":
            return await self._event(body)
        if kind == "block_suggestion":
            return await self._suggest(body)
        gesture = self._gesture(body)
        if gesture is None:
            return None
        if self.closed:
            return await self._expressed(gesture, self._calls.refused(gesture, Refusal(self.closed)))
        with metrics.answering(gesture.door):
            deciding = self.keep(self._calls.decide(gesture))
            done, _ = await asyncio.wait((deciding,), timeout=ACK_WITHIN.total_seconds())
            if not done:
                # The acknowledgement goes out empty; the answer follows by the gesture's other way.
                self.keep(self._late(gesture, deciding))
                return None
            return await self._expressed(gesture, deciding.result())

    def keep(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run it as a task of ours, which ``drain`` waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def busy(self) -> int:
        """How many things are under way."""
        return len(self._tasks)

    async def drain(self, within: timedelta = timedelta(seconds=10)) -> None:
        """Wait for what is under way."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within.total_seconds())

    @staticmethod
    def _gesture(body: Payload) -> Gesture | None:
        if "command" in body:
            return gestures.of_slash(body)
        match body.get("type"):
            case "block_actions":
                return gestures.of_click(body)
            case "view_submission":
                return gestures.of_submission(body)
            case "message_action" | "shortcut":
                return gestures.of_shortcut(body)
        return None  # view_closed, and whatever Slack thinks of next: acknowledged, nothing to do

    async def _expressed(self, gesture: Gesture, told: Told) -> Ack:
        """The acknowledgement's body; what does not fit into it is said by the gesture's other way."""
        try:
            return await self._as_ack(gesture, told)
        except Refusal as refusal:
            return await self._expressed_plainly(gesture, self._calls.refused(gesture, refusal))
        except Exception as error:  # noqa: BLE001 - the ack must not be lost to an answer that cannot be shown
            return await self._expressed_plainly(gesture, self._calls.broken(gesture, error))

    async def _expressed_plainly(self, gesture: Gesture, told: Told) -> Ack:
        try:
            return await self._as_ack(gesture, told)
        except Exception:
            log.exception("answer not shown", door=gesture.door, names=gesture.names)
            return None

    async def _as_ack(self, gesture: Gesture, told: Told) -> Ack:
        sent = gesture.door is Door.FORM
        if isinstance(told, NotKept):
            field = modals.first_input(gesture.view or {}) if sent else None
            told = Wrong({field: str(told.reply.context["sentence"])}) if field else told.reply
        match told:
            case None:
                return None
            case Wrong():
                return {"response_action": "errors", "errors": dict(told.errors)}
            case Shown():
                view = self._view(gesture, told)
                if sent:
                    return {"response_action": "update", "view": view}
                await self._answers.open(gesture, view)
                return None
            case Reply():
                if gesture.door is Door.SLASH:
                    return self._answers.in_ack(told)
                # Rendered before the ack, so that a template that fails is answered for; sent after it.
                self._answers.rendered(told)
                self.keep(self._said(gesture, told))
                return None

    def _view(self, gesture: Gesture, shown: Shown) -> dict[str, Any]:
        return modals.modal(
            shown.form,
            shown.verb,
            shown.around,
            self._answers.render,
            channel_id=gesture.channel_id,
            on=gesture.on,
        )

    async def _late(self, gesture: Gesture, deciding: "asyncio.Task[Told]") -> None:
        told = await deciding
        if isinstance(told, Shown):
            told = await self._opened_late(gesture, told)
        if isinstance(told, NotKept):
            told = told.reply
        if isinstance(told, Wrong):
            told = refusal_reply(" ".join(told.errors.values()))
        if isinstance(told, Reply):
            await self._said(gesture, told)

    async def _opened_late(self, gesture: Gesture, shown: Shown) -> Told:
        try:
            await self._answers.open(gesture, self._view(gesture, shown))
        except Refusal as refusal:
            return self._calls.refused(gesture, refusal)
        except Exception as error:  # noqa: BLE001 - told and logged, as everywhere
            return self._calls.broken(gesture, error)
        return None

    async def _said(self, gesture: Gesture, reply: Reply) -> None:
        try:
            await self._answers.say(gesture, reply)
        except Exception:
            log.exception("answer not shown", door=gesture.door, names=gesture.names)

    async def _suggest(self, body: Payload) -> Ack:
        user, view = body.get("user"), body.get("view")
        if self.closed or not isinstance(user, Mapping) or not isinstance(view, Mapping):
            return {"options": []}
        kind, typed = str(body.get("action_id")), str(body.get("value") or "")
        return {
            "options": await self._calls.suggest(str(user.get("id")), str(view.get("callback_id")), kind, typed)
        }

    async def _event(self, body: Payload) -> Ack:
        event = body.get("event")
        if not isinstance(event, Mapping):
            return None
        kind = event.get("type")
        if not isinstance(kind, str):
            return None
        if self.closed:
            raise NotAcknowledged  # Slack sends it again
        if kind in {"app_mention", "message"}:
            await self._message(event)
        elif kind == "app_home_opened":
            await self._home_opened(event)
        else:
            self._watch.happened(event)
        return None

    async def _message(self, event: Payload) -> None:
        gesture = gestures.of_message(event, self.bot_user_id)
        # A read-only verb keeps no receipt, so a repeated event is told apart here, for this process.
        if gesture is None or gesture.key in self._handled:
            return
        told = await self._calls.decide(gesture)
        if isinstance(told, NotKept):
            raise NotAcknowledged
        if not self._handled.add(gesture.key) or not isinstance(told, Reply):
            return
        if not gesture.by_bot:
            self.keep(self._said(gesture, told))
        elif await self._calls.was_in_their_name(gesture):
            self.keep(self._answers.aside(gesture, told))

    async def _home_opened(self, event: Payload) -> None:
        if self._home is None or event.get("tab") != "home":
            return
        gesture = Gesture(Door.MENTION, "", str(event.get("user") or ""), "home")
        told = await self._calls.show_home(gesture, self._home)
        if isinstance(told, NotKept):
            raise NotAcknowledged
