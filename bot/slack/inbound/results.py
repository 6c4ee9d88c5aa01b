"""What a gesture can lead to, before a door says it in its own way."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.command import Form, Reply, Verb
from bot.slack.grammar import Around


@dataclass(frozen=True, slots=True)
class Shown:
    """A form to open, with the verb that it calls and what it is read in."""

    form: Form
    verb: Verb
    around: Around


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a form that was sent, by field."""

    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NotKept:
    """The database does not serve: nothing was done, and the person may be told so."""

    reply: Reply


Told = Reply | Shown | Wrong | NotKept | None


def refusal_reply(sentence: str, usage: str = "", help_with: str = "") -> Reply:
    """A refusal as a private answer."""
    return Reply("refusals/refusal", {"sentence": sentence, "usage": usage, "help_with": help_with})
