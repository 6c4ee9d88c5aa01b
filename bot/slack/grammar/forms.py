"""Makes the form of a verb from its usage line, filled with what is known already."""

from collections.abc import Mapping
from typing import Any

from bot.core.command import Field, Form, Kind, Verb
from bot.slack.grammar.line import Line

TITLE_MAX = 24  # characters; docs.slack.dev/reference/views

_HINTS = {
    Kind.WHEN: "Such as 17:00, Mon 09:00, in 2 h, or 2026-12-31 09:00, in your time zone.",
    Kind.NUMBER: "A whole number.",
}


def form_of(verb: Verb, line: Line, given: Mapping[str, Any] | None = None) -> Form:
    """The verb's form, filled with the arguments that were given."""
    known = given or {}
    required = {slot.name for segment in line.segments if segment.group is None for slot in segment.slots}
    fields = tuple(
        Field(
            slot.name,
            _label(slot.name),
            slot.parameter,
            value=known.get(slot.name),
            optional=slot.optional or slot.name not in required,
            hint=_hint(slot.parameter.kind, slot.parameter.about, slot.parameter.prefix),
        )
        for slot in line.slots
    )
    name = f"{verb.command.replace('-', ' ')} {verb.name}".strip().capitalize()
    submit = (verb.name or verb.command).replace("-", " ").capitalize()
    return Form(name[:TITLE_MAX], fields, submit=submit[:TITLE_MAX])


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _hint(kind: Kind, about: str, prefix: str) -> str:
    how = _HINTS.get(kind, f"Such as {prefix}-41." if kind is Kind.ID and prefix else "")
    told = about[:1].upper() + about[1:] if about else ""
    if told and how and "such as" not in told.casefold():
        return f"{told.rstrip('.')}. {how}"
    return told or how
