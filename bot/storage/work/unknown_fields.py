"""Forward compatibility of rows: what a newer version wrote into one survives that an older version saves it."""

from typing import Any


def carried(raw: Any, known: Any, new: Any) -> Any:
    """``new`` with what ``raw`` held and ``known`` does not, at the same place.

    ``raw`` is the JSON that was read, ``known`` what this version makes of it, ``new`` what it would write. A part of a
    list keeps its place by being what it was, else by where it stands.
    """
    if isinstance(raw, dict) and isinstance(known, dict) and isinstance(new, dict):
        both = raw.keys() & known.keys()
        merged = {key: carried(raw[key], known[key], one) if key in both else one for key, one in new.items()}
        return merged | {key: one for key, one in raw.items() if key not in known and key not in new}
    if isinstance(raw, list) and isinstance(known, list) and isinstance(new, list) and len(raw) == len(known):
        return _carried_list(raw, known, new)
    return new


def _carried_list(raw: list[Any], known: list[Any], new: list[Any]) -> list[Any]:
    if raw == known:
        return new
    found: list[Any] = []
    for place, one in enumerate(new):
        # Looked for by where it was first, so that a list of which nothing moved takes one step a part.
        if place < len(known) and known[place] == one:
            found.append(raw[place])
        elif one in known:
            found.append(raw[known.index(one)])
        elif place < len(known) and known[place] not in new:
            found.append(carried(raw[place], known[place], one))
        else:
            found.append(one)
    return found
