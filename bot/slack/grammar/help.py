"""Help, made from the declarations; what this person may not do is left out."""

from collections.abc import Callable, Iterable

from bot.core.command import Command, Reply, Verb
from bot.slack.grammar.book import Book, Help

May = Callable[[Verb], bool]


def help_reply(book: Book, wanted: Help, may: May) -> Reply:
    """The private answer to a question for help."""
    if wanted.verb and may(wanted.verb):
        return _on_verb(book, wanted.verb)
    if wanted.command:
        return _on_command(book, wanted.command, may)
    return _on_everything(book, may)


def usage_hint(command: Command) -> str:
    """The hint that Slack shows beside the command: its usage lines in short, ending with help."""
    lines = [verb.usage for verb in _shown(command.verbs.values()) if verb.usage]
    return " | ".join([*lines, "help"])


def _on_everything(book: Book, may: May) -> Reply:
    commands = [
        {"name": book.typed(command.name), "summary": command.summary}
        for command in book.commands.values()
        if any(may(verb) for verb in _shown(command.verbs.values()))
    ]
    return Reply("help/everything", {"commands": commands})


def _on_command(book: Book, command: Command, may: May) -> Reply:
    verbs = [
        {"usage": book.line(verb).whole, "summary": verb.summary, "examples": _examples(book, verb)}
        for verb in _shown(command.verbs.values())
        if may(verb)
    ]
    return Reply("help/command", {"name": book.typed(command.name), "summary": command.summary, "verbs": verbs})


def _on_verb(book: Book, verb: Verb) -> Reply:
    line = book.line(verb)
    parameters = [
        {
            "name": slot.name,
            "about": slot.parameter.about or slot.parameter.kind.value,
            "choices": ", ".join(slot.parameter.choices),
            "optional": slot.optional or any(slot in s.slots and s.group is not None for s in line.segments),
        }
        for slot in line.slots
    ]
    context = {
        "usage": line.whole,
        "summary": verb.summary,
        "parameters": parameters,
        "examples": _examples(book, verb),
    }
    return Reply("help/verb", context)


def _examples(book: Book, verb: Verb) -> list[str]:
    """Examples as typed; a declaration may write them with or without the command's name."""
    called = book.typed(verb.command)
    return [f"{called} {plain_example(verb, example)}".strip() for example in verb.examples]


def plain_example(verb: Verb, example: str) -> str:
    """An example as it follows the command's name; a declaration may leave the verb's name out, or write it all."""
    slash = f"/{verb.command}"
    text = example[len(slash) :] if example == slash or example.startswith(slash + " ") else example
    words = text.split()
    named = not verb.name or (words and words[0].casefold() == verb.name)
    return text.strip() if named else f"{verb.name} {text}".strip()


def _shown(verbs: Iterable[Verb]) -> list[Verb]:
    return [verb for verb in verbs if not verb.hidden]
