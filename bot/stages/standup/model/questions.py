"""What a stand-up asks: questions in a team's own words, whose ids outlive a change of the words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.refusals import Refusal

QUESTION_MAX = 150  # characters; a form's label that a phone shows whole
QUESTIONS_MAX = 10


class Asks(StrEnum):
    """What an answer to a question is good for."""

    TELLS = "tells"
    PLANS = "plans"  # the next round's form begins with it
    BLOCKS = "blocks"  # it becomes a blocker


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``id`` stays when the wording changes, and is never given to another one of the stand-up."""

    id: str
    words: str
    asks: Asks = Asks.TELLS


USUAL_QUESTIONS = (
    Question("q1", "Since last time"),
    Question("q2", "Next", Asks.PLANS),
    Question("q3", "Blocked by", Asks.BLOCKS),
)


def check(questions: Sequence[Question]) -> None:
    """Raises ``Refusal`` where these cannot be asked."""
    if not questions:
        raise Refusal("There is no question. Write at least one, each on a line of its own.", field="questions")
    if len(questions) > QUESTIONS_MAX:
        raise Refusal(
            f"That is {len(questions)} questions, and {QUESTIONS_MAX} is the most. Who is asked less answers more.",
            field="questions",
        )
    seen: set[str] = set()
    for number, question in enumerate(questions, 1):
        if not question.words.strip():
            raise Refusal(f"Question {number} is empty. Write it, or leave it out.", field="questions")
        if len(question.words) > QUESTION_MAX:
            raise Refusal(
                f"Question {number} has {len(question.words):,} characters, and {QUESTION_MAX} is the most.",
                field="questions",
            )
        if question.words.casefold() in seen:
            raise Refusal(f"“{question.words}” is asked twice. Leave one out.", field="questions")
        seen.add(question.words.casefold())
    for mark, what in ((Asks.PLANS, "plan"), (Asks.BLOCKS, "blocker")):
        if sum(question.asks is mark for question in questions) > 1:
            raise Refusal(f"Two questions are marked as the {what}. Mark one at most.", field="questions")


def questions_from(lines: str, before: Sequence[Question] = (), given: int = 0) -> tuple[Question, ...]:
    """Questions as people write them: one a line, ``[plan]`` or ``[blocker]`` after one of them.

    A question that keeps its words keeps its id, and so does one that is reworded in its place; others get a new
    one: the next after ``given``, which is how many were ever given.
    """
    marks = {"[plan]": Asks.PLANS, "[blocker]": Asks.BLOCKS}
    wanted: list[tuple[str, Asks]] = []
    for line in lines.splitlines():
        text, asks = line.strip().lstrip("•-").strip(), Asks.TELLS
        for mark, meaning in marks.items():
            if text.casefold().endswith(mark):
                text, asks = text[: -len(mark)].strip(), meaning
        if text or asks is not Asks.TELLS:
            wanted.append((" ".join(text.split()), asks))
    by_words = {question.words.casefold(): question.id for question in before}
    kept = [by_words.get(text.casefold(), "") for text, _ in wanted]
    free = [question.id for question in before if question.id not in kept]
    same_number = len(wanted) == len(before)
    found: list[Question] = []
    for place, ((text, asks), known) in enumerate(zip(wanted, kept, strict=True)):
        id = before[place].id if not known and same_number and before[place].id in free else known
        if not id:
            given += 1
        found.append(Question(id or f"q{given}", text, asks))
    return tuple(found)


def questions_shown(questions: Sequence[Question]) -> str:
    """The same questions as people write them."""
    marks = {Asks.PLANS: " [plan]", Asks.BLOCKS: " [blocker]"}
    return "\n".join(question.words + marks.get(question.asks, "") for question in questions)
