from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.blockers import Blocker
from bot.domain.refusals import Refusal, Stale
from tests.fakes import LUIS, MEI, NOON, TOM

BLOCKER = replace(Blocker.air("staging is read-only", LUIS.id, NOON, unblocker_id=MEI.id), id="B-7")


def test_a_blocker_is_as_old_as_it_has_held():
    assert BLOCKER.age(NOON + timedelta(hours=3)) == timedelta(hours=3)

    closed = BLOCKER.close(MEI, NOON + timedelta(hours=1))
    assert closed.age(NOON + timedelta(days=9)) == timedelta(hours=1)


def test_a_second_closing_learns_who_was_first_and_how():
    closed = BLOCKER.close(MEI, NOON, "made it writable")

    with pytest.raises(Stale, match="B-7 was closed by Mei 5 min ago: “made it writable”"):
        closed.close(TOM, NOON + timedelta(minutes=5))


@pytest.mark.parametrize("what", ["", " \n ", "x" * 3001])
def test_a_blocker_says_something_but_not_everything(what: str):
    with pytest.raises(Refusal) as refused:
        Blocker.air(what, LUIS.id, NOON)
    assert refused.value.field == "what"


def test_a_reason_that_is_too_long_is_refused():
    with pytest.raises(Refusal, match="3,001 characters"):
        BLOCKER.close(MEI, NOON, "x" * 3001)
