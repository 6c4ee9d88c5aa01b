"""What a flag is for one user: decided in memory, always the same for the same user.

**Who is within a share.** Flag key and targeting key make a number from 0 up to 1: murmur3 (32 bits) of the CBOR
array of both, divided by 2**32. Whoever's number is below the share is in, so a higher share keeps everybody who was
in. flagd's ``fractional`` does the same with the file that we write for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.domain.flags import Serving
from bot.domain.segments import TARGETING_KEY, Test, Traits
from bot.domain.shares import WHOLE

Hash: TypeAlias = Callable[[bytes], int]
"""murmur3 of 32 bits, seed 0, as a number from 0 to 2**32 - 1."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out: whether the flag is on, and OpenFeature's name for why."""

    is_on: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing came out, by OpenFeature's name for it."""

    code: str
    details: str


Outcome: TypeAlias = Verdict | Fault

ALL_ON, ALL_OFF = Verdict(True, "STATIC"), Verdict(False, "STATIC")
MATCHED, LEFT_OUT = Verdict(True, "TARGETING_MATCH"), Verdict(False, "DEFAULT")
DRAWN_ON, DRAWN_OFF = Verdict(True, "SPLIT"), Verdict(False, "SPLIT")
NO_KEY = Fault("TARGETING_KEY_MISSING", "the flag is for a share of all users, so the context needs a targetingKey")
ODD_KEY = Fault("INVALID_CONTEXT", "the targetingKey has to be a string")


class Asked:
    """The user that is asked about. ``fault`` says what is wrong with their targeting key, if a flag needs it."""

    __slots__ = ("fault", "key", "traits")

    def __init__(self, traits: Traits) -> None:
        self.traits = traits
        given = traits.get(TARGETING_KEY)
        if isinstance(given, str) and given:
            self.fault, self.key = None, cbor_text(given)
        else:
            self.fault, self.key = NO_KEY if given in (None, "") else ODD_KEY, b""


class Evaluator:
    """One flag in one environment, ready to be asked."""

    __slots__ = ("_always", "_hash", "_limit", "_prefix", "_same", "_within")

    def __init__(self, key: str, serving: Serving, hash: Hash) -> None:
        self._same = ALL_ON if serving.is_on else ALL_OFF if serving.is_off else None
        self._always: Sequence[Test] | None = serving.always.tests() if serving.always else None
        self._within: Sequence[Test] = serving.segment.tests()
        self._limit = serving.share * 2**32
        self._prefix = b"\x82" + cbor_text(key)
        self._hash = hash

    @property
    def same_for_all(self) -> Verdict | None:
        """What it is for everybody, where it does not depend on who asks."""
        return self._same

    def ask(self, asked: Asked) -> Outcome:
        """What it is for this user."""
        if self._same is not None:
            return self._same
        traits = asked.traits
        if self._always is not None and all(test(traits) for test in self._always):
            return MATCHED
        if not self._limit or not all(test(traits) for test in self._within):
            return LEFT_OUT
        if self._limit == WHOLE * 2**32:
            return MATCHED
        if asked.fault is not None:
            return asked.fault
        return DRAWN_ON if self._hash(self._prefix + asked.key) * WHOLE < self._limit else DRAWN_OFF


def cbor_text(text: str) -> bytes:
    """A text as CBOR writes it (RFC 8949, major type 3), in its shortest form."""
    data = text.encode("utf-8", "surrogatepass")
    size = len(data)
    if size < 24:
        return bytes((0x60 | size,)) + data
    for mark, width in ((0x78, 1), (0x79, 2), (0x7A, 4)):
        if size < 256**width:
            return bytes((mark,)) + size.to_bytes(width, "big") + data
    raise ValueError("a text of 4 GiB and more")
