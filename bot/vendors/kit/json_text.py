"""JSON that others wrote: read whole or not at all, with a bound on the time that it takes.

``json.loads`` lets nothing else of the process run meanwhile. What it costs is values more than bytes: two bytes make a
list, whereas a megabyte of text is copied. So values are counted first, which takes a millisecond a megabyte.
"""

import json
from typing import Any

VALUES_MAX = 150_000  # of one text; 10,000 alerts of Alertmanager's have 130,000, and are read in 30 ms
CONTAINERS_MAX = 50_000  # lists and objects of one text; 10,000 alerts have 30,000
DIGITS_MAX = 100  # of one whole number; Python's time for them grows with their square


class TooMuch(ValueError):
    """It holds more than is read; says so to who sent it."""


def loaded(text: bytes | str, most: int = VALUES_MAX) -> Any:
    """What the JSON says. Raises ``TooMuch``, and ``ValueError`` where it is none."""
    count(text, most)
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def count(text: bytes | str, most: int = VALUES_MAX) -> None:
    """Nothing, where it has so many values at most. Raises ``TooMuch``.

    Commas and brackets within its words count too, since telling them apart is to read it.
    """
    values = _count(text, ",")
    containers = _count(text, "[") + _count(text, "{")
    if values > most:
        raise TooMuch(f"it holds more than {most:,} values; send fewer at once")
    if containers > min(most, CONTAINERS_MAX):
        raise TooMuch(f"it holds more than {min(most, CONTAINERS_MAX):,} lists and objects; send fewer at once")


def _count(text: bytes | str, mark: str) -> int:
    return text.count(mark) if isinstance(text, str) else text.count(mark.encode())


def _whole(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise ValueError(f"a number of more than {DIGITS_MAX} digits")
    return int(digits)
