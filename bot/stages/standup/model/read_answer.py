"""An answer that somebody simply wrote: which of their lines answers which question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.stages.standup.model.questions import Question

_MARKER = re.compile(r"^\s*(?:[-•*–]|\(?\d{1,2}[.):])\s+")
PASSES = frozenset({"skip", "skip today", "pass", "pass today"})


@dataclass(frozen=True, slots=True)
class Read:
    """What each question got; ``sure`` is False where it was not clear, and all of it stands under the first."""

    said: dict[str, str]
    sure: bool


def passes(text: str) -> bool:
    """Whether somebody says that they pass."""
    return text.strip().casefold().rstrip(".!") in PASSES


def read_answer(text: str, questions: Sequence[Question]) -> Read:
    """By name ("Next: the rollout") where lines begin with a question's words, else in order, a line each.

    A single line answers the first question. Where there are neither names nor as many lines as questions, nobody
    can tell, and all of it is the answer to the first.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    named = _by_name(lines, questions)
    if named:
        return Read(named, sure=True)
    if len(lines) == len(questions):
        bare = [_MARKER.sub("", line).strip() for line in lines]
        return Read({question.id: line for question, line in zip(questions, bare, strict=True)}, sure=True)
    return Read({questions[0].id: "\n".join(lines).strip()}, sure=len(questions) == 1)


def _by_name(lines: Sequence[str], questions: Sequence[Question]) -> dict[str, str]:
    """By the names that lines begin with; nothing where the first line has none."""
    found: dict[str, list[str]] = {}
    current = ""
    for line in lines:
        bare = _MARKER.sub("", line)
        for question in questions:
            name = question.words.rstrip("?:. ")
            if name and re.match(rf"\W*{re.escape(name)}\W*[:–—-]", bare, re.IGNORECASE):
                current = question.id
                bare = re.sub(rf"^\W*{re.escape(name)}\W*?[?*_\s]*[:–—-]\s*[*_]*", "", bare, flags=re.IGNORECASE)
                break
        else:
            bare = line
        if not current:
            return {}
        found.setdefault(current, []).append(bare.strip())
    return {id: "\n".join(part for part in parts if part) for id, parts in found.items()}
