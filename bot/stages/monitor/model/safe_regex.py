"""Refuses regular expressions that could keep a machine busy for ever, as Alertmanager's engine needs not do.

Alertmanager's takes time in proportion to the text. Python's goes back and tries again, so what can be matched in
very many ways, such as ``(a+)+b``, is refused before it is ever asked. Labels hold at most 1,000 characters, so two
``.*`` in one alternative are a million steps at worst.
"""

import re
from dataclasses import dataclass, field

LONGEST = 500  # characters
UNBOUNDED_MAX = 2  # ``*``, ``+`` and ``{2,}`` in one alternative
OPTIONAL_MAX = 6  # ``?`` and ``{1,3}`` in one alternative: each doubles what may have to be tried
BOUND_MAX = 20  # of ``{n}``

_TOKEN = re.compile(
    r"(?P<back>\\\d)|(?P<other>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<strange>\(\?(?!:))|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<times>(?:[*+?]|\{\d+,?\d*\}|\{,\d+\})[?+]?)|(?P<plain>.)",
    re.DOTALL,
)
_REASONS = {
    "back": "it refers back to what it has matched",
    "strange": "only plain groups ( ) and (?: ) can be used",
}


@dataclass
class _Group:
    """How much has to be tried at worst in a group: in the alternative that is being read, and in those before."""

    unbounded: int = 0
    optional: int = 0
    worst: tuple[int, int] = field(default=(0, 0))

    def next_alternative(self) -> None:
        self.worst = (max(self.worst[0], self.unbounded), max(self.worst[1], self.optional))
        self.unbounded = self.optional = 0


def trouble_with(pattern: str) -> str:
    """Why a pattern is refused, as the end of a sentence; "" where it is harmless."""
    if len(pattern) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    groups = [_Group()]
    last = ""
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup or "", token[0]
        if why := _REASONS.get(kind) or (_times(groups[-1], text, last) if kind == "times" else ""):
            return why
        if kind == "open":
            groups.append(_Group())
        elif kind == "bar":
            groups[-1].next_alternative()
        elif kind == "close" and len(groups) > 1:
            inner = groups.pop()
            inner.next_alternative()
            groups[-1].unbounded += inner.worst[0]
            groups[-1].optional += inner.worst[1]
        last = kind
    groups[0].next_alternative()
    unbounded, optional = groups[0].worst
    if unbounded > UNBOUNDED_MAX:
        return f"more than {UNBOUNDED_MAX} parts of it are repeated without an end"
    return f"more than {OPTIONAL_MAX} parts of it may be left out" if optional > OPTIONAL_MAX else ""


def _times(group: _Group, text: str, after: str) -> str:
    """Count a quantifier; why it is refused."""
    if after == "close" and text[0] != "?":
        return "a group is repeated"
    if text[0] == "?":
        group.optional += 1
        return ""
    least, comma, most = text.strip("{}?+").partition(",")
    if text[0] != "{" or (comma and not most):
        group.unbounded += 1
    elif comma:
        group.optional += 1
    too_many = any(int(part) > BOUND_MAX for part in (least, most) if part.isdigit())
    return f"a part of it is repeated more than {BOUND_MAX} times" if too_many else ""
