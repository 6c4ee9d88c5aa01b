"""Ids of another tracker, such as PAY-123, as people name them in commits."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

TICKETS_MAX = 50  # of one deployment that are kept
KEY_MAX = 10  # characters of a project's key, as in Jira
TICKET = "{ticket}"

_KEY = re.compile(rf"[A-Z][A-Z0-9_]{{1,{KEY_MAX - 1}}}")
# Keys of the team are looked up among these: so what a team writes in its file is never a pattern itself.
_ID = re.compile(rf"(?<![A-Za-z0-9_-])([A-Z][A-Z0-9_]{{1,{KEY_MAX - 1}}})-([1-9][0-9]{{0,8}})(?![A-Za-z0-9_])")


@dataclass(frozen=True, slots=True)
class Tracker:
    """A tracker's projects by their keys, and where a ticket is read; "" where that is not known."""

    keys: tuple[str, ...] = ()
    url: str = ""  # with {ticket} in it

    def link_to(self, ticket: str) -> str:
        """The address of this ticket, or ""."""
        return self.url.replace(TICKET, ticket)


def is_key(text: str) -> bool:
    """Whether a project can be called so: PAY, WEB2, MY_APP."""
    return _KEY.fullmatch(text) is not None


def tickets_in(texts: Iterable[str], keys: Collection[str]) -> tuple[str, ...]:
    """Tickets of these projects, each once, in the order in which they are named; as many as are kept."""
    if not keys:
        return ()
    known = frozenset(keys)
    found: dict[str, None] = {}
    for text in texts:
        for key, number in _ID.findall(text):
            if key in known:
                found[f"{key}-{number}"] = None
        if len(found) >= TICKETS_MAX:
            break
    return tuple(found)[:TICKETS_MAX]
