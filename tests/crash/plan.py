"""500 messages over 25 channels: cards that change, replies in their threads, and news, in 50 transactions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.storage.outbox.outbox import Put

CHANNELS = 25
TRANSACTIONS = 50


@dataclass
class Expected:
    """What must stand in the workspace at the end."""

    texts: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    order: dict[str, list[str]] = field(default_factory=dict)  # channel -> keys as they must have arrived


def transactions() -> Iterator[list[Put]]:
    """Ten new messages each: in five channels a card (or news) and a reply; and edits of earlier cards."""
    for n in range(TRANSACTIONS):
        puts: list[Put] = []
        for c in range(n % 5 * 5, n % 5 * 5 + 5):
            channel, card = f"C{c:04}" if c % 2 else f"#c{c}", f"card:{n}:{c}"
            puts.append(Put(card, channel, f"{card} waiting"))
            if n % 2:
                puts.append(Put(f"reply:{n}:{c}", channel, f"reply:{n}:{c}", thread_of=card))
            else:
                puts.append(Put(f"news:{n}:{c}", channel, f"news:{n}:{c}"))
        for back in (5, 10):
            if n >= back:
                puts += [
                    Put(f"card:{n - back}:{c}", "#c0", f"card:{n - back}:{c} changed {back}")
                    for c in range((n - back) % 5 * 5, (n - back) % 5 * 5 + 5)
                ]
        yield puts


def expected() -> Expected:
    """By the same plan."""
    made = Expected()
    channel_of: dict[str, str] = {}
    for puts in transactions():
        for one in puts:
            made.texts[one.key] = one.text
            if one.key not in channel_of:
                channel_of[one.key] = f"C{int(one.key.rpartition(':')[2]):04}"
                made.order.setdefault(channel_of[one.key], []).append(one.key)
            if one.thread_of:
                made.parents[one.key] = one.thread_of
    return made
