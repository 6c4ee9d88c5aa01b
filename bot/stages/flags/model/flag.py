"""A flag: something hidden in the code, and who gets to see it in each environment."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Self, cast

from bot.core import text_limits as words
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.stages.flags.model.segment import EVERYBODY, Segment
from bot.stages.flags.model.share import WHOLE, shown

KEY_MAX = 100  # characters
VALUE_MAX = 3_000  # characters of a value as JSON
MOST_FLAGS = 2_000  # active and retired; all of them are held in memory

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SMART = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})


class Kind(StrEnum):
    """What a flag's values are."""

    BOOLEAN = "boolean"
    STRING = "string"
    NUMBER = "number"
    OBJECT = "object"


class FlagState(StrEnum):
    """Whether it can still be changed. A retired flag is served as it is until the code asks no more."""

    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Serving:
    """Who gets the flag's "on" value: so many of those within the segment, and all of ``always``.

    ``share`` is of ``WHOLE`` (10,000), so that 1,250 is 12.5 %.
    """

    share: int = 0
    segment: Segment = EVERYBODY
    always: Segment | None = None

    @property
    def is_off(self) -> bool:
        """Whether nobody gets it."""
        return not self.share and self.always is None

    @property
    def is_on(self) -> bool:
        """Whether everybody gets it."""
        return self.share == WHOLE and self.segment.is_everybody

    def is_within(self, other: Self) -> bool:
        """Whether whoever gets it so gets it as in ``other`` too, as far as that can be told."""
        if self.is_off or other.is_on:
            return True
        if self.always is not None and not (other.always and other.always.conditions == self.always.conditions):
            return False
        # Whoever is among the first so many of a segment is so of everybody as well.
        fits = other.segment.is_everybody or other.segment.conditions == self.segment.conditions
        return not self.share or (fits and self.share <= other.share)

    def __str__(self) -> str:
        """ "off", "on", "10 %", "on for country = DE", "10 %, and on for beta"."""
        words = shown(self.share)
        if self.share and not self.segment.is_everybody:
            words += f" {'for' if self.share == WHOLE else 'of'} {self.segment.called}"
        if self.always is None:
            return words
        return f"{words}, and on for {self.always.called}" if self.share else f"on for {self.always.called}"

    @property
    def brief(self) -> str:
        """The same without saying who: what the ledger keeps for ever names nobody."""
        words = shown(self.share)
        if self.share and not self.segment.is_everybody:
            words += " for a segment"
        return words if self.always is None else f"{words}, and on for a segment"


OFF = Serving()
ON = Serving(WHOLE)


