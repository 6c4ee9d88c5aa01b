"""JSON that others wrote: read whole or not at all, with a bound on the time that it takes.

``json.loads`` lets nothing else of the process run meanwhile. What it costs is values more than bytes: two bytes make a
list, whereas a megabyte of text is copied. So values are counted first, which takes a millisecond a megabyte.
"""

import asyncio
import json
import re
from typing import Any

VALUES_MAX = 150_000  # of one text; 10,000 alerts of Alertmanager's have 130,000, and are read in 30 ms
CONTAINERS_MAX = 50_000  # lists and objects of one text; 10,000 alerts have 30,000
DIGITS_MAX = 100  # of one whole number; Python's time for them grows with their square


# Looked for where a number begins, so that the digits of a shorter one are looked at once.
_LONG_NUMBER = re.compile(rb"[0-9](?<![0-9]{2})[0-9]{%d}" % DIGITS_MAX)
_STEP = 2**15  # bytes that are looked through at a time


class TooMuch(ValueError):
    """It holds more than is read; says so to who sent it."""


def loaded(text: bytes | str, most: int = VALUES_MAX) -> Any:
    """What the JSON says. Raises ``TooMuch``, and ``ValueError`` where it is none."""
    count(text, most)
    return _read(text)


async def loaded_of_code(text: bytes) -> Any:
    """The same for what a code host says, which may hold patches. Raises as ``loaded`` does."""
    await asyncio.to_thread(_count_of_code, text)
    return _read(text)


async def check(text: bytes) -> None:
    """Nothing, where any reader of JSON is done with it in time. Raises ``TooMuch``, and ``ValueError`` for a number.

    What stands within words does not count: a patch has thousands of commas and brackets. Telling it apart takes longer
    than reading it, in steps between which the event loop has its turns.
    """
    await asyncio.to_thread(_check, text)


def _count_of_code(text: bytes) -> None:
    try:
        count(text)
    except TooMuch:
        count(_without_words(text))


def _check(text: bytes) -> None:
    _count_of_code(text)
    # Where there is none such, which is always, the words need not be told apart.
    if _has_long_number(text) and _has_long_number(_without_words(text)):
        raise ValueError(f"a number of more than {DIGITS_MAX} digits")


def _without_words(text: bytes) -> bytes:
    bare = text.replace(rb"\\", b"").replace(rb"\"", b"")
    if bare.count(b'"') > 4 * VALUES_MAX:  # each value is a word at most, and so is its name
        raise TooMuch(f"it holds more than {VALUES_MAX:,} values; send fewer at once")
    return b"".join(bare.split(b'"')[::2])


def _has_long_number(text: bytes) -> bool:
    return any(_LONG_NUMBER.search(text, at, at + _STEP + DIGITS_MAX) for at in range(0, len(text), _STEP))


def _read(text: bytes | str) -> Any:
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
