"""Finds the names that somebody probably meant."""

from collections.abc import Iterable

_CLOSE = 60  # of 100; below, what rapidfuzz finds is no longer what anybody meant
_ALIKE = 70  # of 100; "lokc" and "lock" are 75
_AKIN = 60  # of 100; "wbe" and "web" are 67, "yen" and "payments" 55


def alike(word: str, known: Iterable[str]) -> bool:
    """Whether the word is one of these with a slip or two."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - only needed once somebody errs

    return any(fuzz.ratio(word.casefold(), name) >= _ALIKE for name in known)


def nearest(name: str, known: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """The known names that look most like this one, best first; empty where none does."""
    from rapidfuzz import fuzz, process, utils  # noqa: PLC0415 - only needed once somebody errs

    choices = list(dict.fromkeys(known))
    found = process.extract(
        name[:100], choices, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=_CLOSE, limit=limit
    )
    return tuple(choice for choice, _, _ in found if _akin(name.casefold(), choice.casefold()))


def _akin(word: str, choice: str) -> bool:
    """Whether somebody may have meant it: rapidfuzz also finds letters of the word scattered over a longer one."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - only needed once somebody errs

    parts = {choice, *choice.replace("-", " ").replace(".", " ").split()}
    return any(word in part or part in word or fuzz.ratio(word, part) >= _AKIN for part in parts)
