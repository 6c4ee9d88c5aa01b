"""What could not be done and waits for an admin: a message, a job, a delivery."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LetterKind(StrEnum):
    """What did not come through."""

    MESSAGE = "message"  # Slack refused it for good
    JOB = "job"  # it failed too often
    DELIVERY = "delivery"  # its body is not what its source sends


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One of them. ``id`` names it among its kind; ``what`` and ``why`` are one line each, without secrets."""

    kind: LetterKind
    id: str
    what: str
    why: str
    at: datetime
