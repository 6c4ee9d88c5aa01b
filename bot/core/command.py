"""What a slash command is: Command, Verb, Call, Form, Reply. With domain and workflows, all that commands/ sees."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from bot.core.parameters import (
    Kind,
    Parameter,
    channel,
    choice,
    choices,
    day,
    environment,
    id_of,
    number,
    past_day,
    people,
    person,
    service,
    text,
    time_of_day,
    when,
    word,
)
from bot.core.people import Person
from bot.core.policy import Place
from bot.core.ports import Tools, Work
from bot.core.stages import Stage

__all__ = [
    "About",
    "Answer",
    "Call",
    "Command",
    "Door",
    "Field",
    "Form",
    "Handle",
    "Kind",
    "MessageRef",
    "Parameter",
    "Place",
    "Prepare",
    "Reply",
    "Shortcut",
    "Verb",
    "channel",
    "choice",
    "choices",
    "day",
    "environment",
    "id_of",
    "number",
    "past_day",
    "people",
    "person",
    "service",
    "text",
    "time_of_day",
    "when",
    "who_is_here",
    "word",
]


class Door(StrEnum):
    """By which way a call came in."""

    SLASH = "slash"
    BUTTON = "button"
    FORM = "form"
    MENTION = "mention"  # also a direct message, which needs no mention
    SHORTCUT = "shortcut"


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message in Slack that a call came from: of a message shortcut, a button, or a mention."""

    channel_id: str
    ts: str
    text: str = ""
    author_id: str = ""
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a verb.

    Attributes:
        args: what was read for each parameter of the usage line, by name; an optional one that was not given is
            missing. From a form that the verb made itself: its fields' values by name, and what it carried.
        by: who calls.
        at: when, UTC.
        key: names this gesture for ever; the same gesture delivered twice has the same key.
        channel_id: where it was called, or "" (a form opened from the Home tab).
        on: the message it was called on, if any.
        prepared: what the verb's ``prepare`` found out before the transaction.
        by_app: an app wrote it in the name of whoever calls; such a call asks, and decides nothing.
    """

    args: Mapping[str, Any]
    by: Person
    at: datetime
    key: str
    door: Door = Door.SLASH
    channel_id: str = ""
    on: MessageRef | None = None
    prepared: Any = None
    by_app: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A private answer to the caller. What the team should see goes through ``work.say``."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a form. ``name`` is the key in ``Call.args`` when it is sent."""

    name: str
    label: str
    parameter: Parameter
    value: Any = None
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form (modal) to be opened; sending it calls the same verb with ``carry`` and the fields as arguments.

    ``title`` holds at most 24 characters, as Slack's modals do. ``intro`` is a template shown above the fields.
    """

    title: str
    fields: tuple[Field, ...]
    submit: str = "Save"
    carry: Mapping[str, str] = field(default_factory=dict[str, str])
    intro: Reply | None = None


Answer: TypeAlias = Reply | Form | None
Handle: TypeAlias = Callable[[Call, Work], Awaitable[Answer]]
Heard: TypeAlias = Callable[[Call, Work], Awaitable[Reply | None]]
Prepare: TypeAlias = Callable[[Call, Tools], Awaitable[Any]]
About: TypeAlias = Callable[[Call, Work], Awaitable[Sequence[Place]]]


@dataclass(frozen=True, slots=True)
class Verb:
    """What a command can do.

    Attributes:
        name: first word of the usage line; "" for what the command does without one.
        usage: the usage line without the command: ``lock <environment> [until <when>] [because <reason>]``.
            ``<name>`` is a parameter, ``[...]`` may be left out, bare words are keywords.
        handle: decides in one transaction; None as an answer means that the change in the channel says it all.
        reads_only: never writes; runs without the bookkeeping that makes a repeated gesture harmless.
        opens_form: whether calling it with an incomplete line opens the form made from the usage line.
        prepare: looks something up outside of the transaction first (within 2 s).
        about: which services and environments a call is about, for the policy. Without it: those that it names.
            What its ids name is asked about in any case (``bot.stages.flow.authorise``).
        also: actions that it is as well by another door, such as a card's button for a longer line; the policy
            must allow each of them.
        by_app: whether an app may ask for it in somebody's name, where it only asks and others decide. What only
            reads may always be asked for so.
    """

    command: str
    name: str
    usage: str
    summary: str
    parameters: Mapping[str, Parameter]
    handle: Handle
    examples: tuple[str, ...] = ()
    reads_only: bool = False
    opens_form: bool = True
    prepare: Prepare | None = None
    hidden: bool = False  # a button's verb that nobody types
    about: About | None = None
    also: tuple[str, ...] = ()
    by_app: bool = False

    @property
    def action(self) -> str:
        """Names the verb in buttons, forms and the policy: ``deploy.approve``; ``deploy`` for the nameless."""
        return f"{self.command}.{self.name}" if self.name else self.command


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A message shortcut: calls a verb's form with the message's text in ``fills``."""

    title: str  # at most 24 characters
    about: str
    verb: str
    fills: str


