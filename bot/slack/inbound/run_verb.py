"""Turns a gesture into one call of a verb: who, what, whether they may, once; and every failure into words."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bot.core.command import Answer, Command, Door, Form, Reply, Shortcut, Verb
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Clock, Directory, Tools
from bot.core.refusals import NotUnderstood, Refusal
from bot.runtime import metrics
from bot.runtime.logs import correlated
from bot.slack.grammar import Around, Book, Help, Misread, Names, Wish, form_of
from bot.slack.grammar.help import help_reply
from bot.slack.grammar.tokens import clean, meaning
from bot.slack.inbound import modals
from bot.slack.inbound.admission import admit, is_by_app
from bot.slack.inbound.execution import Execution, Unit
from bot.slack.inbound.free_text import NotMeant, listeners, reads_as_words
from bot.slack.inbound.gestures import Gesture
from bot.slack.inbound.results import NotKept, Shown, Told, Wrong, refusal_reply
from bot.storage.engine.errors import OutcomeUnknown, StorageUnavailable

NOT_SEEN = (
    "My database went away just as I wrote this down, so I do not know whether it was done. Look at its card, or at "
    "“/flow”, before you do it again."
)

log = structlog.get_logger(__name__)


class Calls:
    """What every door shares. Nothing but ``CancelledError`` ever comes out of ``decide``."""

    def __init__(
        self, book: Book, unit: Unit, directory: Directory, names: Names, policy: Policy, clock: Clock, tools: Tools
    ) -> None:
        self.book = book
        self._using = Execution(unit, directory, policy, clock, tools)
        self._directory = directory
        self._names = names
        self._policy = policy
        self._clock = clock
        self._listeners = listeners(book.commands)
        self._shortcuts: dict[str, tuple[Command, Shortcut]] = {
            command.verbs[shortcut.verb].action: (command, shortcut)
            for command in book.commands.values()
            for shortcut in command.shortcuts
        }

    async def decide(self, gesture: Gesture) -> Told:
        """What the gesture leads to, whatever goes wrong."""
        return await self._guarded(gesture, self._decided)

    async def suggest(self, user_id: str, form: str, kind: str, typed: str) -> list[dict[str, Any]]:
        """Options for what is typed into a form: what the policy lets them use its verb for."""
        verb = self.book.verbs.get(form)
        person = await self._directory.person(user_id)
        return modals.suggestions(kind, typed, verb, self._policy.team, person) if verb else []

    async def was_in_their_name(self, gesture: Gesture) -> bool:
        """Whether an app did it in the name of a person, who should hear what came of it."""
        person = await self._directory.person(gesture.user_id)
        return is_by_app(gesture, person) and not person.is_stranger

    async def show_home(self, gesture: Gesture, home: Callable[[Person], Awaitable[None]]) -> Told:
        """Have the person's Home tab drawn."""

        async def drawn(gesture: Gesture) -> Told:
            await home(await self._directory.person(gesture.user_id))
            return None

        return await self._guarded(gesture, drawn)

    async def _guarded(self, gesture: Gesture, step: Callable[[Gesture], Awaitable[Told]]) -> Told:
        with correlated(door=gesture.door):
            try:
                return await step(gesture)
            except Refusal as refusal:
                log.info("refused", names=gesture.names, kind=type(refusal).__name__)
                self._count(gesture, "refused")
                return self.refused(gesture, refusal)
            except OutcomeUnknown as error:
                log.warning("storage lost", names=gesture.names, error=str(error))
                self._count(gesture, "unknown")
                return NotKept(refusal_reply(NOT_SEEN))
            except StorageUnavailable as error:
                log.warning("storage unavailable", names=gesture.names, error=str(error))
                self._count(gesture, "unavailable")
                sentence = "My database does not answer just now, so nothing was done. Try again shortly."
                return NotKept(refusal_reply(sentence))
            except Exception as error:  # noqa: BLE001 - where every call's failure ends; it is logged in full
                return self.broken(gesture, error)

    async def _decided(self, gesture: Gesture) -> Told:
        person = await self._directory.person(gesture.user_id)
        admit(self.book, self._policy, gesture, person)
        around = Around(self._policy.team, person, self._clock.now(), self._names)
        match gesture.door:
            case Door.FORM:
                return await self._sent(gesture, around)
            case Door.SHORTCUT:
                return self._filled(gesture, around)
            case _:
                return await self._asked(gesture, around)

    def refused(self, gesture: Gesture, refusal: Refusal) -> Told:
        """A refusal as this door shows it: at the field of a form, or as a private answer."""
        if gesture.door is Door.FORM and gesture.view:
            field = refusal.field if _has_input(gesture.view, refusal.field) else modals.first_input(gesture.view)
            if field:
                return Wrong({field: refusal.sentence})
        usage = refusal.usage if isinstance(refusal, Misread) else ""
        command = self.book.command(gesture.names) if gesture.door is Door.SLASH else None
        help_with = f"{self.book.typed(command.name)} help" if command else ""
        return refusal_reply(refusal.sentence, usage, help_with if isinstance(refusal, NotUnderstood) else "")

    def broken(self, gesture: Gesture, error: Exception) -> Reply:
        """The private answer to our own failure. The log gets the traceback under the same reference."""
        self._count(gesture, "broken")
        with correlated(door=gesture.door) as reference:
            log.error("call failed", names=gesture.names, user_id=gesture.user_id, exc_info=error)
        return Reply("system/broken", {"reference": reference})

    def _count(self, gesture: Gesture, outcome: str) -> None:
        """Count one that did not reach its verb's answer, under a name of ours and never under what was typed."""
        command = self.book.command(gesture.names) if gesture.door is Door.SLASH else None
        known = command.name if command else gesture.names if gesture.names in self.book.verbs else ""
        metrics.GESTURES.labels(known, gesture.door, outcome).inc()

    async def _asked(self, gesture: Gesture, around: Around) -> Told:
        """A line of words: typed, in a mention, behind a button, or simply written to us."""
        written = gesture.door is Door.MENTION and gesture.is_direct and bool(self._listeners)
        try:
            if written and reads_as_words(gesture.text):
                return await self._heard(gesture, around)
        except NotMeant:
            written = False
        try:
            wish = self._complete(gesture, around)
        except Refusal:
            if not written:
                raise
            try:
                return await self._heard(gesture, around)
            except NotMeant:
                pass
            raise
        if not isinstance(wish, Wish):
            return wish
        answer = await self._using.use(wish.verb, wish.args, gesture, around.by)
        return self._told(answer, wish.verb, gesture, around)

    def _complete(self, gesture: Gesture, around: Around) -> Wish | Told:
        """What is wished for, with nothing missing; or the help, or the form, that is shown instead."""
        wish = self._wish(gesture, around)
        if isinstance(wish, Help):
            return help_reply(self.book, wish, lambda verb: self._policy.allows_somewhere(verb.action, around.by))
        if not wish.missing:
            return wish
        verb = wish.verb
        line = self.book.line(verb)
        self._policy.check_somewhere(verb.action, around.by)
        if verb.opens_form and gesture.trigger_id:
            return Shown(form_of(verb, line, wish.args), verb, around)
        raise Misread(f"Something is missing: {', '.join(f'<{name}>' for name in wish.missing)}.", line.whole)

    async def _heard(self, gesture: Gesture, around: Around) -> Told:
        """What somebody simply wrote to us, for whoever listens. Raises ``NotMeant``."""
        words = meaning(clean(gesture.text), self._names.name_of)
        for verb in self._listeners:
            if not self._policy.allows_somewhere(verb.action, around.by):
                continue
            try:
                answer = await self._using.use(verb, {"text": words}, gesture, around.by)
            except NotMeant:
                continue
            return self._told(answer, verb, gesture, around)
        raise NotMeant

    def _wish(self, gesture: Gesture, around: Around) -> Wish | Help:
        if gesture.door is Door.MENTION:
            return self.book.understand_mention(gesture.text, around)
        if gesture.door is Door.SLASH:
            command = self.book.command(gesture.names)
            if command is None:
                known = ", ".join(self.book.typed(name) for name in self.book.commands)
                raise NotUnderstood(f"I have no command {gesture.names[:40]}. I have {known}.")
            return self.book.understand(command, gesture.text, around)
        verb = self._verb(gesture.names)
        reading = self.book.line(verb).read(f"{verb.name} {gesture.text}", around)
        return Wish(verb, reading.args, reading.missing)

    def _filled(self, gesture: Gesture, around: Around) -> Told:
        """The form behind a shortcut, filled with the message's words."""
        verb = self._verb(gesture.names)
        _, shortcut = self._shortcuts.get(verb.action, (None, None))
        given: dict[str, Any] = {}
        if shortcut and gesture.on:
            words = meaning(clean(gesture.on.text), self._names.name_of)
            given[shortcut.fills] = words if verb.parameters[shortcut.fills].long else " ".join(words.split())
        return Shown(form_of(verb, self.book.line(verb), given), verb, around)

    async def _sent(self, gesture: Gesture, around: Around) -> Told:
        verb = self._verb(gesture.names)
        given, wrong = modals.read(gesture.view or {}, verb, around)
        if wrong:
            return Wrong(wrong)
        args = {**gesture.carry, **given}
        return self._told(await self._using.use(verb, args, gesture, around.by), verb, gesture, around)

    def _told(self, answer: Answer, verb: Verb, gesture: Gesture, around: Around) -> Told:
        metrics.GESTURES.labels(verb.action, gesture.door, "done").inc()
        if not isinstance(answer, Form):
            return answer
        if gesture.trigger_id:
            return Shown(answer, verb, around)
        called = self.book.typed(verb.command)
        raise NotUnderstood(
            f"That needs a form, and Slack opens none from a mention. Type {called} outside a thread."
        )

    def _verb(self, action: str) -> Verb:
        verb = self.book.verbs.get(action)
        if verb is None:
            raise NotUnderstood(
                "This is from another version of me: I no longer do that. Look for a newer message."
            )
        return verb


def _has_input(view: Mapping[str, Any], name: str | None) -> bool:
    return name is not None and any(
        isinstance(block, dict) and block.get("type") == "input" and block.get("block_id") == name
        for block in view.get("blocks") or ()
    )
