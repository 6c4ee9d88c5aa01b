"""Segments: whom a flag is for, by what an application tells of its user. Written, read, and asked.

What is told is taken as flagd takes it, so that its file and we serve the same people: a list where a number is wanted
is what is in it, true is 1 there, and a version is what semantic versioning calls one.
"""

import difflib
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias, cast

from bot.core.refusals import Refusal

TARGETING_KEY = "targetingKey"  # OpenFeature's name for who is asked about; people write "user"
TEXT_MAX = 2_000  # characters of a segment as it is written
RULES_MAX = 10
VALUES_MAX = 200  # in one rule
VALUE_MAX = 200  # characters

Traits: TypeAlias = Mapping[str, Any]
"""What an application tells of its user: OpenFeature's evaluation context."""

Test: TypeAlias = Callable[[Traits], bool]


class How(StrEnum):
    """How an attribute is compared. Somebody of whom the attribute is not known is never within."""

    IN = "in"
    NOT_IN = "not in"
    STARTS = "starts with"
    ENDS = "ends with"
    LESS = "<"
    AT_MOST = "<="
    AT_LEAST = ">="
    MORE = ">"


ORDERS = (How.LESS, How.AT_MOST, How.AT_LEAST, How.MORE)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on one attribute, such as ``country in DE, AT`` or ``version >= 2.4.0``."""

    attribute: str
    how: How
    values: tuple[str, ...]

    def __str__(self) -> str:
        name = "user" if self.attribute == TARGETING_KEY else self.attribute
        shown = ", ".join(_quoted(value) for value in self.values)
        if len(self.values) == 1 and self.how in (How.IN, How.NOT_IN):
            return f"{name} {'=' if self.how is How.IN else '!='} {shown}"
        return f"{name} {self.how} {shown}"

    @property
    def version(self) -> str:
        """The version that is compared with, in semantic versioning's form; "" where it is a number.

        "3" is a number, but not of something that is called a version.
        """
        is_number = _NUMBER.fullmatch(self.values[0]) and "version" not in self.attribute.casefold()
        return "" if is_number else semantic(self.values[0]) or ""

    def test(self) -> Test:
        """Asks whether somebody meets it; made once, asked often."""
        name, values = self.attribute, self.values
        match self.how:
            case How.IN | How.NOT_IN:
                known, wanted = {_key(form) for value in values for form in forms(value)}, self.how is How.IN
                return lambda traits: (told := traits.get(name)) is not None and (_key(told) in known) is wanted
            case How.STARTS:
                return lambda traits: isinstance(text := traits.get(name), str) and text.startswith(values[0])
            case How.ENDS:
                return lambda traits: isinstance(text := traits.get(name), str) and text.endswith(values[0])
            case _:
                return self._order()

    def _order(self) -> Test:
        name, compare = self.attribute, _COMPARE[self.how]
        if self.version:
            limit = _precedence(self.version)
            return lambda traits: (
                (there := _told_version(traits.get(name))) is not None and compare(_precedence(there), limit)
            )
        number = float(self.values[0])
        return lambda traits: (
            (told := traits.get(name)) is not None
            and (there := _number(told)) is not None
            and compare(there, number)
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """Everybody who meets all of the conditions; everybody at all where there are none.

    ``name`` is the team file's, "" where the conditions were written in the command.
    """

    conditions: tuple[Condition, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions)) or "everybody"

    @property
    def is_everybody(self) -> bool:
        """Whether it leaves nobody out."""
        return not self.conditions

    @property
    def called(self) -> str:
        """Its name, else what it says."""
        return self.name or str(self)

    def tests(self) -> tuple[Test, ...]:
        """What somebody has to pass to be within."""
        return tuple(condition.test() for condition in self.conditions)


EVERYBODY = Segment()


def read_segment(text: str, known: Mapping[str, Segment], *, field: str = "audience") -> Segment:
    """The segment that these words name or describe.

    Raises ``Refusal`` for a name that the team file does not have, and for conditions that are none.
    """
    plain = _QUOTES.sub('"', text).strip()
    bare = plain.strip('"').strip()
    for name, segment in known.items():
        if name.casefold() == bare.casefold():
            return segment
    if bare.casefold() in {"everybody", "everyone", "all"}:
        return EVERYBODY
    if len(plain) > TEXT_MAX:
        raise Refusal(
            f"The segment has {len(plain):,} characters, and {TEXT_MAX:,} is the most. Tell the application who is "
            "in it, and ask for that in one condition.",
            field=field,
        )
    parts = [part.strip() for part in _AND.split(plain)]
    if len(parts) > RULES_MAX:
        raise Refusal(f"A segment has at most {RULES_MAX} conditions, and this has {len(parts)}.", field=field)
    if len(parts) == 1 and re.fullmatch(r"[\w-]+", bare):
        near = difflib.get_close_matches(bare, known, 3) or list(known)[:5]
        raise Refusal(
            f"I know no segment “{bare[:80]}”. "
            + (f"The team file has {', '.join(near)}. " if near else "")
            + "Or write conditions, such as “country in DE, AT and plan = pro”.",
            field=field,
        )
    return Segment(tuple(_condition(part, field) for part in parts))


def forms(value: str) -> tuple[str | float | bool, ...]:
    """What an application may mean by a written value: the text, and the number or truth that it looks like."""
    if value.casefold() in ("true", "false"):
        return value, value.casefold() == "true"
    if _NUMBER.fullmatch(value):
        return value, float(value) if "." in value else int(value)
    return (value,)


def semantic(version: str) -> str | None:
    """A version in semantic versioning's form (``v2.4`` is ``2.4.0``, ``2.04`` is ``2.4.0``); None where it is none."""
    found = _VERSION.fullmatch(version) if len(version) <= VALUE_MAX else None
    if found is None:
        return None
    core = ".".join(_unpadded(found[part] or "0") for part in _CORE)
    return f"{core}-{'.'.join(map(_unpadded, found['pre'].split('.')))}" if found["pre"] else core


