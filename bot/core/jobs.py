"""What we owe at an instant, and how it can end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

PUT_BACK = "clock.put_back"  # owed when the clock was put back; args: seconds
DIED = "message.died"  # owed for each message that cannot be sent as things are; args: key, to, reason


@dataclass(frozen=True, slots=True)
class Job:
    """One step, due at an instant.

    Attributes:
        kind: names the handler, such as ``standup.close``.
        key: the same key is the same job: owing it again moves an unfinished one to the new instant and
            arguments, and does nothing once it has ended.
        due: when, UTC.
        args: JSON values only.
        window: how late it is still worth doing; later it is recorded as missed. ``None``: always.
    """

    kind: str
    key: str
    due: datetime
    args: Mapping[str, Any] = field(default_factory=dict[str, Any])
    window: timedelta | None = None


class Outcome(StrEnum):
    """How a job ended (or goes on)."""

    DONE = "done"
    NOOP = "noop"  # nothing was left to do: the thing had moved on
    MISSED = "missed"  # it came up outside its window
    DEAD = "dead"  # it failed too often, or for good; an admin can see and redo it


@dataclass(frozen=True, slots=True)
class Due:
    """A job as its handler gets it."""

    job: Job
    late_by: timedelta  # since it was first due, however often it answered ``Again``
    attempt: int  # of those that failed in a row; after ``Again`` it is the first one
    missed: bool = False  # the window has passed: tell, do not do


@dataclass(frozen=True, slots=True)
class Again:
    """A handler's answer: not done yet, try once more after this long."""

    after: timedelta
    because: str
