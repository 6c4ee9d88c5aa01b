"""Which known names somebody may have meant."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

MOST = 5
ALIKE_FROM = 55.0  # per cent; below that a suggestion helps nobody


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Up to five of the known names that are most like this one, or the first few where none is."""
    names = list(known)
    alike = process.extract(name, names, scorer=fuzz.ratio, limit=MOST, score_cutoff=ALIKE_FROM)
    return tuple(match[0] for match in alike) or tuple(names[:MOST])
