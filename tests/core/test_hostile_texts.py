"""Texts of strangers (commits, notes, names) are read in time that grows with their length alone."""

import sys
import time
from collections.abc import Callable

import pytest

from bot.core.people import Person
from bot.stages.code.model import commits
from bot.stages.release.model.notes import Line, Notes, Section, edited
from bot.team.people.model import names
from tests.fakes import ANA


def steps(of: Callable[[], object]) -> int:
    """How many calls it makes, of Python's functions and of C's: the same in every run."""
    calls = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        of()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("piece", [" ", "\t", "\u2028 ", "\xa0", "(#1) ", "(C-1 , ", "feat: ", "[C-1"], ids=ascii)
def test_a_commit_of_blanks_takes_time_in_proportion(piece: str) -> None:
    """C's own loops make no calls, so this one is a ratio, with room for a busy machine: by the square it is 256."""

    def best(size: int) -> float:
        line = piece * (size // len(piece)) + "x"
        took: list[float] = []
        for _ in range(4):
            began = time.process_time()
            commits.read(line)
            took.append(time.process_time() - began)
        return min(took)

    assert best(32_000) < 64 * best(2_000) + 0.01


def test_a_commit_is_read_as_before_where_blanks_precede_its_number() -> None:
    read = commits.read("fix: round up \t (C-7, C-8)  (#12) ")
    assert (read.kind, read.text, read.pull_request) == ("fix", "round up", 12)


def test_notes_of_equal_lines_are_compared_in_few_steps() -> None:
    def change(lines: int) -> Callable[[], Notes]:
        before = Notes((Section("", tuple(Line("a", n + 1) for n in range(lines))),))
        return lambda: edited(before, "a\nb\n" * (lines // 2), lines + 1)

    assert steps(change(320)) < 16 * steps(change(80))  # by the cube it is 64


def test_an_equal_line_keeps_its_number_where_another_one_changed() -> None:
    before = Notes((Section("", (Line("a", 1), Line("a", 2), Line("c", 3))),))
    assert [line.number for line in edited(before, "a\na\nd", 4).lines] == [1, 4, 3]


def test_names_are_looked_for_only_where_they_stand() -> None:
    crowd = [Person(f"U{n:06}", f"Person{n} von Hafen") for n in range(2_000)]
    text = "Person7 and Person1999"
    assert names.people_named(text, crowd, ANA) == ("U000007", "U001999")
    # Compiling a pattern takes hundreds of calls, and there are 6,000 names.
    assert steps(lambda: names.people_named(text, crowd, ANA)) < 60_000
