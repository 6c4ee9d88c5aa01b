"""A bulkhead by band: calls to Slack that hang for what can wait leave places to what cannot."""

from collections import Counter
from collections.abc import Iterable, Mapping

from bot.core.messages import Band

AT_ONCE = 100  # calls under way; a channel has one at a time
# How many of them may be of this band or a later one, so that each band has 20 places that no later one can take.
UP_TO: Mapping[Band, int] = {Band.NOW: AT_ONCE, Band.NORMAL: 80, Band.BULK: 60}


def rooms(under_way: Iterable[Band]) -> dict[Band, int]:
    """How many more calls of this band or a later one may begin."""
    taken = Counter(under_way)
    return {first: most - sum(taken[band] for band in Band if band >= first) for first, most in UP_TO.items()}
