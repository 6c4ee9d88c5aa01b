"""Notes of commits: grouped, folded, edited, and cut into messages without loss."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import notes
from bot.domain.commits import pull_request_in, read
from bot.domain.notes import Notes, Section
from bot.domain.ports import Commit
from bot.domain.versions import is_nameable, newest_first
from tests.example_team import NOON


def commit(subject: str, body: str = "") -> Commit:
    return Commit("a" * 40, subject, body, "Ana", "ana@example.org", NOON, pull_request_in(subject))


@pytest.mark.parametrize(
    ("subject", "body", "title", "line"),
    [
        ("feat(checkout): pay in one step (#809)", "", "Features", "Checkout: pay in one step (#809)"),
        ("fix: round half up (C-52) (#812)", "", "Fixes", "Round half up (#812)"),
        ("perf: cache prices", "", "Performance", "Cache prices"),
        ("feat!: drop /v1", "", "Breaking", "Drop /v1"),
        ("chore: bump", "BREAKING CHANGE: needs Python 3.11", "Breaking", "Bump"),
        ("Show prices in yen", "", "Other", "Show prices in yen"),
        ("<!channel> {{ 7*7 }} & *bold*", "", "Other", "<!channel> {{ 7*7 }} & *bold*"),
        ("feat:no space is no convention", "", "Other", "Feat:no space is no convention"),
    ],
)
def test_where_a_commit_goes(subject, body, title, line):
    assert notes.of_commits([commit(subject, body)]).sections == (Section(title, (line,)),)


def test_noise_is_folded_and_a_line_comes_once():
    found = notes.of_commits(
        commit(s) for s in ("Merge pull request #3 from x/y", "chore: z", "docs: z", "fix: a", "fix: a", "feat: b")
    )

    assert [section.title for section in found.sections] == ["Features", "Fixes"]
    assert (found.count, found.folded) == (2, 3)


def test_pull_requests_and_kinds_are_read():
    subject = read("Merge pull request #812 from org/fix")
    assert (subject.pull_request, subject.is_merge) == (812, True)
    assert read("").text == ""


CHARACTERS = st.characters(exclude_characters="\n", exclude_categories=("Cs", "Zl", "Zp", "Cc"))
LINES = st.lists(
    st.text(CHARACTERS, min_size=1, max_size=4000).map(lambda line: line.strip() or "x"), min_size=1, max_size=60
)


@given(LINES)
def test_pages_hold_everything_and_fit(lines: list[str]):
    whole = Notes((Section("Features", tuple(lines)), Section("Fixes", ("& " * 900, "last"))))

    pages = notes.pages(whole)

    for page in pages:
        size = sum(
            notes.weight(section.title) + 8 + sum(notes.weight(line) + 3 for line in section.lines)
            for section in page.sections
        )
        assert size <= notes.PAGE_WEIGHT
    kept = "".join("".join(line.split()) for page in pages for section in page.sections for line in section.lines)
    assert kept == "".join("".join(line.split()) for section in whole.sections for line in section.lines)


def test_edited_notes_come_back_as_they_were_left():
    whole = Notes(
        (Section("Features", ("One", "Two")), Section("Other", tuple(f"{n} " + "x" * 200 for n in range(30)))), 4
    )

    fields = notes.fields(whole)

    assert all(len(text) <= 3000 for _, text in fields.values())
    assert [label for label, _ in fields.values()][-1] == "Other (3 of 3)"
    assert notes.edited([(name, text) for name, (_, text) in fields.items()], 4) == whole
    assert notes.edited([("fixes_1", " • a\n\n- b ")], 0).sections == (Section("Fixes", ("a", "b")),)


def test_two_thousand_commits_take_less_than_two_seconds():
    commits = [commit(f"feat(part{n % 9}): thing {n} & more (#{n + 1})") for n in range(2000)]
    began = time.process_time()

    pages = notes.pages(notes.of_commits(commits))

    assert sum(page.count for page in pages) == 2000
    assert time.process_time() - began < 2


def test_versions_are_ordered_as_people_order_them():
    names = ["v1.3.9", "v1.10.0", "v1.4.0-rc.2", "nightly", "v1.4.0", "v1.4.0-rc.10", "v2"]

    assert newest_first(names) == ["v2", "v1.10.0", "v1.4.0", "v1.4.0-rc.10", "v1.4.0-rc.2", "v1.3.9", "nightly"]


@pytest.mark.parametrize(("name", "fits"), [("v1.4.0", True), ("feature/x", True), ("-x", False), ("a..b", False)])
def test_what_can_be_a_version(name, fits):
    assert is_nameable(name) is fits
