from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.refusals import Refusal, Stale
from bot.stages.code.model.idea import Idea, ranked
from tests.fakes import ANA, LUIS, MEI, NOON, TOM

SECOND = timedelta(seconds=1)
IDEA = replace(Idea.share("Cache the price list\nfor a minute", ANA, NOON), id="I-3")


def test_everybody_has_one_vote_and_can_take_it_back():
    voted = IDEA.toggle(TOM.id, NOON).toggle(MEI.id, NOON)
    assert len(voted.votes) == 2

    back = voted.toggle(TOM.id, NOON + 5 * SECOND)
    assert (len(back.votes), back.has_vote_of(TOM.id), back.has_vote_of(MEI.id)) == (1, False, True)


def test_a_double_click_is_one_vote():
    voted = IDEA.toggle(TOM.id, NOON)
    assert voted.toggle(TOM.id, NOON + SECOND) is voted


@pytest.mark.parametrize("text", ["", "  \n", "x" * 3001])
def test_an_idea_says_something_but_not_everything(text: str):
    with pytest.raises(Refusal) as refused:
        Idea.share(text, ANA, NOON)
    assert refused.value.field == "text"


def test_what_became_of_it_is_final():
    planned = IDEA.become("C-4", LUIS, NOON)
    for act in (lambda: planned.toggle(TOM.id, NOON), lambda: planned.close(TOM, NOON, "no")):
        with pytest.raises(Stale, match="I-3 became C-4"):
            act()
    closed = IDEA.close(LUIS, NOON, "too dear")
    with pytest.raises(Stale, match="I-3 was closed by Luis 1 min ago: “too dear”"):
        closed.become("C-4", TOM, NOON + 60 * SECOND)


def test_it_is_closed_with_a_reason():
    with pytest.raises(Refusal, match="Say why"):
        IDEA.close(LUIS, NOON, " ")


def test_most_votes_come_first_and_among_equals_the_oldest():
    old = replace(IDEA, id="I-1", shared_at=NOON - 60 * SECOND)
    liked = replace(IDEA.toggle(TOM.id, NOON), id="I-9")
    assert [idea.id for idea in ranked([IDEA, liked, old])] == ["I-9", "I-1", "I-3"]


def test_its_title_is_its_first_line():
    assert IDEA.title == "Cache the price list"
