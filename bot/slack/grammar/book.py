"""All commands with their compiled lines: which verb a text asks for, under the names that people type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.command import Command, Verb
from bot.core.refusals import NotUnderstood, Refusal
from bot.slack.grammar.line import Line, Misread
from bot.slack.grammar.suggest import alike, nearest
from bot.slack.grammar.tokens import DASHES, Word, split
from bot.slack.grammar.values import Around


@dataclass(frozen=True, slots=True)
class Wish:
    """A verb and what the text gave for it. ``missing`` names required parameters that it did not give."""

    verb: Verb
    args: Mapping[str, Any]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Help:
    """Somebody asked for help: on a verb, on a command, or (both None) on everything."""

    command: Command | None = None
    verb: Verb | None = None


class Book:
    """The commands by the names that people type, which begin with the prefix of the settings."""

    def __init__(self, commands: Mapping[str, Command], prefix: str = "") -> None:
        self.prefix = prefix
        self.commands = dict(commands)
        self.verbs: dict[str, Verb] = {}
        self.lines: dict[str, Line] = {}
        self._typed = {self.typed(name).removeprefix("/"): command for name, command in commands.items()}
        for command in commands.values():
            for verb in command.verbs.values():
                self.verbs[verb.action] = verb
                self.lines[verb.action] = Line(verb.usage, verb.parameters, called=self.typed(command.name))

    def typed(self, name: str) -> str:
        """A command as people type it: ``/deploy``, or ``/ops-deploy`` with the prefix ``ops-``."""
        return f"/{self.prefix}{name}"

    def command(self, typed: str) -> Command | None:
        """The command that is typed so, with or without its slash."""
        return self._typed.get(typed.removeprefix("/").casefold())

    def line(self, verb: Verb) -> Line:
        """The compiled usage line of a verb."""
        return self.lines[verb.action]

    def understand(self, command: Command, text: str, around: Around) -> Wish | Help:
        """What a text after the command's name asks for. Raises ``NotUnderstood`` and ``Unknown``."""
        return self._understand(command, split(text, around.names.name_of), around)

    def understand_mention(self, text: str, around: Around) -> Wish | Help:
        """What a text asks for that names its command itself: ``deploy web v1 to production``."""
        words = split(text, around.names.name_of)
        if not words or words[0].key in {"help", "hi", "hello", "?"}:
            return Help()
        named = words[0].key.translate(DASHES).removeprefix("/")
        command = self.command(named) or self.commands.get(named)
        if command:
            return self._understand(command, words[1:], around)
        near = nearest(named, self.commands, 1) if named else ()
        meant = f" Did you mean “{near[0]}”?" if near else ""
        known = ", ".join(sorted(self.commands))
        raise NotUnderstood(
            f"I know no command “{words[0].text[:60]}”.{meant} I know: {known}. Say “help” for more."
        )

    def _understand(self, command: Command, words: tuple[Word, ...], around: Around) -> Wish | Help:
        keys = [word.key.translate(DASHES) for word in words]
        typed = [verb for verb in command.verbs.values() if not verb.hidden]
        wanted = command.verbs.get(keys[0]) if words and keys[0] else None
        nameless = command.verbs.get("")
        if keys == ["help"] or (not words and nameless is None):
            return Help(command)
        if len(keys) == 2 and "help" in keys:
            other = keys[0] if keys[1] == "help" else keys[1]
            about = next((verb for verb in typed if verb.name and verb.name == other), None)
            return Help(command, about)
        if wanted:
            return self._wish(wanted, words, around)
        if nameless is None:
            raise self._no_verb(command, words[0].text, [verb.name for verb in typed])
        try:
            return self._wish(nameless, words, around)
        except Refusal as refusal:
            names = [verb.name for verb in typed if verb.name]
            if words and not words[0].quoted and alike(words[0].key, names):
                raise self._no_verb(command, words[0].text, names) from refusal
            raise

    def _wish(self, verb: Verb, words: tuple[Word, ...], around: Around) -> Wish:
        reading = self.line(verb).read(words, around)
        return Wish(verb, reading.args, reading.missing)

    def _no_verb(self, command: Command, word: str, names: list[str]) -> Misread:
        near = nearest(word, names, 1)
        called = self.typed(command.name)
        if near:
            usage = self.line(command.verbs[near[0]]).whole
            return Misread(f"{called} has no “{word[:60]}”. Did you mean “{near[0]}”?", usage)
        return Misread(f"{called} has no “{word[:60]}”. It has: {', '.join(names)}.", f"{called} help")
