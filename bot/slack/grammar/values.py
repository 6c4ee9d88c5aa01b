"""Reads the words given for one parameter, by its kind, and writes values back as words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Protocol

from bot.core.command import Kind, Parameter
from bot.core.people import Person
from bot.core.refusals import NotUnderstood, Refusal, Unknown
from bot.core.team import Team
from bot.slack.grammar import dates
from bot.slack.grammar.suggest import nearest
from bot.slack.grammar.tokens import DASHES, Word, join, quote

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}")
_NAME_MAX = 80  # characters; Slack's own limit for a display name
_PLAIN = re.compile(r"[^\W_]+(?:[-.][^\W_]+)*")


class NoName(Unknown):
    """No name of ours, and none that looks like it."""

    def __init__(self, what: str, name: str, known: tuple[str, ...], *, field: str | None = None) -> None:
        there = f"There is {', '.join(known[:5])}." if known else f"There is no {what} yet."
        Refusal.__init__(self, f"I know no {what} “{name}”. {there}", field=field)
        self.known = known


class Names(Protocol):
    """What is known, without asking anybody, of who is called what."""

    def name_of(self, id: str) -> str | None:
        """Display name of a user id, or name of a channel id, if known."""
        ...

    def people_named(self, name: str) -> Sequence[Person]:
        """People of this handle, display name or first name; case does not matter."""
        ...

    def everybody(self) -> Sequence[Person]:
        """All people that are known and still here."""
        ...


@dataclass(frozen=True, slots=True)
class Around:
    """What a text is read in: whose it is, when, and which names there are."""

    team: Team
    by: Person
    now: datetime
    names: Names


def read(name: str, parameter: Parameter, words: tuple[Word, ...], around: Around) -> Any:  # noqa: PLR0911 - one a kind
    """The value that the words give for the parameter. Raises a ``Refusal`` whose field is ``name``."""
    text = join(words)
    match parameter.kind:
        case Kind.TEXT | Kind.WORD:
            return text if parameter.kind is Kind.TEXT or words[0].quoted else text.translate(DASHES)
        case Kind.SERVICE:
            return _one_of("service", text, _known(parameter, around), name)
        case Kind.ENVIRONMENT:
            return _one_of("environment", text, _known(parameter, around), name)
        case Kind.CHOICE:
            return _one_of("word for this", text, _known(parameter, around), name)
        case Kind.PERSON:
            return words[0].user_id if words[0].user_id else _person(text, around, name)
        case Kind.WHEN:
            return dates.read_when(text, around.now, around.by.tz, field=name)
        case Kind.DATE:
            return dates.read_day(text, around.now, around.by.tz, field=name, past=parameter.past)
        case Kind.NUMBER:
            return _number(text, name)
        case Kind.ID:
            return _id(text, parameter.prefix, name)
        case _:
            return _picked(name, parameter, words, around)


def may_be(parameter: Parameter, words: tuple[Word, ...], around: Around) -> bool:
    """Whether ``read`` might take these words, told at little cost; where this is False, it certainly does not."""
    match parameter.kind:
        case Kind.SERVICE | Kind.ENVIRONMENT | Kind.CHOICE:
            return _folded(words[0].text) in _by_folded(_known(parameter, around))
        case Kind.PERSON:
            return _may_be_person(words, around)
        case Kind.WHEN | Kind.DATE:
            return len(words) <= dates.LENGTH_MAX // 2 + 1 and dates.may_be(join(words))
        case Kind.NUMBER:
            return _NUMBER.fullmatch(_bare(words[0].text)) is not None
        case Kind.ID:
            return not parameter.prefix or _id_pattern(parameter.prefix).fullmatch(_bare(words[0].text)) is not None
        case _:
            return True


def write(parameter: Parameter, value: Any, around: Around) -> str:
    """The words that ``read`` gives this value for."""
    match parameter.kind:
        case Kind.PERSON:
            return f"<@{value}>"
        case Kind.WHEN:
            return f"{value.astimezone(around.by.tz):%Y-%m-%d %H:%M}"
        case Kind.DATE:
            return date.isoformat(value)
        case Kind.NUMBER | Kind.ID:
            return str(value)
        case _:
            text = str(value)
            # Slack escapes these three in whatever a person types, also inside of quotes.
            sent = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            return sent if _PLAIN.fullmatch(text) and parameter.kind is not Kind.TEXT else quote(sent)


def _picked(name: str, parameter: Parameter, words: tuple[Word, ...], around: Around) -> Any:
    """What was picked in a form with one of Slack's own pickers; nobody types these."""
    match parameter.kind:
        case Kind.PEOPLE:
            return tuple(word.user_id or _person(word.text, around, name) for word in words)
        case Kind.CHOICES:
            return tuple(_one_of("word for this", word.text, parameter.choices, name) for word in words)
        case Kind.TIME:
            return _time(join(words), name)
        case _:
            return join(words)


