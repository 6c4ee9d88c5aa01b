"""What somebody simply writes to us: whichever command listens is asked, each in a transaction of its own."""

from collections.abc import Mapping
from dataclasses import replace

from bot.core.command import Answer, Call, Command, Handle, Heard, Verb
from bot.core.ports import Work

_GREETINGS = frozenset({"hi", "hello"})


class NotMeant(Exception):
    """The words meant nothing to whoever listened; nothing was written."""


def listeners(commands: Mapping[str, Command]) -> tuple[Verb, ...]:
    """Every listener as a verb, so that it is allowed, counted and run once like the verb that it stands for."""
    return tuple(
        replace(command.verbs[verb], handle=_if_meant(handle), prepare=None, reads_only=False)
        for command in commands.values()
        for verb, handle in command.listeners
    )


def reads_as_words(text: str) -> bool:
    """Whether a direct message is hardly a command: it has several lines, or greets and goes on."""
    lines = [line for line in text.split("\n") if line.strip()]
    words = text.split()
    greets = bool(words) and words[0].strip(",.!").casefold() in _GREETINGS and len(words) > 2
    return len(lines) > 1 or greets


def _if_meant(handle: Heard) -> Handle:
    async def handled(call: Call, work: Work) -> Answer:
        answer = await handle(call, work)
        if answer is None:
            raise NotMeant
        return answer

    return handled
