"""What is wrong in a configuration: where it stands, what is wrong there, what to write instead."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rapidfuzz import fuzz, process

# Where something stands in the file: keys and numbers from its top; and what is wrong there.
Place: TypeAlias = tuple[int | str, ...]
Found: TypeAlias = Iterator[tuple[Place, str]]

# The type of a mistake that may be there only because what was given was wrong in itself, and told already.
NOTHING_GIVEN = "nothing_given"

# user:password@ without the scheme by which it is known, and hidden, elsewhere
_LOGIN = re.compile(r"""(['"])(?!\w+://)[^'"]*:[^'"]*@[^'"]*\1""")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to be corrected. ``where`` is a variable, or a file and the path in it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class ConfigErrors(Exception):
    """The configuration cannot be used; ``mistakes`` holds all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


def nearest(word: str, known: Iterable[str]) -> str:
    """ "Did you mean approvals?", or what there is to choose from."""
    names = sorted(known)
    longer = [name for name in names if len(word) > 2 and name.startswith(word)]
    close = process.extractOne(word, names, scorer=fuzz.ratio, score_cutoff=60)
    likely = longer[:1] or ([close[0]] if close else [])
    if likely:
        return f"did you mean {likely[0]}?"
    return f"there is {', '.join(names)}" if names else "there is none yet"


def without_logins(sentence: str) -> str:
    """A sentence that repeats, in quotes, what was given; not what may be a login in an address of a wrong form."""
    return _LOGIN.sub("what stands there", sentence)


def path_shown(value: str) -> str:
    """What looks like no path may be the secret itself, written into the wrong variable."""
    return value if is_path(value) else "the file that it names"


def is_path(value: str) -> bool:
    """Whether it begins as a path does that is not just a word."""
    return value.startswith(("/", "~", "./", "../"))
