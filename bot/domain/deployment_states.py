"""Where a deployment can stand."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.spans import rounded

if TYPE_CHECKING:
    from bot.domain.deployments import Deployment


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


def standing(deployment: "Deployment", at: datetime) -> str:
    """Where it stands, as a sentence."""
    what, ended_at = deployment.what, deployment.ended_at
    ago = f" {rounded(at - ended_at)} ago" if ended_at else ""
    match deployment.state:
        case State.WAITING:
            said = f"waits for {deployment.approval.missing} more approval(s)"
        case State.QUEUED:
            said = "is approved and takes its turn"
        case State.RUNNING:
            ran = rounded(at - deployment.started_at) if deployment.started_at else "a moment"
            said = f"has been running for {ran}"
        case State.UNKNOWN:
            return f"How {what} ended is not known; somebody has to say so on its card."
        case State.REFUSED if vote := deployment.approval.refusal:
            said = f"was refused by {vote.name} {rounded(at - vote.at)} ago"
        case State.EXPIRED if deployment.note:
            said = f"was approved, and held until that approval was too old; it lapsed{ago}"
        case state:
            said = f"{ENDED_AS.get(state, str(state))}{ago}"
    return f"{what} {said}."
