import pytest

from bot.stages.standup.model.questions import USUAL_QUESTIONS, Question
from bot.stages.standup.model.read_answer import passes, read_answer

ONE = (Question("q7", "What now?"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shipped it\nrollout\nnothing", {"q1": "shipped it", "q2": "rollout", "q3": "nothing"}),
        ("1. shipped it\n2) rollout\n3: red tests", {"q1": "shipped it", "q2": "rollout", "q3": "red tests"}),
        ("- shipped it\n\n• rollout\n\n* red tests", {"q1": "shipped it", "q2": "rollout", "q3": "red tests"}),
        (
            "Next: rollout\nblocked by: red tests\nand slow ones",
            {"q2": "rollout", "q3": "red tests\nand slow ones"},
        ),
        ("*Since last time*: a\n*Next*: b", {"q1": "a", "q2": "b"}),
        ("just the rollout", {"q1": "just the rollout"}),
        ("a\nb", {"q1": "a\nb"}),
        ("a\nb\nc\nd", {"q1": "a\nb\nc\nd"}),
        ("nextdoor: x\nb\nc", {"q1": "nextdoor: x", "q2": "b", "q3": "c"}),
    ],
)
def test_lines_answer_the_questions_in_order_or_by_name(text, said):
    assert read_answer(text, USUAL_QUESTIONS).said == said


@pytest.mark.parametrize(("text", "sure"), [("a\nb\nc", True), ("Next: a", True), ("a\nb", False), ("a", False)])
def test_what_cannot_be_told_apart_is_said_so(text, sure):
    assert read_answer(text, USUAL_QUESTIONS).sure is sure


def test_everything_answers_the_only_question():
    read = read_answer("a\nb", ONE)
    assert (read.said, read.sure) == ({"q7": "a\nb"}, True)


@pytest.mark.parametrize("text", ["skip", " Skip today. ", "PASS"])
def test_passing_is_a_word_of_its_own(text):
    assert passes(text)
    assert not passes(f"{text} the tests")
