"""Makes our alerts of what monitoring sources tell, whatever they leave out, overdo or get wrong."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

from bot.core.events import AlertFired, AlertResolved
from bot.vendors.kit.webhooks import Delivery

# An instant further ahead than clocks are wrong, or from before there were monitoring systems, is not one.
SKEW = timedelta(hours=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Seconds since 1970 have this many digits until the year 2286; more are milliseconds.
SECONDS_MAX = 10_000_000_000

LABEL_MAX = 1_000  # characters; 10 kB in one label have been seen, and no message shows them
ANNOTATION_MAX = 3_000  # characters; what one section of a message holds


def instant(value: Any) -> datetime | None:
    """ISO 8601 with its offset, or seconds or milliseconds since 1970; None for what cannot be an instant.

    Alertmanager writes the year 1 for "not ended".
    """
    try:
        if isinstance(value, str) and not value.strip().isdigit():
            at = datetime.fromisoformat(value.strip())
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            seconds = float(value)
            at = datetime.fromtimestamp(seconds / 1_000 if seconds > SECONDS_MAX else seconds, UTC)
        else:
            return None
        return at.astimezone(UTC) if at.tzinfo and at > EARLIEST else None
    except (ValueError, OverflowError, OSError):
        return None


def words(value: Any) -> Any:
    """Missing text is empty text, and a number is its digits."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Instant = Annotated[datetime | None, BeforeValidator(instant)]
Words = Annotated[str, BeforeValidator(words)]


def digest(labels: Mapping[str, str]) -> str:
    """What names these labels where their source does not."""
    return hashlib.sha256(json.dumps(dict(labels), sort_keys=True).encode()).hexdigest()[:16]


def known(**values: str | None) -> dict[str, str]:
    """Those that are there: an empty label is none."""
    return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert as its source tells it.

    ``fingerprint`` may be missing: then the labels are it. ``group`` is what belongs into one message: without one,
    the alert is alone in it.
    """

    firing: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    fingerprint: str = ""
    group: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    url: str = ""

    def event(self, delivery: Delivery) -> AlertFired | AlertResolved:
        """The event: instants that cannot be true are none, values that nobody can read are cut."""
        latest = delivery.received_at + SKEW
        starts_at = self.starts_at if self.starts_at and self.starts_at < latest else None
        ends_at = self.ends_at if self.ends_at and self.ends_at < latest else None
        fingerprint = _cut(self.fingerprint, LABEL_MAX) or digest(self.labels)
        group = self.group or fingerprint
        labels = {name: _cut(value, LABEL_MAX) for name, value in self.labels.items() if value}
        notes = {name: _cut(value, ANNOTATION_MAX) for name, value in self.annotations.items() if value}
        at = delivery.received_at
        if self.firing:
            return AlertFired(delivery.source, fingerprint, group, labels, notes, starts_at, at, self.url)
        return AlertResolved(delivery.source, fingerprint, group, labels, notes, starts_at, ends_at, at, self.url)


def _cut(value: str, most: int) -> str:
    if len(value) <= most:
        return value
    return f"{value[:most]}… (cut; it has {len(value):,} characters)"
