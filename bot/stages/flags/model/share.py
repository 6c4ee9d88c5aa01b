"""Shares of everybody: how many of a hundred get something, as people write and read it."""

import re
from itertools import pairwise

from bot.core.refusals import Refusal

WHOLE = 10_000  # a share is so many of these: a hundredth of a percent is the finest

_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,6}))?\s*(?:%|percent|per\s+cent)?", re.IGNORECASE)
_BETWEEN = re.compile(r"(?:→|->|>|;|,|\bthen\b|\s)+", re.IGNORECASE)
STEPS_MAX = 20


def read_share(text: str, *, field: str = "share") -> int:
    """The share that “10 %”, “0.5%” or “10” names. Raises ``Refusal``."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None:
        raise Refusal(f"“{text[:40]}” is no percentage. Write it like 10% or 0.5%.", field=field)
    fraction = (found[2] or "").rstrip("0")
    if len(fraction) > 2:
        raise Refusal("A hundredth of a percent is the finest share. Write it like 0.05%.", field=field)
    share = int(found[1]) * 100 + int(fraction.ljust(2, "0") or 0)
    if share > WHOLE:
        raise Refusal(f"{text.strip()[:40]} is more than everybody. 100% is the most.", field=field)
    return share


def read_steps(text: str, *, field: str = "steps") -> tuple[int, ...]:
    """The shares of a plan, rising: “1%, 10%, 50%, 100%”; a comma ends a step here. Raises ``Refusal``."""
    spaced = re.sub(r"(\d)\s+(%|percent)", r"\1\2", text.strip())
    steps = tuple(read_share(part, field=field) for part in _BETWEEN.split(spaced) if part)
    rises = all(before < after for before, after in pairwise(steps))
    if not steps or not rises or not steps[0] or len(steps) > STEPS_MAX:
        raise Refusal(
            f"The steps of a plan rise, such as “1%, 10%, 50%, 100%”, and are {STEPS_MAX} at most.", field=field
        )
    return steps


def shown(share: int) -> str:
    """ "off", "on", "10 %", "0.5 %"."""
    if share in (0, WHOLE):
        return "on" if share else "off"
    return percent(share)


def percent(share: int) -> str:
    """ "100 %", "0.5 %"."""
    return f"{share / 100:.2f}".rstrip("0").rstrip(".") + " %"
