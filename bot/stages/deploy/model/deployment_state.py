"""Where a deployment can stand."""

from datetime import datetime
from enum import StrEnum

from bot.core.approvals import Approval
from bot.core.durations import rounded


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


def standing(
    state: State,
    approval: Approval,
    at: datetime,
    started_at: datetime | None,
    ended_at: datetime | None,
    note: str,
) -> str:
    """Where it stands at an instant, to be said after its name: "is approved and takes its turn"."""
    ago = f" {rounded(at - ended_at)} ago" if ended_at else ""
    match state:
        case State.WAITING:
            said = f"waits for {approval.missing} more approval(s)"
        case State.QUEUED:
            said = "is approved and takes its turn"
        case State.RUNNING:
            said = f"has been running for {rounded(at - started_at) if started_at else 'a moment'}"
        case State.UNKNOWN:
            said = "has ended, or not: nobody knows, and somebody has to say so on its card"
        case State.REFUSED if vote := approval.refusal:
            said = f"was refused by {vote.name} {rounded(at - vote.at)} ago"
        case State.EXPIRED if note:
            said = f"was approved, and held until that approval was too old; it lapsed{ago}"
        case _:
            said = f"{ENDED_AS.get(state, str(state))}{ago}"
    return said
