"""What somebody answered in a round of a stand-up: their words, question by question, or that they pass."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from bot.core import text_limits as words
from bot.core.refusals import Refusal
from bot.stages.standup.model.questions import Asks
from bot.stages.standup.model.round import Round

NOT_A_BLOCKER = frozenset(
    {"", "-", "–", "no", "none", "nope", "nothing", "n/a", "na", "nothing today", "not blocked"}
)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said to one question; ``asks`` is what the question was good for when they said it."""

    question: str
    words: str
    asks: Asks = Asks.TELLS


@dataclass(frozen=True, slots=True, kw_only=True)
class StandupAnswer:
    """What one person said in one round, or that they pass; their words, which can be erased with the row.

    Its id is ``<round>/<user id>``, so nobody answers twice: an answer is edited instead.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = (
        *("round_id", "user_id", "round_id+skipped", "standup_id+skipped", "user_id+skipped"),
        "user_id+standup_id+skipped",
    )

    id: str
    round_id: str
    user_id: str
    at: datetime
    standup_id: str = ""
    said: tuple[Said, ...] = ()
    skipped: bool = False
    late_by: timedelta | None = None
    edited_at: datetime | None = None
    erased: bool = False  # its words, at the wish of whoever wrote them

    @classmethod
    def give(cls, round: Round, user_id: str, at: datetime, said: Mapping[str, str]) -> Self:
        """An answer, by question; late after their time. Raises ``Refusal`` where it says nothing, or too much."""
        return cls._blank(round, user_id, at, late_by=round.late_by(user_id, at))._saying(round, said)

    @classmethod
    def skip(cls, round: Round, user_id: str, at: datetime) -> Self:
        """Word that somebody passes today."""
        return cls._blank(round, user_id, at, skipped=True)

    @classmethod
    def _blank(cls, round: Round, user_id: str, at: datetime, **rest: Any) -> Self:
        id = answer_id(round.id, user_id)
        return cls(id=id, round_id=round.id, user_id=user_id, at=at, standup_id=round.standup_id, **rest)

    def to(self, question: str) -> str:
        """What they said to this question; "" where they left it out."""
        return next((one.words for one in self.said if one.question == question), "")

    @property
    def plan(self) -> str:
        """What they are about to do."""
        return next((one.words for one in self.said if one.asks is Asks.PLANS), "")

    @property
    def blocked(self) -> str:
        """What holds them up."""
        return next((one.words for one in self.said if one.asks is Asks.BLOCKS), "")

    @property
    def gist(self) -> str:
        """What a digest shows of it: the plan, else the first thing that they said, but what holds them up."""
        return self.plan or next((one.words for one in self.said if one.asks is not Asks.BLOCKS), "")

    @property
    def is_late(self) -> bool:
        """Whether it came after their time."""
        return self.late_by is not None

    @property
    def is_blocked(self) -> bool:
        """Whether it names something that holds them up."""
        return bool(self.blocked)

    def edit(self, round: Round, at: datetime, said: Mapping[str, str]) -> Self:
        """The answer in other words; the first words after a skip count as given now."""
        if self.skipped:
            return self.give(round, self.user_id, at, said)
        edited = self._saying(round, said)
        return self if edited == self else replace(edited, edited_at=at)

    def erase(self) -> Self:
        """The answer without its words: that somebody answered stays, so that counts stay true."""
        return replace(self, said=(), erased=True)

    def _saying(self, round: Round, said: Mapping[str, str]) -> Self:
        kept: list[Said] = []
        for question in round.questions:
            text = words.optional(said.get(question.id), question.id, "answer")
            nothing = question.asks is Asks.BLOCKS and text.lower().rstrip(".!") in NOT_A_BLOCKER
            if text and not nothing:
                kept.append(Said(question.id, text, question.asks))
        if not kept:
            what = "the line" if len(round.questions) == 1 else f"one of the {len(round.questions)} lines"
            first = round.questions[0].id if round.questions else None
            raise Refusal(f"The answer says nothing yet. Fill {what}, or skip today.", field=first)
        return replace(self, said=tuple(kept), erased=False)


def answer_id(round_id: str, user_id: str) -> str:
    """The id of the answer that somebody gives in a round."""
    return f"{round_id}/{user_id}"
