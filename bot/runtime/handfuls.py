"""Which deliveries are worked on together: as many as one transaction should take."""

from collections.abc import Iterator, Sequence

from bot.integrations.source import Delivery
from bot.storage.inbox import Claimed

# Deliveries that can be are worked on in one transaction, no more than that nobody else waits long to write.
TOGETHER, TOGETHER_BYTES = 16, 256 * 1024


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
