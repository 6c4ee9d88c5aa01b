"""Slack's bad days on demand: answers that are late, lost, refused or doubled."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

KINDS = {
    "status": "answer with this HTTP status before doing anything (429 sends Retry-After; 5xx sends HTML)",
    "error": "answer ok:false with this error before doing anything",
    "reset_before_write": "cut the connection before doing anything",
    "reset_after_write": "do it, then cut the connection",
    "timeout_after_write": "do it, then never answer",
    "delay": "do it, and answer `seconds` later",
}
PACE_SECONDS = 1.0  # one message a second and channel
PACE_TOLERANCE_SECONDS = 0.1  # a client's timer may fire this much early without being told off
HOLD_SECONDS = 60.0  # how long an answer that never comes is withheld before the connection is cut


@dataclass
class Fault:
    kind: str
    method: str | None = None
    channel: str | None = None
    times: int = 1
    status: int = 429
    retry_after: int | None = 1
    error: str = "internal_error"
    seconds: float = HOLD_SECONDS

    @property
    def before_write(self) -> bool:
        return self.kind in ("status", "error", "reset_before_write")


class FaultRefusal(ValueError):
    """The requested fault makes no sense; the message says why."""


class Faults:
    """Which faults are armed, in the order they were asked for; and the pace of posting, when it is watched."""

    def __init__(self, *, strict_pace: bool) -> None:
        self.armed: list[Fault] = []
        self.strict_pace = strict_pace
        self._next_post: dict[str, float] = {}

    def arm(self, wanted: Json) -> Fault:
        """Add a fault.

        Raises:
            FaultRefusal: unknown kind, or a figure that is not one.
        """
        kind = wanted.get("kind") or ("status" if "status" in wanted else None)
        if kind not in KINDS:
            raise FaultRefusal(f"kind must be one of {', '.join(KINDS)}.")
        fields: Json = {k: v for k, v in wanted.items() if k in Fault.__dataclass_fields__ and v is not None}
        fields["kind"] = kind
        fault = Fault(**fields)
        numbers = (fault.times, fault.status, fault.seconds)
        if not all(isinstance(item, (int, float)) and item > 0 for item in numbers):
            raise FaultRefusal("times, status and seconds must be positive numbers.")
        if "retry_after" in wanted:
            fault.retry_after = wanted["retry_after"]
        self.armed.append(fault)
        return fault

    def clear(self) -> None:
        self.armed.clear()

    def take(self, method: str, channel: str | None) -> Fault | None:
        """The first armed fault that fits this call, counted down."""
        for fault in self.armed:
            if fault.method in (None, method) and fault.channel in (None, channel):
                fault.times -= 1
                if not fault.times:
                    self.armed.remove(fault)
                return fault
        return None

    def too_fast(self, channel: str) -> int | None:
        """Seconds to wait when a post comes within a second of the last one there; else None, and it counts."""
        if not self.strict_pace:
            return None
        now = time.monotonic()
        if now + PACE_TOLERANCE_SECONDS < self._next_post.get(channel, 0.0):
            return 1
        self._next_post[channel] = now + PACE_SECONDS
        return None
