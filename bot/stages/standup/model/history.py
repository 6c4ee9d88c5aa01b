"""What became of a stand-up over time: counts for all, words for those who were in the round, nobody ranked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Standup

GROUP_MIN = 4  # people asked in a round, so that nobody can be told from its share
CHART_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Count:
    """How many answered in a round."""

    round: Round
    answered: int
    skipped: int

    @property
    def asked(self) -> int:
        """How many it was about."""
        return len(self.round.people)

    @property
    def percent(self) -> int:
        """The share that answered, or passed."""
        return round(100 * (self.answered + self.skipped) / self.asked) if self.asked else 0

    @property
    def is_of_a_group(self) -> bool:
        """Whether its share tells of nobody in particular."""
        return self.asked >= GROUP_MIN


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with the round in which it was given."""

    round: Round
    answer: StandupAnswer


@dataclass(frozen=True, slots=True)
class Participation:
    """The share that took part in a stand-up, round by round, the oldest first; only rounds of four and more."""

    standup: Standup
    counts: tuple[Count, ...]

    @classmethod
    def of(cls, standup: Standup, counts: Sequence[Count]) -> "Participation":
        """Of ended rounds."""
        ended = [count for count in counts if count.is_of_a_group and not count.round.is_open]
        return cls(standup, tuple(sorted(ended, key=lambda count: count.round.day)[-CHART_ROUNDS:]))

    @property
    def points(self) -> list[tuple[date, int]]:
        """Days and percentages."""
        return [(count.round.day, count.percent) for count in self.counts]

    @property
    def average(self) -> int:
        """Over all of these rounds, in percent."""
        return round(sum(count.percent for count in self.counts) / len(self.counts)) if self.counts else 0

    @property
    def in_words(self) -> str:
        """What a chart of it shows, for whoever does not see it."""
        if not self.counts:
            return f"No round of {self.standup.name} asked {GROUP_MIN} people or more."
        first, last = self.counts[0], self.counts[-1]
        shares = [count.percent for count in self.counts]
        return (
            f"Bars of the share of people who took part in {self.standup.name}, "
            f"{len(self.counts)} rounds from {first.round.day:%-d %b %Y} to {last.round.day:%-d %b %Y}: "
            f"between {min(shares)} % and {max(shares)} %, {self.average} % on average, {last.percent} % at last."
        )


def may_read(round: Round, user_id: str, lead: str = "") -> bool:
    """Whether somebody may read again what was said in a round: who was in it, and whoever leads the stand-up."""
    return user_id in round.people or (bool(lead) and user_id == lead)
