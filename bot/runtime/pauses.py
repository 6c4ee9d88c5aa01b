"""Exponential back-off: how long a job or a delivery that failed waits until it is tried again."""

from datetime import timedelta

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=5)


def pause_after(attempt: int) -> timedelta:
    """How long to wait after the attempt with this number (1 and more) has failed."""
    return min(FIRST_PAUSE * 3 ** min(attempt - 1, 16), LONGEST_PAUSE)
