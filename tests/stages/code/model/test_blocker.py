from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.ledger import Subject
from bot.core.refusals import Refusal, Stale
from bot.stages.code.model.blocker import Blocker
from bot.stages.code.model.unblock_times import UnblockTime, unblock_times
from tests.fakes import LUIS, MEI, NOON, TOM

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BLOCKER = replace(Blocker.air("staging is read-only", LUIS.id, NOON, unblocker_id=MEI.id), id="B-7")
PR, ALERT = Subject("pr", "org/web#812"), Subject("alert", "A-9")


def test_a_blocker_is_as_old_as_it_has_held():
    assert BLOCKER.age(NOON + 3 * HOUR) == 3 * HOUR

    closed = BLOCKER.close(MEI, NOON + HOUR)
    assert closed.age(NOON + 9 * DAY) == HOUR


def test_a_second_closing_learns_who_was_first_and_how():
    closed = BLOCKER.close(MEI, NOON, "made it writable")

    with pytest.raises(Stale, match="B-7 was closed by Mei 5 min ago: “made it writable”"):
        closed.close(TOM, NOON + timedelta(minutes=5))
    moved = BLOCKER.close_itself(NOON, "org/web#812 is merged")
    with pytest.raises(Stale, match="B-7 closed by itself 5 min ago: org/web#812 is merged"):
        moved.close(TOM, NOON + timedelta(minutes=5))


@pytest.mark.parametrize("what", ["", " \n ", "x" * 3001])
def test_a_blocker_says_something_but_not_everything(what: str):
    with pytest.raises(Refusal) as refused:
        Blocker.air(what, LUIS.id, NOON)
    assert refused.value.field == "what"


def test_a_reason_that_is_too_long_is_refused():
    with pytest.raises(Refusal, match="3,001 characters"):
        BLOCKER.close(MEI, NOON, "x" * 3001)


def test_it_is_with_its_unblocker_else_with_its_owner():
    assert BLOCKER.with_id == MEI.id
    assert BLOCKER.hand_back(MEI.id, NOON).with_id == LUIS.id


def test_the_next_step_is_the_earlier_of_asking_and_raising():
    planned = BLOCKER.plan(NOON + 2 * DAY, NOON + DAY)
    assert planned.next_at == NOON + DAY
    snoozed = planned.snooze(MEI.id, NOON + 3 * DAY, NOON)
    assert snoozed.next_at == NOON + 2 * DAY
    assert snoozed.raised(TOM.id, NOON + 2 * DAY).next_at == NOON + 3 * DAY


def test_who_was_asked_late_knows_how_late():
    owed = BLOCKER.put_off(NOON + DAY, owed_at=NOON).put_off(NOON + 2 * DAY, owed_at=NOON + DAY)
    assert owed.asked(NOON + 2 * DAY, NOON + 3 * DAY).asked_late_by == 2 * DAY
    assert BLOCKER.asked(NOON + timedelta(minutes=1), NOON + DAY).asked_late_by is None


@pytest.mark.parametrize(
    "act",
    [
        lambda closed: closed.ask(TOM, LUIS, NOON + HOUR),
        lambda closed: closed.hand_back(MEI.id, NOON + HOUR),
        lambda closed: closed.snooze(MEI.id, NOON + 2 * HOUR, NOON + HOUR),
        lambda closed: closed.close_itself(NOON + HOUR, "it moved"),
    ],
    ids=("ask", "hand back", "snooze", "close itself"),
)
def test_nothing_is_done_about_a_closed_one(act: Callable[[Blocker], Blocker]):
    with pytest.raises(Stale, match="B-7 was closed by Mei 1 h ago"):
        act(BLOCKER.close(MEI, NOON))


def test_only_who_is_asked_snoozes_or_hands_back():
    with pytest.raises(Stale, match=f"You are not asked about B-7: it is with {MEI.id}"):
        BLOCKER.snooze(TOM.id, NOON + HOUR, NOON)
    back = BLOCKER.hand_back(MEI.id, NOON)
    with pytest.raises(Stale, match="it is with its owner"):
        back.hand_back(MEI.id, NOON)


@pytest.mark.parametrize(
    ("until", "words"), [(NOON, "has passed"), (NOON - HOUR, "has passed"), (NOON + 15 * DAY, "more than 14 days")]
)
def test_a_snooze_ends_soon_enough(until, words: str):
    with pytest.raises(Refusal, match=words):
        BLOCKER.snooze(MEI.id, until, NOON)


def test_who_handed_it_back_is_not_asked_again_but_can_take_it():
    back = BLOCKER.hand_back(MEI.id, NOON)
    with pytest.raises(Refusal, match="Mei handed B-7 back"):
        back.ask(MEI, LUIS, NOON)
    assert back.ask(MEI, MEI, NOON).unblocker_id == MEI.id


def test_who_has_it_is_not_asked_for_it():
    with pytest.raises(Stale, match="B-7 is with Mei already"):
        BLOCKER.ask(MEI, LUIS, NOON)


def test_a_closing_by_mistake_can_be_undone_for_a_day():
    closed = BLOCKER.close(MEI, NOON, "made it writable")
    again = closed.reopen(NOON + DAY)
    assert (again.is_open, again.how, again.age(NOON + 2 * DAY)) == (True, "", 2 * DAY)
    with pytest.raises(Stale, match=r"closed by Mei 1 day 1 h ago.* air it again"):
        closed.reopen(NOON + DAY + HOUR)
    with pytest.raises(Stale, match="B-7 is open"):
        BLOCKER.reopen(NOON)


def test_it_waits_until_the_last_of_its_links_has_moved():
    both = BLOCKER.link((PR, ALERT), (PR, ALERT))
    one = both.without(Subject("pr", "Org/Web#812"))
    assert one.waits_for == ("alert:A-9",)
    assert one.links == both.links
    assert one.without(PR) is one
    assert [str(each) for each in one.subjects] == ["blocker:B-7", "pr:org/web#812", "alert:A-9"]


def closed_after(hours: float, team: str = "web", ago: timedelta = DAY) -> Blocker:
    opened = NOON - ago - timedelta(hours=hours)
    return replace(Blocker.air("x", LUIS.id, opened, team=team).close(MEI, NOON - ago), id="B-1")


def test_times_are_of_a_team_and_of_the_last_thirty_days():
    web = [closed_after(hours) for hours in (1, 2, 6, 50)]
    old = [closed_after(500, ago=31 * DAY)]
    few = [closed_after(1, "payments") for _ in range(3)]

    assert unblock_times([*web, *old, *few, BLOCKER], NOON) == (UnblockTime("web", 4 * HOUR, 4),)
    assert unblock_times([], NOON) == ()
