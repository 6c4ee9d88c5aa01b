"""How long the messenger waits, looks and tries before it gives something up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits of the messenger.

    Attributes:
        looks: waits before the second, third … search for a message whose posting ended in doubt; after the last
            one it is posted again. Slack does not say how soon history shows a post, so they add up to over 10 s.
        recheck: how long after such a second post the conversation is searched for doubles.
        call: limit of one call to Slack; well under the lease of a lane.
        first, longest: pause after a definite no or an outage; doubled from the one up to the other.
        refusals: how many definite no's of a passing kind are taken before it is a dead letter.
    """

    looks: Sequence[timedelta] = (2 * SECOND, 5 * SECOND, 10 * SECOND)
    recheck: timedelta = 60 * SECOND
    call: timedelta = 6 * SECOND
    first: timedelta = 1 * SECOND
    longest: timedelta = 60 * SECOND
    refusals: int = 8

    def pause(self, times: int) -> timedelta:
        """How long to wait after this many failures (1 and more)."""
        return min(self.first * 2 ** min(times - 1, 16), self.longest)
