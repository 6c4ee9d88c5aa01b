"""Where a deployment's run is that somebody else carries out, as far as we know."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from bot.core.events import RunState
from bot.stages.deploy.model.ports import Finished, Report, Taken

NOTE_MAX = 300  # characters of what the other side says that are kept


@dataclass(frozen=True, slots=True)
class Carried:
    """One run elsewhere.

    Attributes:
        by: who carries it out, as people call it: "GitHub Actions".
        url: where a person can look.
        is_taken: they said that they have it; until then it may or may not run.
        is_queued: they have it, and have not begun.
        note: what they said last, in a line.
        attempt: the newest try of this run that they told of; 0 where they count none.
        stop_told_at: when they were asked to end it, by somebody here or since its time is up; None: they were not.
    """

    by: str
    url: str = ""
    is_taken: bool = False
    is_queued: bool = True
    note: str = ""
    stop_told_at: datetime | None = None
    attempt: int = 0

    def taken(self, taken: Taken) -> Self:
        """They have it."""
        return replace(self, is_taken=True, url=taken.url or self.url, note="")

    def noted(self, note: str) -> Self:
        """With what is to be said of it now."""
        return replace(self, note=note[:NOTE_MAX])

    def told_to_stop(self, note: str, at: datetime) -> Self:
        """They were asked to end it; ``note`` says where they cannot."""
        return replace(self, stop_told_at=at, note=note[:NOTE_MAX] or self.note)

    def reported(self, report: Report) -> Self:
        """As they tell it now. One that was overtaken on its way does not put it back into their queue."""
        return replace(
            self,
            is_taken=True,
            url=report.url or self.url,
            is_queued=self.is_queued and report.state is RunState.QUEUED,
            note=report.note[:NOTE_MAX],
            attempt=max(self.attempt, report.attempt),
        )

    def is_past(self, report: Report) -> bool:
        """Whether it tells of a try that another one has followed by now."""
        return 0 < report.attempt < self.attempt


def finished(report: Report) -> Finished:
    """How it ended by this report, which is one of an end."""
    note = report.note[:NOTE_MAX]
    if report.state is RunState.CANCELLED and not note:
        note = "cancelled there"
    return Finished(None, report.timed_out, note, is_done=report.state is RunState.PASSED)