def _is_padded(version: str) -> bool:
    """Whether a number in it begins with a zero; then it is no version to flagd, nor to semantic versioning."""
    found = _VERSION.fullmatch(version)
    parts = [*(found[part] or "0" for part in _CORE), *(found["pre"] or "").split(".")] if found else []
    return any(part != _unpadded(part) for part in parts)


def _unpadded(part: str) -> str:
    return str(int(part)) if part.isdecimal() else part


def _told_version(told: Any) -> str | None:
    """The version that an application tells; a number is one as well, so that 3 is 3.0.0."""
    if isinstance(told, int | float) and not isinstance(told, bool):
        told = str(told)
    return semantic(told) if isinstance(told, str) and len(told) <= VALUE_MAX and not _is_padded(told) else None


_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_TOLD_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_CORE = ("major", "minor", "patch")
_VERSION = re.compile(
    r"[vV]?(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:\.(?P<patch>\d+))?"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
_QUOTES = re.compile("[“”„‟]")
_AND = re.compile(r"\s+and\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", re.IGNORECASE)
_COMMA = re.compile(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")
_CONDITION = re.compile(
    r"(?P<attribute>[A-Za-z_][\w-]{0,60})\s*"
    r"(?P<how>\b(?:is\s+not|not\s+in|is|in|starts\s+with|ends\s+with)\b|!=|==|>=|<=|=|<|>)\s*(?P<values>.+)",
    re.IGNORECASE | re.DOTALL,
)
_HOW = {"is not": How.NOT_IN, "!=": How.NOT_IN, "is": How.IN, "=": How.IN, "==": How.IN}
_COMPARE: Mapping[How, Callable[[Any, Any], bool]] = {
    How.LESS: lambda there, limit: there < limit,
    How.AT_MOST: lambda there, limit: there <= limit,
    How.AT_LEAST: lambda there, limit: there >= limit,
    How.MORE: lambda there, limit: there > limit,
}


def _condition(text: str, field: str) -> Condition:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise Refusal(
            f"“{text[:80]}” is no condition. Write it as “country in DE, AT”, “plan = pro”, “email ends with "
            "@example.com”, “version >= 2.4.0” or “user in ana, tom”, and join several with “and”.",
            field=field,
        )
    word = " ".join(found["how"].casefold().split())
    how = _HOW.get(word) or How(word)
    several = word in ("in", "not in")
    raw = _COMMA.split(found["values"]) if several else [found["values"]]
    values = tuple(dict.fromkeys(value for one in raw if (value := one.strip().strip('"').strip())))
    if not values or len(values) > VALUES_MAX or any(len(value) > VALUE_MAX for value in values):
        raise Refusal(
            f"“{text[:80]}” needs 1 to {VALUES_MAX} values of at most {VALUE_MAX} characters each.", field=field
        )
    name = TARGETING_KEY if found["attribute"].casefold() == "user" else found["attribute"]
    if how in ORDERS and not (_NUMBER.fullmatch(values[0]) or semantic(values[0])):
        raise Refusal(
            f"“{values[0][:80]}” is neither a number nor a version, so nothing can be {how} it. "
            f"Write “{found['attribute']} {how} 18” or “{found['attribute']} {how} 2.4.0”.",
            field=field,
        )
    condition = Condition(name, how, values)
    if how in ORDERS and condition.version and _is_padded(values[0]):
        raise Refusal(
            f"“{values[0][:80]}” is no version to applications, as one of its numbers begins with a zero: nobody who "
            f"tells it would be within. Write {condition.version}, and have the application tell its version so.",
            field=field,
        )
    return condition


def _key(told: Any) -> Hashable:
    """Something equal only for equal attributes (Python takes True for 1); a list equals nothing that is written."""
    if isinstance(told, bool):
        return bool, told
    return told if isinstance(told, str | int | float) else ()


def _number(told: Any) -> float | None:
    """What an application tells, as a number as JsonLogic reads it; None where it is none."""
    if isinstance(told, list):
        return None if len(told := cast("list[Any]", told)) > 1 else _number(told[0]) if told else 0
    if told is None or isinstance(told, int | float):
        return told or 0
    return float(told) if isinstance(told, str) and _TOLD_NUMBER.fullmatch(told) else None


def _precedence(version: str) -> tuple[Any, ...]:
    """Orders versions as semantic versioning does: a pre-release before its release, numbers by their size."""
    core, _, pre = version.partition("-")
    parts = tuple((not one.isdecimal(), int(one) if one.isdecimal() else 0, one) for one in pre.split(".") if pre)
    return (*map(int, core.split(".")), not pre, parts)


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"[,\s]", value) else value


@dataclass(frozen=True, slots=True)
class Segments:
    """The team file's ``segments``: whom a flag may be for, by name."""

    by_name: Mapping[str, Segment] = field(default_factory=dict[str, Segment])
