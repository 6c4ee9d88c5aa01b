"""Retention: for how long what has served its time is kept, by kind. The ledger is kept for ever."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """Ages at which rows are forgotten.

    Attributes:
        gestures: how long a gesture that is delivered again is known; Slack repeats for minutes, people for hours.
        deliveries: bodies of webhooks hold people's words; also how long a repeated delivery is known.
        failed: how long a dead job or delivery can be seen and done again.
        jobs: how long a job's key is known, so that owing it again does nothing.
        messages: since Slack has shown it unchanged. A card that is forgotten takes no replies and no edits any more.
    """

    gestures: timedelta = timedelta(hours=24)
    deliveries: timedelta = timedelta(days=7)
    failed: timedelta = timedelta(days=90)
    jobs: timedelta = timedelta(days=30)
    messages: timedelta = timedelta(days=400)
