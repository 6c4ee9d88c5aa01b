"""Lengths of time as people write them in a command: “2 h”, “30 min”, “1 h 30 min”, “2 days”."""

import re
from datetime import timedelta

_PART = re.compile(
    r"(\d{1,5}(?:\.\d{1,3})?)\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)(?![a-z])", re.IGNORECASE
)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_length(text: str) -> timedelta | None:
    """The length that these words are, or None where they are none (or none at all)."""
    rest = _PART.sub("", text)
    if rest.strip(" ,") not in ("", "and"):
        return None
    parts = _PART.findall(text)
    length = sum((timedelta(**{_UNITS[unit[0].lower()]: float(amount)}) for amount, unit in parts), timedelta())
    return length or None
