"""Admission control: who is refused before their words are read, which takes time and asks the database."""

from bot.core.approvals import DECIDES_ON
from bot.core.command import Command, Door, Verb
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Directory
from bot.core.refusals import NotAllowed
from bot.slack.grammar import Book
from bot.slack.grammar.tokens import DASHES
from bot.slack.inbound.gestures import Gesture

BEGINNING_MAX = 200  # characters that the command's and the verb's name are looked for in

_HELP = frozenset({"help", "hi", "hello", "?"})


def admit(book: Book, policy: Policy, gesture: Gesture, person: Person) -> None:
    """Nothing, where there is something or somewhere for which the person may do this. Raises ``NotAllowed``.

    Looks at the first words alone. Help is for everybody, since it shows only what they may do.
    """
    match gesture.door:
        case Door.SLASH:
            words = _first_words(gesture.text)
            if (command := book.command(gesture.names)) and not _asks_for_help(words):
                _admit_to(policy, command, words, person)
        case Door.MENTION:
            words = _first_words(gesture.text)
            if not words or words[0] in _HELP or _asks_for_help(words[1:]):
                return
            policy.check_anything(person)
            named = words[0].removeprefix("/")
            # What is written to us directly may be for whoever listens, however it begins.
            if (command := book.command(named) or book.commands.get(named)) and not gesture.is_direct:
                _admit_to(policy, command, words[1:], person)
        case _:
            if verb := book.verbs.get(gesture.names):
                policy.check_somewhere(verb.action, person)


def must_be_their_own(verb: Verb, gesture: Gesture, person: Person) -> None:
    """Nothing, where the person did it, or an app may ask for it in their name. Raises ``NotAllowed``."""
    if is_by_app(gesture, person) and not (verb.reads_only or verb.by_app):
        raise NotAllowed(
            f"An app wrote this in your name, and {verb.action} needs a gesture of your own: nothing was done. "
            "If you want it, do it yourself."
        )


def is_by_app(gesture: Gesture, person: Person) -> bool:
    """Whether an app spoke in the name of a person; one that speaks as itself is somebody of its own."""
    return gesture.by_bot and not person.is_bot


def _admit_to(policy: Policy, command: Command, words: list[str], person: Person) -> None:
    verbs = list(command.verbs.values())
    if words and (wanted := command.verbs.get(words[0])):
        policy.check_somewhere(wanted.action, person)
    elif not any(policy.allows_somewhere(verb.action, person) for verb in verbs):
        policy.check_somewhere((command.verbs.get("") or verbs[0]).action, person)


def _asks_for_help(words: list[str]) -> bool:
    return "help" in words[:2] and len(words) <= 2


def _first_words(text: str) -> list[str]:
    """The first three, so that two are known to be all; in bounded time, however long the text is."""
    return [word.casefold().translate(DASHES) for word in text.strip()[:BEGINNING_MAX].split(None, 2)]


async def as_of_now(directory: Directory, policy: Policy, verb: Verb, person: Person) -> Person:
    """Who somebody is by now, where they vote or a rule asks who they are. Raises ``Refusal`` where Slack is silent."""
    votes = verb.name.rpartition("-")[2] in {"approve", "refuse"}
    if verb.reads_only or not (votes or any(policy.has_rule(action) for action in (verb.action, *verb.also))):
        return person
    return await directory.person(person.id, not_older=DECIDES_ON)
