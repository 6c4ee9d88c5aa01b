"""How long the longest hostile texts take to be read: ``python -m benchmarks.parsing [characters]``.

Every keyword of every verb, and every kind of value, is repeated until the text is as long as Slack lets it be. What
it prints is the worst verb and text, as anybody who may write to the bot can send it.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from bot import discovery
from bot.core.refusals import Refusal
from bot.slack.grammar import Book, dates
from tests.hostile import around, long_text, starts_and_pieces

LONGEST = 40_000  # characters of a message; docs.slack.dev/changelog/2018-truncating-really-long-messages
ROUNDS = 2  # the better one counts, in seconds of the processor
TEXTS = 1_500  # of all that there are, so that it takes a minute; the same in every run
SHOWN = 12


def main() -> None:
    """Print how long the slowest took."""
    sizes = [int(size) for size in sys.argv[1:]] or [4_000, 12_000, LONGEST]
    dates.warm()
    book = Book(discovery.commands())
    for size in sizes:
        found = sorted(_timed(book, size), reverse=True)
        print(f"{size:,} characters: {len(found):,} texts, the slowest {found[0][0] * 1_000:.1f} ms")
        for took, door, piece in found[:SHOWN]:
            print(f"  {took * 1_000:9.2f} ms  {door:28} {piece!r} …")


def _timed(book: Book, size: int) -> Iterator[tuple[float, str, str]]:
    names = around()
    every = [(verb, *pair) for verb in book.verbs.values() for pair in starts_and_pieces(book.line(verb))]
    for verb, start, piece in random.Random(0).sample(every, TEXTS):
        command = book.commands[verb.command]
        typed = long_text(f"{verb.name} {start}", piece, size)
        best = min(_took(partial(book.understand, command, typed, names)) for _ in range(ROUNDS))
        yield best, verb.action, start + piece


def _took(ask: Callable[[], object]) -> float:
    began = time.process_time()
    with suppress(Refusal):
        ask()
    return time.process_time() - began


if __name__ == "__main__":
    main()
