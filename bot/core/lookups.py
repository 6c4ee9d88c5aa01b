"""By which of its fields a noun can be found: each alone, or several together, written ``service+state``.

Each has an index of its own: a database that must choose between the indexes of two fields may take the one whose value
most rows share.
"""

from collections.abc import Sequence


def fields_of(lookups: Sequence[str]) -> tuple[str, ...]:
    """Every field that is named, once."""
    return tuple(dict.fromkeys(field for one in lookups for field in together(one)))


def together(lookup: str) -> tuple[str, ...]:
    """The fields of one lookup."""
    return tuple(lookup.split("+"))
