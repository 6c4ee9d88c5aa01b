"""Drafts from commits: what goes under which heading, what each voice says, and what is only noise."""

import pytest

from bot.stages.code.model.commits import pull_request_in, read, trailers
from bot.stages.code.model.ports import Commit, MergedPull
from bot.stages.release.model.draft import of_commits
from bot.stages.release.model.notes import Voice
from tests.example_team import NOON


def commit(subject: str, body: str = "", sha: str = "a" * 40, author: str = "ana-dev") -> Commit:
    return Commit(sha, subject, body, author, "ana@example.org", NOON, pull_request_in(subject))


def told(drafted, voice: Voice) -> list[tuple[str, str]]:
    return [(section.title, line.text) for section in drafted.notes[voice].sections for line in section.lines]


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
        ("chore: tidy", "Release-Note: Pages load faster.", "Other", "Tidy"),
    ],
)
def test_where_a_commit_goes(subject, body, title, line):
    assert told(of_commits([commit(subject, body)]), Voice.ENGINEERS) == [(title, line)]


def test_noise_is_folded_and_a_line_comes_once_with_all_its_commits():
    subjects = ("Merge pull request #3 from x/y", "chore: z", "docs: z", "fix: a", "fix: a", "feat: b")
    found = of_commits(commit(subject, sha=f"{n}" * 40) for n, subject in enumerate(subjects))

    assert told(found, Voice.ENGINEERS) == [("Features", "B"), ("Fixes", "A")]
    assert found.folded == 3
    assert [(one.number, one.sha[0], [sha[0] for sha in one.more_shas]) for one in found.brought] == [
        (1, "3", ["4"]),
        (2, "5", []),
    ]


BODY = """Some words.

Release-Note: Checkout takes one step
  instead of three.
Ops-Note: Needs 2 GB more memory.
Migration: adds orders.currency
Signed-off-by: Ana
"""


def test_one_commit_speaks_in_three_voices():
    found = of_commits([commit("feat(checkout): one step (#809)", BODY), commit("fix: y"), commit("Tidy")])

    assert told(found, Voice.ENGINEERS)[0] == ("Features", "Checkout: one step (#809)")
    assert told(found, Voice.OPERATORS) == [
        ("Features", "Checkout: one step: Needs 2 GB more memory."),
        ("Features", "Checkout: one step: adds orders.currency"),
        ("Fixes", "Y"),
    ]
    assert told(found, Voice.CUSTOMERS) == [("", "Checkout takes one step instead of three.")]
    assert found.unsaid == (2, 3)


def test_none_is_an_answer_too():
    found = of_commits([commit("feat: internal thing", "Release-Note: none")])

    assert told(found, Voice.CUSTOMERS) == []
    assert found.unsaid == ()


def test_what_breaks_is_told_to_operators_in_the_words_of_its_footer():
    found = of_commits([commit("feat(api)!: orders carry their currency", "BREAKING CHANGE: amounts are minor.")])

    assert told(found, Voice.OPERATORS) == [("Breaking", "Api: orders carry their currency: amounts are minor.")]


@pytest.mark.parametrize(
    ("labels", "title"),
    [
        (("kind/bug",), "Fixes"),
        (("type: Feature", "bug"), "Features"),
        (("breaking change",), "Breaking"),
        (("performance",), "Performance"),
        (("needs-review",), "Other"),
    ],
)
def test_labels_of_the_pull_request_say_where_it_goes_and_its_title_what_it_is(labels, title):
    pull = MergedPull(812, "No decimals in yen", "Release-Note: Prices in yen read well.", "yuki-dev", labels)

    found = of_commits([commit("wip (#812)", author="Yuki Mori")], {812: pull})

    assert told(found, Voice.ENGINEERS) == [(title, "No decimals in yen (#812)")]
    assert told(found, Voice.CUSTOMERS) == [("", "Prices in yen read well.")]
    assert (found.brought[0].login, found.brought[0].name) == ("yuki-dev", "#812")


def test_a_label_can_leave_a_pull_request_out_and_take_a_chore_in():
    pulls = {
        1: MergedPull(1, "feat: secret", labels=("skip-changelog",)),
        2: MergedPull(2, "chore: faster start", labels=("performance",)),
    }

    found = of_commits([commit("feat: secret (#1)"), commit("chore: x (#2)")], pulls)

    assert told(found, Voice.ENGINEERS) == [("Performance", "Faster start (#2)")]
    assert found.folded == 1


def test_kinds_pull_requests_and_trailers_are_read():
    subject = read("Merge pull request #812 from org/fix")
    assert (subject.pull_request, subject.is_merge) == (812, True)
    assert read("").text == ""
    assert trailers("a\n\nrelease-note: x\nRelease-Note:\nRelease-Notes: y\n", "Release-Note") == ["x"]
    assert trailers("no trailers here", "Release-Note") == []
