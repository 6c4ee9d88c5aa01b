"""Copies of somebody's words: which messages may hold them, and how they are told apart from everybody else's."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from typing import Protocol

PROBE = 40  # letters and digits; messages show at least so much of the beginning of what somebody said
SHORT = 12  # what is shorter stands within other words as well, so it must stand alone


class Kinship(StrEnum):
    """Whose a message is, told by its key."""

    THEIRS = "theirs"
    SHARED = "shared"  # may hold their words beside others'
    EDITED = "edited"  # the same, and perhaps words that they have replaced since, which nobody knows any more


@dataclass(frozen=True, slots=True)
class Copy:
    """A message that holds the words, at the ``revision`` that does; a later one was made without them."""

    key: str
    revision: int


@dataclass(frozen=True, slots=True)
class Traces:
    """What tells messages that hold somebody's words.

    Attributes:
        words: what they said, as they said it.
        rounds, standups, blockers, changes: ids of what they spoke in, and of what showed it.
        edited: those of the stand-ups in which they said something else at first.
    """

    user_id: str
    words: tuple[str, ...] = ()
    rounds: frozenset[str] = frozenset()
    standups: frozenset[str] = frozenset()
    blockers: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    edited: frozenset[str] = frozenset()

    def kinship(self, key: str, to: str) -> Kinship | None:
        """How a message with this key, for this conversation, is related to them; nothing where it is not."""
        noun, _, rest = key.partition(":")
        name, _, part = rest.partition(":")
        if noun == "round" and part.startswith("answer:"):  # of others hold only what the others said
            is_theirs = part == f"answer:{self.user_id}" and name in self.rounds
            return Kinship.THEIRS if is_theirs else None
        if noun == "digest":
            return self._of_digest(name.partition("/")[0])
        if (noun == "blocker" and name in self.blockers) or (noun == "standup.my-data" and to == self.user_id):
            return Kinship.THEIRS
        among = {"round": self.rounds, "change": self.changes}
        is_shared = name in among[noun] if noun in among else noun in ("standup.export", "home")
        return Kinship.SHARED if is_shared else None

    def _of_digest(self, standup_id: str) -> Kinship | None:
        if standup_id not in self.standups:
            return None
        return Kinship.EDITED if standup_id in self.edited else Kinship.SHARED

    def within(self, texts: Iterable[str]) -> bool:
        """Whether any of these texts, as they are shown or as they stand in a file, holds the words."""
        # A message has the backtick as its look-alike, which is a letter.
        shown = unescape("\n".join(texts)).replace("ˋ", "`")
        squashed = _squashed(shown)
        return any(_holds(shown, squashed, said) for said in self.words)


def _holds(shown: str, squashed: str, said: str) -> bool:
    """Messages cut, quote and escape what they show; its first letters and digits stay, in their order."""
    probe = _squashed(said)[:PROBE]
    if len(probe) >= SHORT:
        return probe in squashed
    alone = r"\W+".join(map(re.escape, re.findall(r"\w+", said))) or re.escape(said.strip())
    return bool(said.strip()) and re.search(rf"(?<!\w){alone}(?!\w)", shown) is not None


def _squashed(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


class Eraser(Protocol):
    """Makes erased words leave what transactions do not reach."""

    async def erase_copies(self, messages: Sequence[Copy]) -> str:
        """Forget what these messages said; gives what is left to wait for, or ""."""
        ...
