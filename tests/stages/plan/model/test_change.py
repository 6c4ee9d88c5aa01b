from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.core.code_hosts import PullRequestName
from bot.core.refusals import Refusal, Stale
from bot.core.stages import Stage
from bot.core.team import Repository
from bot.stages.plan.model.change import Change, ChangeState, change_ids_in, pull_request_named
from tests.fakes import ANA, NOON, TOM

CHANGE = replace(Change.plan("Faster checkout", ANA, NOON), id="C-41")
LATER = NOON + timedelta(hours=2)


def test_a_title_is_one_trimmed_line():
    assert Change.plan("  Faster \n checkout ", ANA, NOON).title == "Faster checkout"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 151}, "title"),
        ({"title": "x", "goal": "x" * 3001}, "goal"),
        ({"title": "x", "benefit": "x" * 3001}, "benefit"),
    ],
)
def test_a_text_that_is_empty_or_too_long_is_refused_at_its_field(fields: dict[str, str], field: str):
    title = fields.pop("title")
    with pytest.raises(Refusal) as refused:
        Change.plan(title, ANA, NOON, **fields)
    assert refused.value.field == field


def test_who_starts_a_change_owns_it_unless_it_has_an_owner():
    assert CHANGE.start(TOM, LATER).owner_id == TOM.id
    assert replace(CHANGE, owner_id=ANA.id).start(TOM, LATER).owner_id == ANA.id


def test_a_change_starts_once():
    with pytest.raises(Stale, match="C-41 is in code already"):
        CHANGE.start(TOM, LATER).start(ANA, LATER)


def test_a_change_only_advances_and_only_a_rollback_takes_it_back():
    built = CHANGE.advance(Stage.BUILD, LATER)

    assert built.stage is Stage.BUILD
    assert built.reached_at == LATER
    assert built.advance(Stage.CODE, LATER) is built
    assert built.advance(Stage.BUILD, LATER) is built
    assert built.fall_back(Stage.CODE, LATER).stage is Stage.CODE
    assert built.fall_back(Stage.TEST, LATER) is built


def test_an_ended_change_stays_where_it_is_and_says_who_ended_it():
    ended = CHANGE.end(ChangeState.DROPPED, ANA, LATER)

    assert ended.advance(Stage.DEPLOY, LATER) is ended
    with pytest.raises(Stale, match=r"C-41 is dropped \(Ana, 5 min ago\)"):
        ended.end(ChangeState.DONE, TOM, LATER + timedelta(minutes=5))
    with pytest.raises(Stale):
        ended.start(TOM, LATER)


def test_a_change_is_overdue_from_the_day_after_its_date_until_it_ends():
    due = replace(CHANGE, due=date(2026, 12, 31))

    assert not due.is_overdue(date(2026, 12, 31))
    assert due.is_overdue(date(2027, 1, 1))
    assert not due.end(ChangeState.DONE, ANA, LATER).is_overdue(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("C-41 Faster checkout", ("C-41",)),
        ("fix/c-41-rounding", ("C-41",)),
        ("fixes (C-41), C-52; and C-41 again", ("C-41", "C-52")),
        ("C-0041", ("C-41",)),
        ("ABC-41 C-41a PC-9 C-0 UTC-3", ()),
        ("", ()),
    ],
)
def test_ids_of_changes_are_found_in_text(text: str, ids: tuple[str, ...]):
    assert change_ids_in(text) == ids


@pytest.mark.parametrize(
    "text",
    [
        "org/web#812",
        "web#812",
        "#812",
        "812",
        "https://github.com/org/web/pull/812",
        "https://github.com/org/web/pull/812/files?w=1",
    ],
)
def test_a_pull_request_is_understood_however_it_is_written(text: str):
    named = pull_request_named(text, {"web": Repository(github="org/web")}, "web")
    assert named == PullRequestName("org/web", 812, "github.com")


@pytest.mark.parametrize("text", ["shop#812", "#812", "soon", "", "https://example.com/"])
def test_a_pull_request_that_cannot_be_placed_is_refused(text: str):
    with pytest.raises(Refusal, match="names no pull request"):
        pull_request_named(text, {"web": Repository(github="org/web")})


@pytest.mark.parametrize(
    "text",
    [
        "https://git.example.com/harbor/shop/web/-/merge_requests/12",
        "https://git.example.com/harbor/shop/web/-/merge_requests/12/diffs#note_7",
        "harbor/shop/web!12",
        "harbor/shop/web#12",
        "web!12",
        "!12",
    ],
)
def test_a_merge_request_is_named_as_gitlab_writes_it(text: str) -> None:
    web = Repository(gitlab="harbor/shop/web", gitlab_api="https://git.example.com/api/v4")
    assert pull_request_named(text, {"web": web}, "web") == PullRequestName(
        "harbor/shop/web", 12, "git.example.com"
    )


def test_a_pull_request_is_linked_once():
    linked = CHANGE.link("org/web#812")

    assert linked.prs == ("org/web#812",)
    assert linked.link("org/web#812") is linked
