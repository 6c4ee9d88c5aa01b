"""Which deliveries are worked on together: as many as one transaction should take."""

from collections.abc import Iterator, Sequence

from bot.storage.queues.inbox import Claimed
from bot.vendors.kit.webhooks import Delivery

# Deliveries that can be are worked on in one transaction, no more than that nobody else waits long to write.
TOGETHER, TOGETHER_BYTES = 16, 256 * 1024
# While deliveries come in, working on them may take a third of the time: senders give up on whoever answers late.
REST, LONGEST_REST_SECONDS = 2, 0.1
# In a storm one transaction for ten deliveries costs a third of ten transactions, and people wait behind fewer.
FIRST_GATHER_SECONDS, LONGEST_GATHER_SECONDS = 0.01, 0.1


class Rest:
    """How long the worker rests between two batches: people and senders are answered first, and more is taken together.

    The first of a burst are worked on at once; while more keeps coming the rests grow, until batches are full by
    themselves.
    """

    def __init__(self) -> None:
        self._gathered = 0.0

    def after(self, worked: float, *, is_full: bool, more_came: bool) -> float:
        """Seconds, after a batch that took so many; ``is_full``: more may have waited than fitted into it."""
        if not more_came:
            self._gathered = 0.0
            return 0.0
        rest = min(worked * REST, LONGEST_REST_SECONDS)
        if is_full:
            return rest
        self._gathered = min(max(2 * self._gathered, FIRST_GATHER_SECONDS), LONGEST_GATHER_SECONDS)
        return max(rest, self._gathered)


def raw(claimed: Claimed) -> Delivery:
    """As its source gets it."""
    kept = claimed.delivery
    return Delivery(kept.source, kept.headers, kept.body, kept.received_at)


def handfuls(batch: Sequence[Claimed]) -> Iterator[list[Claimed]]:
    """In their order, so many together as one transaction should take; what was tried before goes alone."""
    some: list[Claimed] = []
    size = 0
    for claimed in batch:
        size += len(claimed.delivery.body)
        # What is urgent is committed before what is not.
        alone = some and (claimed.attempt > 1 or some[-1].attempt > 1 or claimed.urgent != some[-1].urgent)
        if alone or len(some) == TOGETHER or (some and size > TOGETHER_BYTES):
            yield some
            some, size = [], len(claimed.delivery.body)
        some.append(claimed)
    if some:
        yield some
