"""Matchers on labels as Alertmanager writes them: ``severity="critical"``, ``job=~"api|web"``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Self

from bot.core.refusals import NotUnderstood
from bot.stages.monitor.model.safe_regex import trouble_with

VALUE_MAX = 1_000  # characters; a regular expression that is longer is a mistake, or meant to hurt
MOST = 20  # matchers in one set

_WRITTEN = re.compile(r'\s*([a-zA-Z_][\w.:/-]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^\s,"{}]*)\s*(?:,|$|\n)')


class Op(StrEnum):
    """How a label's value is compared; a label that is not there has the value ""."""

    IS = "="
    IS_NOT = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label. A regular expression has to fit the whole value."""

    label: str
    value: str
    op: Op = Op.IS

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it."""
        there = labels.get(self.label, "")
        if self.op in (Op.IS, Op.IS_NOT):
            return (there == self.value) is (self.op is Op.IS)
        return (_compiled(self.value).fullmatch(there) is not None) is (self.op is Op.LIKE)

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.op}"{escaped}"'

    @classmethod
    def of(cls, label: str, op: str, value: str) -> Self:
        """One that can be asked. Raises ``NotUnderstood`` for a regular expression that is none."""
        if len(value) > VALUE_MAX:
            raise NotUnderstood(f"The value of {label} is longer than {VALUE_MAX:,} characters.", field="matchers")
        if op in (Op.LIKE, Op.UNLIKE):
            if why := trouble_with(value):
                raise NotUnderstood(f"“{value[:80]}” is not taken: {why}.", field="matchers")
            try:
                _compiled(value)
            except (re.error, RecursionError, OverflowError):
                raise NotUnderstood(
                    f'“{value[:80]}” is no regular expression. Write {label}=~"api|web", for example.',
                    field="matchers",
                ) from None
        return cls(label, value, Op(op))


def read(text: str) -> tuple[Matcher, ...]:
    """Matchers by commas or lines, with or without braces. Raises ``NotUnderstood``; none is none."""
    rest = text.strip().removeprefix("{").removesuffix("}").strip()
    found: list[Matcher] = []
    while rest:
        part = _WRITTEN.match(rest)
        if part is None or len(found) == MOST:
            why = (
                f"more than {MOST} of them" if len(found) == MOST else f"nothing can be read from “{rest[:60]}” on"
            )
            raise NotUnderstood(
                f'These are no matchers: {why}. Write them as Alertmanager does: service="web", severity=~"a|b".',
                field="matchers",
            )
        found.append(Matcher.of(part[1], part[2], _plain(part[3])))
        rest = rest[part.end() :].strip()
    return tuple(found)


def written(matchers: Iterable[Matcher]) -> str:
    """The matchers as ``read`` takes them, on one line."""
    return ", ".join(map(str, matchers))


def all_fit(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether labels meet every one of them."""
    return all(one.fits(labels) for one in matchers)


def common(every: Iterable[Mapping[str, str]]) -> tuple[Matcher, ...]:
    """What all of these have in common, as matchers, by name."""
    first, *others = every
    same = {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
    return tuple(Matcher(name, value) for name, value in sorted(same.items()) if len(value) <= VALUE_MAX)[:MOST]


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _plain(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value[1:-1])
