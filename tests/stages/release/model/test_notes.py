"""Notes: cut into messages without loss, edited by people, and struck through."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.versions import is_nameable, newest_first
from bot.stages.release.model import notes
from bot.stages.release.model.draft import of_commits
from bot.stages.release.model.notes import Line, Notes, Section, Voice
from tests.stages.release.model.test_draft import commit


def noted(**sections: tuple[str, ...]) -> Notes:
    number = iter(range(1, 10_000))
    return Notes(
        tuple(
            Section(title, tuple(Line(text, next(number)) for text in lines)) for title, lines in sections.items()
        )
    )


CHARACTERS = st.characters(exclude_characters="\n", exclude_categories=("Cs", "Zl", "Zp", "Cc"))
LINES = st.lists(
    st.text(CHARACTERS, min_size=1, max_size=4000).map(lambda line: line.strip() or "x"), min_size=1, max_size=60
)


@given(LINES)
def test_pages_hold_everything_and_fit(lines: list[str]):
    whole = noted(Features=tuple(lines), Fixes=("& " * 900, "last"))

    pages = notes.pages(whole)

    for page in pages:
        size = sum(
            notes.weight(section.title)
            + 8
            + sum(notes.weight(line.text) + notes.LINE_EXTRA for line in section.lines)
            for section in page.sections
        )
        assert size <= notes.PAGE_WEIGHT
    kept = "".join("".join(line.text.split()) for page in pages for line in page.lines)
    assert kept == "".join("".join(line.text.split()) for line in whole.lines)


def test_what_is_struck_through_takes_the_same_pages():
    whole = noted(Features=tuple(f"{n} " + "& " * 100 for n in range(60)))

    struck = whole.struck({3, 60})

    assert [line.number for line in struck.lines if line.is_struck] == [3, 60]
    assert [page.count for page in notes.pages(struck)] == [page.count for page in notes.pages(whole)]
    assert struck.struck(()) == whole


def test_edited_notes_come_back_as_they_were_left():
    whole = noted(Features=("One", "Two"), Other=tuple(f"{n} " + "x" * 200 for n in range(30)))

    fields = notes.fields(whole)

    assert all(len(text) <= 3000 for text in fields)
    assert len(fields) == 3
    assert fields[0].startswith("# Features\nOne\nTwo\n# Other\n0 x")
    assert notes.edited(whole, "\n".join(fields), 100) == whole


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("# Fixes\n • a \n\n- b\n* c", [("Fixes", "a", 1), ("Fixes", "b", 2), ("Fixes", "c", 3)]),
        ("# Fixes\nc\na", [("Fixes", "c", 3), ("Fixes", "a", 1)]),
        (
            "# Fixes\na\nB, in other words\nc",
            [("Fixes", "a", 1), ("Fixes", "B, in other words", 2), ("Fixes", "c", 3)],
        ),
        ("# Fixes\na\nb\nc\nnew", [("Fixes", "a", 1), ("Fixes", "b", 2), ("Fixes", "c", 3), ("Fixes", "new", 9)]),
        ("b\n# More\nnew\n# Fixes\nc", [("", "b", 2), ("More", "new", 9), ("Fixes", "c", 3)]),
        ("#812 is no heading", [("", "#812 is no heading", 1)]),
        ("", []),
    ],
)
def test_a_line_keeps_its_change_through_an_edit(text, left):
    written = notes.edited(noted(Fixes=("a", "b", "c")), text, 9)

    assert [
        (section.title, line.text, line.number) for section in written.sections for line in section.lines
    ] == left


def test_two_thousand_commits_take_less_than_two_seconds():
    commits = [commit(f"feat(part{n % 9}): thing {n} & more (#{n + 1})") for n in range(2000)]
    began = time.process_time()

    drafted = of_commits(commits)
    pages = [page for voice in Voice for page in notes.pages(drafted.notes[voice])]

    assert sum(page.count for page in pages) == 4000
    assert time.process_time() - began < 2


def test_versions_are_ordered_as_people_order_them():
    names = ["v1.3.9", "v1.10.0", "v1.4.0-rc.2", "nightly", "v1.4.0", "v1.4.0-rc.10", "v2"]

    assert newest_first(names) == ["v2", "v1.10.0", "v1.4.0", "v1.4.0-rc.10", "v1.4.0-rc.2", "v1.3.9", "nightly"]


@pytest.mark.parametrize(("name", "fits"), [("v1.4.0", True), ("feature/x", True), ("-x", False), ("a..b", False)])
def test_what_can_be_a_version(name, fits):
    assert is_nameable(name) is fits
