"""Compiles usage lines such as ``lock <environment> [until <when>]`` into the segments that a text is read by."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.command import Kind, Parameter

# Kinds that take every word up to the next keyword; the others take one word, or several in quotes.
GREEDY = frozenset({Kind.TEXT, Kind.WHEN, Kind.DATE, Kind.PERSON})

_PART = re.compile(r"\s*(?:<(?P<slot>[a-z_]+)>|(?P<open>\[)|(?P<close>\])|(?P<keyword>[^\s<>\[\]]+))")


@dataclass(frozen=True, slots=True)
class Slot:
    """A ``<name>`` of the usage line."""

    name: str
    parameter: Parameter
    optional: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A keyword and the slots after it; the first segment of a line has no keyword.

    ``group`` numbers the ``[...]`` that it stands in; None where it is required.
    """

    keyword: tuple[str, ...]
    slots: tuple[Slot, ...] = ()
    group: int | None = None

    @property
    def name(self) -> str:
        """The keyword as text. It is the argument's name where a keyword has no slot: ``[mine]``."""
        return " ".join(self.keyword)


def parse(usage: str, parameters: Mapping[str, Parameter]) -> tuple[Segment, ...]:
    """The segments of a usage line, the one without a keyword first.

    Raises ``ValueError`` for a line that no text could be read by: unbalanced or nested brackets, a name twice,
    a keyword twice, or a slot that the parameters do not have.
    """
    segments = [Segment(())]
    group, in_group, after_keyword = 0, False, False
    opened = segments[-1]
    for kind, value in _parts(usage):
        if kind == "open":
            if in_group:
                raise ValueError(f"brackets inside of brackets: {usage!r}")
            group, in_group, after_keyword = group + 1, True, False
            opened = segments[-1]
        elif kind == "close":
            if not in_group:
                raise ValueError(f"a bracket too many: {usage!r}")
            if segments[-1] is opened:
                raise ValueError(f"nothing inside of brackets: {usage!r}")
            in_group = after_keyword = False
        elif kind == "keyword":
            word = value.casefold()
            if after_keyword:
                segments[-1] = Segment((*segments[-1].keyword, word), (), segments[-1].group)
            else:
                segments.append(Segment((word,), (), group if in_group else None))
            after_keyword = True
        else:
            last = segments[-1]
            if value not in parameters:
                raise ValueError(f"no parameter {value!r} for {usage!r}")
            optional = in_group and last.group != group
            slot = Slot(value, parameters[value], optional)
            segments[-1] = Segment(last.keyword, (*last.slots, slot), last.group)
            after_keyword = False
    if in_group:
        raise ValueError(f"a bracket is not closed: {usage!r}")
    _check(usage, segments)
    return tuple(segments)


def _parts(usage: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(usage):
        found = _PART.match(usage, at)
        if not found:
            if usage[at:].isspace():
                return
            raise ValueError(f"not a usage line at {usage[at:]!r}: {usage!r}")
        kind = found.lastgroup or ""
        yield kind, found[kind]
        at = found.end()


def _check(usage: str, segments: list[Segment]) -> None:
    keywords = [segment.keyword for segment in segments]
    if len(set(keywords)) < len(keywords):
        raise ValueError(f"a keyword stands twice: {usage!r}")
    slots = [slot.name for segment in segments for slot in segment.slots]
    if len(set(slots)) < len(slots):
        raise ValueError(f"a parameter stands twice: {usage!r}")
    for segment in segments:
        greedy = [slot.parameter.kind is Kind.TEXT for slot in segment.slots]
        if sum(greedy) > 1:
            raise ValueError(f"two texts without a keyword between them: {usage!r}")