@dataclass(frozen=True, slots=True)
class Place:
    """How a flag stands in one environment.

    ``by_what`` is the id of the change or the roll-out that made it so; ``until`` is when it goes back to
    ``back_to`` by itself.
    """

    serving: Serving
    since: datetime
    by_what: str = ""
    until: datetime | None = None
    back_to: Serving | None = None

    @property
    def lasting(self) -> Serving:
        """What is served once nothing temporary is in the way."""
        return self.back_to if self.until is not None and self.back_to is not None else self.serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A flag; its id is its key, as the code names it. ``on`` and ``off`` are its values, as JSON."""

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "service", "change", "service+state")

    id: str
    made_by: str
    made_name: str
    made_at: datetime
    kind: Kind = Kind.BOOLEAN
    on: str = "true"
    off: str = "false"
    about: str = ""
    service: str | None = None
    change: str | None = None
    release: str | None = None
    state: FlagState = FlagState.ACTIVE
    places: Mapping[str, Place] = field(default_factory=dict[str, Place])
    retired_by: str = ""
    retired_name: str = ""
    retired_at: datetime | None = None

    @classmethod
    def make(
        cls,
        key: str,
        by: Person,
        at: datetime,
        *,
        kind: Kind = Kind.BOOLEAN,
        on: str | None = None,
        off: str | None = None,
        about: str | None = None,
        service: str | None = None,
        change: str | None = None,
        release: str | None = None,
    ) -> Self:
        """A new flag, off everywhere. Raises ``Refusal`` where the key or a value cannot be one."""
        if len(key) > KEY_MAX or not _KEY.fullmatch(key):
            raise Refusal(
                f"“{key[:80]}” cannot be a flag's key: it is one word of letters, digits, “_”, “-” and “.”, such as "
                f"checkout_v2, of at most {KEY_MAX} characters.",
                field="key",
            )
        values = _values(kind, on, off)
        return cls(
            id=key,
            made_by=by.id,
            made_name=by.name,
            made_at=at,
            kind=kind,
            on=values[0],
            off=values[1],
            about=words.optional(about, "about", "description"),
            service=service,
            change=change,
            release=release,
        )

    @property
    def is_active(self) -> bool:
        """Whether it can still be changed."""
        return self.state is FlagState.ACTIVE

    def serving(self, environment: str) -> Serving:
        """Who gets it there now."""
        place = self.places.get(environment)
        return place.serving if place else OFF

    def put(self, environment: str, place: Place) -> Self:
        """The flag, standing so in this environment. Raises ``Stale`` where it has been retired."""
        self.must_be_active()
        return replace(self, places={**self.places, environment: place})

    def retire(self, by: Person, at: datetime) -> Self:
        """The flag, never to be changed again; what it serves stays.

        Raises ``Stale`` where it has been retired, ``Refusal`` where it is neither on nor off for everybody.
        """
        self.must_be_active()
        for environment, place in self.places.items():
            if place.until is not None or not (place.serving.is_on or place.serving.is_off):
                raise Refusal(
                    f"{self.id} is {place.serving} in {environment}, so the code still needs it. Turn it on or off for "
                    "everybody there first, then retire it.",
                    field="key",
                )
        return replace(self, state=FlagState.RETIRED, retired_by=by.id, retired_name=by.name, retired_at=at)

    def must_be_active(self) -> None:
        """Raises ``Stale`` where it has been retired."""
        if not self.is_active:
            raise Stale(
                f"{self.id} was retired by {self.retired_name}: it is served as it is, and changes no more. "
                "Delete it from the code; for something new, make a flag with another key."
            )

    def subjects(self, environment: str = "") -> tuple[Subject, ...]:
        """What ledger entries about it name. All name ``flags:all``, by which a change of any flag is noticed."""
        named = (
            ("flag", self.id),
            ("change", self.change),
            ("release", self.release),
            ("service", self.service),
            ("environment", environment),
        )
        return (*(Subject(kind, name) for kind, name in named if name), ANY_FLAG)


ANY_FLAG = Subject("flags", "all")


def value_of(text: str) -> Any:
    """The value behind a flag's ``on`` or ``off``."""
    return json.loads(text)


def _values(kind: Kind, on: str | None, off: str | None) -> tuple[str, str]:
    if kind is Kind.BOOLEAN:
        if on is not None or off is not None:
            raise Refusal(
                "A boolean flag is true where it is on and false where it is off. For other values say “as string”, "
                "“as number” or “as object”; a description in which such words occur goes into quotes.",
                field="kind",
            )
        return "true", "false"
    if on is None or off is None:
        raise Refusal(
            f"A flag of the kind {kind} needs two values, such as “value 50 else 20”: the one where it is on, and "
            "the one where it is off.",
            field="on" if on is None else "off",
        )
    values = _value(kind, on, "on"), _value(kind, off, "off")
    if kind is Kind.NUMBER and any(isinstance(one, float) for one in values):
        # Typed clients take a whole number for no float; so both are floats, or both are whole.
        values = float(values[0]), float(values[1])
    return _json(values[0]), _json(values[1])


def _value(kind: Kind, text: str, field: str) -> Any:
    if len(text) > VALUE_MAX:
        raise Refusal(f"A value has {VALUE_MAX:,} characters at most, and this has {len(text):,}.", field=field)
    if kind is Kind.STRING:
        return text
    try:
        value = json.loads(text.translate(_SMART))
        _json(value)  # 1e999 and NaN are read, but no other program would read them again
    except (ValueError, RecursionError):
        value = None
    if kind is Kind.NUMBER and isinstance(value, int | float) and not isinstance(value, bool) and _fits(value):
        return value
    if kind is Kind.OBJECT and isinstance(value, dict | list):
        return cast("Any", value)
    wanted = "a number such as 3 or 0.5" if kind is Kind.NUMBER else 'JSON such as {"limit": 3}'
    raise Refusal(f"“{text[:80]}” is not {wanted}.", field=field)


def _fits(number: float) -> bool:
    return abs(number) < 2**53  # what every client's numbers can hold


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
