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
    if deployment.state is State.WAITING:
        return f"{deployment.what} waits for {deployment.approval.missing} more approval(s)."
    if deployment.state is State.QUEUED:
        return f"{deployment.what} is approved and takes its turn."
    if deployment.state is State.RUNNING:
        ago = rounded(at - deployment.started_at) if deployment.started_at else "a moment"
        return f"{deployment.what} has been running for {ago}."
    if deployment.state is State.UNKNOWN:
        return f"How {deployment.what} ended is not known; somebody has to say so on its card."
    if deployment.state is State.REFUSED and (vote := deployment.approval.refusal):
        return f"{deployment.what} was refused by {vote.name} {rounded(at - vote.at)} ago."
    ago = f" {rounded(at - deployment.ended_at)} ago" if deployment.ended_at else ""
    ended = ENDED_AS.get(deployment.state, str(deployment.state))
    if deployment.state is State.EXPIRED and deployment.note:
        ended = "was approved, and held until that approval was too old; it lapsed"
    return f"{deployment.what} {ended}{ago}."
