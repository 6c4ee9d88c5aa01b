"""What a flag is for one user: decided in memory, always the same for the same user.

**Who is within a share.** Flag key and targeting key make a number from 0 up to 1: murmur3 (32 bits) of the CBOR
array of both, divided by 2**32. Whoever's number is below the share is in, so a higher share keeps everybody who was
in. flagd's ``fractional`` does the same with the file that we write for it. Who has no targeting key is in no share.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.stages.flags.model.flag import Serving
from bot.stages.flags.model.segment import TARGETING_KEY, Test, Traits
from bot.stages.flags.model.share import WHOLE

Hash: TypeAlias = Callable[[bytes], int]
"""murmur3 of 32 bits, seed 0, as a number from 0 to 2**32 - 1."""


@dataclass(frozen=True, slots=True, eq=False)  # there are only those below; comparing them costs nothing
class Verdict:
    """What came out: whether the flag is on, OpenFeature's name for why, and what the application may want to mend."""

    is_on: bool
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """Why a question has no answer, by OpenFeature's name for it."""

    code: str
    details: str


ALL_ON, ALL_OFF = Verdict(True, "STATIC"), Verdict(False, "STATIC")
MATCHED, LEFT_OUT = Verdict(True, "TARGETING_MATCH"), Verdict(False, "DEFAULT")
DRAWN_ON, DRAWN_OFF = Verdict(True, "SPLIT"), Verdict(False, "SPLIT")
KEYLESS = Verdict(False, "DEFAULT", "nobody without a targetingKey, which is a text, is drawn for a share")


class Asked:
    """The user that is asked about. ``key`` is their targeting key as CBOR, None where they have none."""

    __slots__ = ("key", "traits")

    def __init__(self, traits: Traits) -> None:
        given = traits.get(TARGETING_KEY)
        # OpenFeature's clients take an empty key for none.
        self.traits = {**traits, TARGETING_KEY: None} if given == "" else traits
        try:
            self.key = cbor_text(given) if isinstance(given, str) and given else None
        except UnicodeEncodeError:  # half of an emoji
            self.key = None


Ask: TypeAlias = Callable[[Asked], Verdict]


class Evaluator:
    """One flag in one environment, ready to be asked.

    ``ask`` gives what it is for a user; ``same_for_all`` is that, where it does not depend on who asks.
    """

    __slots__ = ("ask", "same_for_all")

    def __init__(self, key: str, serving: Serving, hash: Hash) -> None:
        self.same_for_all = same = ALL_ON if serving.is_on else ALL_OFF if serving.is_off else None
        if same is not None:
            self.ask: Ask = lambda _: same
            return
        ask = _drawn(key, serving.share, hash)
        if not serving.segment.is_everybody:
            ask = _narrowed(ask, serving.segment.tests())
        self.ask = ask if serving.always is None else _widened(ask, serving.always.tests())


def _drawn(key: str, share: int, hash: Hash) -> Ask:
    """On for this share of everybody."""
    if share in (0, WHOLE):
        settled = MATCHED if share else LEFT_OUT
        return lambda _: settled
    prefix, limit = b"\x82" + cbor_text(key), share * 2**32

    def ask(asked: Asked) -> Verdict:
        if asked.key is None:
            return KEYLESS
        return DRAWN_ON if hash(prefix + asked.key) * WHOLE < limit else DRAWN_OFF

    return ask


def _narrowed(ask: Ask, tests: Sequence[Test]) -> Ask:
    """The same for those who pass the tests, and off for all others."""
    return lambda asked: ask(asked) if _passes(asked.traits, tests) else LEFT_OUT


def _widened(ask: Ask, tests: Sequence[Test]) -> Ask:
    """On for those who pass the tests, and the same for all others."""
    return lambda asked: MATCHED if _passes(asked.traits, tests) else ask(asked)


def _passes(traits: Traits, tests: Sequence[Test]) -> bool:
    for test in tests:  # noqa: SIM110  all() with a generator takes twice as long, and this runs for every flag
        if not test(traits):
            return False
    return True


def cbor_text(text: str) -> bytes:
    """A text as CBOR writes it (RFC 8949, major type 3), in its shortest form. Raises ``UnicodeEncodeError``."""
    data = text.encode()
    size = len(data)
    if size < 24:
        return bytes((0x60 | size,)) + data
    for mark, width in ((0x78, 1), (0x79, 2), (0x7A, 4)):
        if size < 256**width:
            return bytes((mark,)) + size.to_bytes(width, "big") + data
    raise ValueError("a text of 4 GiB and more")
