from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.refusals import Refusal, Stale
from bot.core.text_limits import first_line
from bot.stages.manage.model.feedback import Concern, Feedback, RemarkState
from tests.fakes import ANA, NOON, TOM

SAID = replace(Feedback.file("Where is the receipt?", ANA, NOON, from_whom=" a shop "), id="F-3")
WORRY = replace(Concern.file("The export is slow.", ANA, NOON), id="N-2")


def test_feedback_keeps_who_said_it():
    assert SAID.from_whom == "a shop"


@pytest.mark.parametrize("remark", [SAID, WORRY])
def test_a_remark_becomes_one_change(remark: Feedback | Concern):
    planned = remark.become("C-41", ANA, NOON)

    assert planned.state is RemarkState.PLANNED
    with pytest.raises(Stale, match=rf"{remark.id} became C-41 \(Ana, 5 min ago\)"):
        planned.become("C-42", TOM, NOON + timedelta(minutes=5))


@pytest.mark.parametrize("remark", [SAID, WORRY])
def test_a_closed_remark_is_closed(remark: Feedback | Concern):
    closed = remark.close(TOM, NOON, "solved")

    assert closed.because == "solved"
    with pytest.raises(Stale, match="was closed"):
        closed.become("C-41", ANA, NOON)


@pytest.mark.parametrize("kind", [Feedback, Concern])
@pytest.mark.parametrize("text", ["", "  ", "x" * 3001])
def test_an_empty_or_endless_text_is_refused(kind: type[Feedback | Concern], text: str):
    with pytest.raises(Refusal) as refused:
        kind.file(text, ANA, NOON)
    assert refused.value.field == "text"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n  one  line\nand another", "one line"),
        ("", ""),
        ("words that go on, and on, and on", "words that go on…"),
        ("x" * 30, "x" * 19 + "…"),
    ],
)
def test_a_first_line_ends_at_a_word(text: str, line: str):
    assert first_line(text, 20) == line
