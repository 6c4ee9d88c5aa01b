"""How well a stand-up kept its times: questions asked in time, late, or not at all, and digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Standup

DAYS = 30


@dataclass(frozen=True, slots=True)
class BadDay:
    """A day on which something was late or missed."""

    day: date
    late: int
    missed: int
    ended_late: bool


@dataclass(frozen=True, slots=True)
class Health:
    """The last 30 days of a stand-up; ``bad_days`` the newest first."""

    standup: Standup
    rounds: int
    kept: int
    late: int
    missed: int
    ended_late: int
    bad_days: tuple[BadDay, ...]

    @property
    def promised(self) -> int:
        """How many questions were to be asked."""
        return self.kept + self.late + self.missed

    @property
    def kept_percent(self) -> int:
        """How many of them were asked in time, rounded down: 100 only where all of them were."""
        return 100 * self.kept // self.promised if self.promised else 100

    @classmethod
    def of(cls, standup: Standup, rounds: Sequence[Round]) -> "Health":
        """As these rounds of it went."""
        days = [
            BadDay(round.day, round.asked_late, len(round.missed), round.closed_late_by is not None)
            for round in sorted(rounds, key=lambda round: round.day, reverse=True)
        ]
        return cls(
            standup,
            len(rounds),
            sum(round.asked_in_time for round in rounds),
            sum(day.late for day in days),
            sum(day.missed for day in days),
            sum(day.ended_late for day in days),
            tuple(day for day in days if day.late or day.missed or day.ended_late),
        )
