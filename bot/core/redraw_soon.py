"""Puts off what many deliveries would draw again and again: drawn once when the span that runs now is over."""

from datetime import UTC, datetime, timedelta

from bot.core.jobs import Job
from bot.core.ports import Work


def soon(work: Work, kind: str, name: str, every: timedelta) -> None:
    """Owe one job of this kind for ``name``, at the end of the span of this length that runs now.

    Owed again within the span it is the same job and keeps its instant: whoever comes all the time puts nothing off.
    """
    span = int(work.now.timestamp() // every.total_seconds()) + 1
    due = datetime.fromtimestamp(span * every.total_seconds(), UTC)
    work.owe(Job(kind, f"{kind}:{name}:{span}", due, {"name": name}))