def _time(text: str, field: str) -> time:
    try:
        return time.fromisoformat(text if text[1:2].isdecimal() else f"0{text}")
    except ValueError:
        raise NotUnderstood(f"“{_short(text)}” is no time of day. Write it as 09:30.", field=field) from None


def _one_of(what: str, text: str, known: tuple[str, ...], field: str) -> str:
    found = _by_folded(known).get(_folded(text))
    if found is None:
        raise _unknown(what, text, known, field)
    return found


def _known(parameter: Parameter, around: Around) -> tuple[str, ...]:
    """The names that there are of the parameter's kind."""
    match parameter.kind:
        case Kind.SERVICE:
            return tuple(around.team.services)
        case Kind.ENVIRONMENT:
            return tuple(around.team.environments)
        case _:
            return parameter.choices


def _bare(text: str) -> str:
    """The word without the comma after it, and with plain dashes."""
    return text.translate(DASHES).strip(",;")


def _folded(text: str) -> str:
    return _bare(text).casefold()


@lru_cache(maxsize=256)
def _by_folded(known: tuple[str, ...]) -> Mapping[str, str]:
    # Of two names that differ in case only, the first is meant.
    return {name.casefold(): name for name in reversed(known)}


def _may_be_person(words: tuple[Word, ...], around: Around) -> bool:
    first = words[0]
    if first.user_id or first.quoted or first.key in {"me", "myself"}:
        return True
    return len(words) <= _NAME_MAX and bool(around.names.people_named(join(words).strip("@,; ")[:_NAME_MAX]))


def _unknown(what: str, text: str, known: Sequence[str], field: str) -> Unknown:
    near = nearest(text, known)
    if near:
        return Unknown(what, _short(text), near, field=field)
    return NoName(what, _short(text), tuple(known[:5]), field=field)


def _person(text: str, around: Around, field: str) -> str:
    name = text.strip("@,; ")
    if name.casefold() in {"me", "myself"}:
        return around.by.id
    found = around.names.people_named(name) if name else ()
    if len(found) == 1:
        return found[0].id
    if found:
        who = ", ".join(person.name for person in found[:5])
        raise NotUnderstood(
            f"“{_short(text)}” could be {len(found)} people: {who}. Mention the one you mean with @.", field=field
        )
    known = [person.name for person in around.names.everybody()]
    raise _unknown("person", text, known, field)


def _number(text: str, field: str) -> int:
    plain = _bare(text)
    if not _NUMBER.fullmatch(plain):
        raise NotUnderstood(f"“{_short(text)}” is no whole number. Write it in digits, such as 3.", field=field)
    return int(plain)


def _id(text: str, prefix: str, field: str) -> str:
    plain = _bare(text)
    if not prefix:
        return plain
    found = _id_pattern(prefix).fullmatch(plain)
    if not found:
        raise NotUnderstood(f"“{_short(text)}” is no id of this kind. They look like {prefix}-41.", field=field)
    return f"{prefix}-{int(found[1])}"


@lru_cache(maxsize=64)
def _id_pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"(?:#|{re.escape(prefix)}-?)?([0-9]{{1,12}})", re.IGNORECASE)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "…"
