"""Whose copies are whose: by key, and by words as messages and files show them."""

import pytest

from bot.core.erasing import Kinship, Traces

TOM = Traces(
    "U0TOM",
    ("My aunt & I:\n> are `ill` today, so the rollout waits until I am back",),
    rounds=frozenset({"S-1"}),
    standups=frozenset({"U-1", "U-2"}),
    blockers=frozenset({"B-1"}),
    changes=frozenset({"C-1"}),
    edited=frozenset({"U-2"}),
)


@pytest.mark.parametrize(
    ("key", "kinship"),
    [
        ("round:S-1:answer:U0TOM", Kinship.THEIRS),
        ("round:S-1:answer:U0ANA", None),
        ("round:S-1", Kinship.SHARED),
        ("round:S-1:digest", Kinship.SHARED),
        ("round:S-11", None),
        ("round:S-11:answer:U0TOM", None),
        ("digest:U-1/U0ANA:3", Kinship.SHARED),
        ("digest:U-2/U0ANA:3", Kinship.EDITED),
        ("digest:U-11/U0ANA:3", None),
        ("blocker:B-1:ask:1", Kinship.THEIRS),
        ("blocker:B-12", None),
        ("change:C-1", Kinship.SHARED),
        ("change:C-2", None),
        ("standup.export:1", Kinship.SHARED),
        ("home:U0ANA", Kinship.SHARED),
        ("deployment:D-1", None),
    ],
)
def test_a_key_tells_whose_a_message_is(key: str, kinship: Kinship | None):
    assert TOM.kinship(key, "#team") is kinship


def test_a_file_about_somebody_is_theirs_where_it_went_to_them():
    assert TOM.kinship("standup.my-data:1", "U0TOM") is Kinship.THEIRS
    assert TOM.kinship("standup.my-data:1", "U0ANA") is None


@pytest.mark.parametrize(
    "shown",
    [
        "*Tom*\n>My aunt &amp; I:\n>&gt; are ˋillˋ today, so the rollout waits until I am back",
        "next: My aunt &amp; I: &gt; are ˋillˋ today, so the rollout waits until I a…",
        '"answer": "My aunt & I:\n> are `ill` today, so the rollout waits until I am back"',
    ],
)
def test_words_are_found_as_they_are_shown(shown: str):
    assert TOM.within(["something else", shown])


@pytest.mark.parametrize(
    ("said", "shown", "found"),
    [
        ("tests", "next: tests\n", True),
        ("tests", "contests", False),
        ("on it", "on  it!", True),
        ("on it", "upon item", False),
        ("🤷", "Tom · 🤷", True),
        ("", "anything", False),
        (" ", "any thing", False),
    ],
)
def test_short_words_are_found_where_they_stand_alone(said: str, shown: str, *, found: bool):
    assert Traces("U0TOM", (said,)).within([shown]) is found
