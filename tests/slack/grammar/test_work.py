"""No text keeps the bot busy: the work of reading grows with the text, whatever it repeats."""

import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import discovery
from bot.core.command import Verb
from bot.core.refusals import NotUnderstood, Refusal
from bot.slack.grammar import Book, Misread, compile, dates
from bot.slack.grammar.tokens import TEXT_MAX, clean, split
from tests.fuzz import fuzz
from tests.hostile import MARKS, VALUES, around, pieces
from tests.slack.grammar.test_grammar import ADD

BOOK = Book(discovery.commands())
AROUND = around()
SMALL, TIMES = 300, 10
GROWTH = 16  # of the work, where the text is ten times as long: in proportion it is 10, by the square 100
DATES_MAX = 10  # texts that dateparser is given for one line


def work(step: Callable[[], object]) -> int:
    """How many calls the step makes, of Python's functions and of C's: the same in every run."""
    calls = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    dates._parse.cache_clear()
    sys.setprofile(count)
    try:
        with suppress(Refusal):
            step()
    finally:
        sys.setprofile(None)
    return calls


def reading(verb: Verb, start: str, piece: str, size: int) -> Callable[[], object]:
    """Reads the piece over and over, as if somebody had typed it after the verb."""
    text = f"{verb.name} {start}{piece * (size // len(piece))}"
    return lambda: BOOK.understand(BOOK.commands[verb.command], text, AROUND)


def repeated(verb: Verb) -> Iterator[str]:
    """Every keyword of the verb alone and with a word, and all of them in turn."""
    words = [segment.name for segment in BOOK.line(verb).segments if segment.keyword]
    yield from (f"{word} y " for word in words)
    if len(words) > 1:
        yield "".join(f"{word} y " for word in words[1:])


@pytest.mark.parametrize("verb", BOOK.verbs.values(), ids=list(BOOK.verbs))
def test_a_keyword_over_and_over_takes_work_in_proportion(verb: Verb) -> None:
    for piece in repeated(verb):
        work(reading(verb, "x ", piece, SMALL))  # what is loaded or remembered once
        little = work(reading(verb, "x ", piece, SMALL))
        much = work(reading(verb, "x ", piece, SMALL * TIMES))
        # What a refusal costs at most (names that look alike, a date that is none) does not grow with the text.
        assert much < GROWTH * little + 20_000, piece


LINES = list(BOOK.verbs.values())
PIECES = {verb.action: list(dict.fromkeys(pieces(BOOK.line(verb)))) for verb in LINES}


@fuzz(60)
@given(st.data())
def test_anything_over_and_over_takes_work_in_proportion(data: Any) -> None:
    verb = data.draw(st.sampled_from(LINES))
    piece = "".join(data.draw(st.lists(st.sampled_from(PIECES[verb.action]), min_size=1, max_size=3)))
    start = data.draw(st.sampled_from(("", "x ", "web ", *(f"x {word} " for word in BOOK.line(verb)._openers))))
    work(reading(verb, start, piece, SMALL))
    little = work(reading(verb, start, piece, SMALL))
    much = work(reading(verb, start, piece, SMALL * TIMES))
    assert much < GROWTH * little + 20_000


@pytest.mark.parametrize("piece", ["by y ", "by y in z ", "by 1x in z ", "by 1x ", "by mon 9x in z owner q "])
def test_dateparser_is_given_a_few_short_texts(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    monkeypatch.setattr(dates, "_parse", lambda words, *rest, **more: given.append(words))
    with suppress(Refusal):
        ADD.read(f"add x {piece * (TEXT_MAX // len(piece) - 2)}", AROUND)
    assert len(given) <= DATES_MAX
    assert all(len(words) <= dates.LENGTH_MAX for words in given)


def test_many_numbers_are_no_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "_parse", lambda *words, **more: pytest.fail(f"dateparser was given {words}"))
    with pytest.raises(NotUnderstood):
        dates.read_day("1 2 3 4 5 6 7 8 9 10", AROUND.now, AROUND.by.tz)


def test_the_keyword_that_counts_is_found_after_many_that_do_not() -> None:
    typed = "add Login fails " + "in some browsers by people who were " * 60 + "seen by 2026-12-31"
    assert str(ADD.read(typed, AROUND).args["due"]) == "2026-12-31"


def test_a_text_of_many_failing_dates_is_refused_with_what_to_do() -> None:
    with pytest.raises(Misread, match=r"“by” stands there more often than I can try. Put the text in quotes."):
        ADD.read("add x " + "by 1x " * 50, AROUND)
    assert ADD.read(f'add "x {"by 1x " * 50}"', AROUND).args["title"].startswith("x by 1x by 1x")


def test_a_longer_text_than_is_read_is_refused_not_cut() -> None:
    line = compile("<reason>", {"reason": ADD.parameters["title"]})
    assert line.read("a" * TEXT_MAX, AROUND).args == {"reason": "a" * TEXT_MAX}
    with pytest.raises(NotUnderstood, match="12,001 characters; I read 12,000 at most"):
        line.read("a" * (TEXT_MAX + 1), AROUND)


def test_marks_on_one_letter_are_few_in_a_row_and_none_is_lost() -> None:
    cleaned = clean("a" + "\u0300\u0316" * 500)
    runs = cleaned.split("\u034f")
    assert max(sum(map(bool, map(unicodedata.combining, run))) for run in runs) <= 31
    assert sum(map(bool, map(unicodedata.combining, cleaned))) >= 999


@pytest.mark.parametrize("piece", [*MARKS, *(f"{mark} " for mark in MARKS), *VALUES], ids=ascii)
def test_splitting_takes_time_in_proportion(piece: str) -> None:
    """C's own loops make no calls, so this one is a ratio, with room for a busy machine: by the square it is 100."""

    def best(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        took: list[float] = []
        for _ in range(4):
            began = time.process_time()
            split(text, AROUND.names.name_of)
            took.append(time.process_time() - began)
        return min(took)

    assert best(TEXT_MAX) < 50 * best(TEXT_MAX // 10) + 0.005