class Command:
    """A slash command, declared once; help, forms, manifest and docs are made from this.

    A module in commands/ holds exactly one, named ``command``.
    """

    def __init__(self, name: str, summary: str, *, stage: Stage | None = None) -> None:
        self.name = name
        self.summary = summary
        self.stage = stage
        self.verbs: dict[str, Verb] = {}
        self.shortcuts: list[Shortcut] = []
        self.listeners: list[tuple[str, Heard]] = []

    def verb(
        self,
        usage: str,
        summary: str,
        *,
        examples: tuple[str, ...] = (),
        reads_only: bool = False,
        opens_form: bool = True,
        prepare: Prepare | None = None,
        hidden: bool = False,
        about: About | None = None,
        also: tuple[str, ...] = (),
        by_app: bool = False,
        **parameters: Parameter,
    ) -> Callable[[Handle], Handle]:
        """Declare the decorated function as what this verb does; see ``Verb`` for the arguments.

        Raises ``ValueError`` where the usage line and the parameters do not name the same things, or the verb
        is there already.
        """
        first, _, _ = usage.partition(" ")
        name = "" if not first or first[0] in "<[" else first
        named = set(_names_in(usage))
        if named != set(parameters):
            raise ValueError(f"/{self.name} {usage}: parameters {sorted(named ^ set(parameters))} do not match")
        if name in self.verbs:
            raise ValueError(f"/{self.name} has the verb {name!r} already")

        def declare(handle: Handle) -> Handle:
            self.verbs[name] = Verb(
                self.name,
                name,
                usage,
                summary,
                parameters,
                handle,
                examples,
                reads_only,
                opens_form,
                prepare,
                hidden,
                about,
                also,
                by_app,
            )
            return handle

        return declare

    def listen(self, verb: str) -> Callable[[Heard], Heard]:
        """Offer the decorated function what people write to the bot directly that is no command.

        ``call.args["text"]`` are their words. None as an answer: they mean nothing here, and nothing is kept of
        the work. ``verb`` is the one that it does in other words, for the policy.
        """
        if verb not in self.verbs:
            raise ValueError(f"/{self.name} has no verb {verb!r} to listen for")

        def declare(heard: Heard) -> Heard:
            self.listeners.append((verb, heard))
            return heard

        return declare

    def shortcut(self, title: str, about: str, *, verb: str, fills: str) -> None:
        """Offer a verb on every message's menu; the message's text fills the named parameter of its form."""
        if fills not in self.verbs[verb].parameters:
            raise ValueError(f"/{self.name} {verb} has no parameter {fills!r}")
        self.shortcuts.append(Shortcut(title, about, verb, fills))


def _names_in(usage: str) -> list[str]:
    return [part.partition(">")[0] for part in usage.split("<")[1:]]


async def who_is_here(_: Call, tools: Tools) -> frozenset[str]:
    """What a verb may ``prepare``: the ids of everybody who has not left, as only their yes counts."""
    return frozenset(person.id for person in await tools.directory.people())
