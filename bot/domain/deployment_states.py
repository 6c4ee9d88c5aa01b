"""Where a deployment can stand."""

from enum import StrEnum


class State(StrEnum):
    """Where a deployment stands. ``UNKNOWN``: nobody told us how it ended, so a person has to look."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        """Whether anything may still happen by itself or by somebody's decision on the request."""
        return self in (State.WAITING, State.QUEUED, State.RUNNING, State.UNKNOWN)


ENDED_AS = {
    State.SUCCEEDED: "went live",
    State.FAILED: "failed",
    State.EXPIRED: "lapsed without a decision",
    State.CANCELLED: "was cancelled",
}
