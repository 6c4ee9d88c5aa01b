"""Whether enough other people have said yes: votes, their limits, and when asking lapses."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from bot.core.durations import rounded
from bot.core.people import Person
from bot.core.refusals import NotAllowed, Stale

DECIDES_ON = timedelta(
    minutes=5
)  # how old what Slack says of somebody may be where they decide, or a rule asks who they are


class Decision(StrEnum):
    """What somebody said when asked."""

    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's decision. ``name`` is kept beside the id so that a refusal can say who, without a look-up.

    ``sha`` is the commit that they saw when they decided; "" where none is known.
    """

    by: str
    name: str
    decision: Decision
    at: datetime
    sha: str = ""


def digest_of(vote: Vote, about: str, artifact: str = "") -> str:
    """SHA-256 over who decided what, when, about which commit and artifact, as hex; what the ledger keeps of a vote.

    The name is left out: it changes, and it is the person's.
    """
    said = [about, vote.by, str(vote.decision), vote.at.isoformat(), vote.sha, artifact]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to other people: N of them must say yes before ``expires_at``; one no ends it.

    ``asked_by`` never counts, and nobody counts twice. ``not_by`` may say no and not yes: who opened the incident for
    which it passes rules.
    """

    asked_by: str
    needed: int
    expires_at: datetime
    votes: tuple[Vote, ...] = ()
    not_by: str = ""

    @property
    def last(self) -> Vote:
        """The newest vote. Raises ``IndexError`` where nobody has decided."""
        return self.votes[-1]

    @property
    def approvals(self) -> tuple[Vote, ...]:
        """The votes that said yes, in order."""
        return tuple(vote for vote in self.votes if vote.decision is Decision.APPROVE)

    @property
    def missing(self) -> int:
        """How many more people must say yes."""
        return max(0, self.needed - len(self.approvals))

    @property
    def is_given(self) -> bool:
        """Whether enough people said yes and nobody said no."""
        return not self.missing and self.refusal is None

    @property
    def refusal(self) -> Vote | None:
        """The vote that said no, if there is one."""
        return next((vote for vote in self.votes if vote.decision is Decision.REFUSE), None)

    def by_those_gone(self, here: Collection[str]) -> tuple[Vote, ...]:
        """The votes of whoever is not here any more; none where ``here`` is empty, as nobody could be asked who is."""
        return tuple(vote for vote in self.votes if here and vote.by not in here)

    def without_votes(self) -> Self:
        """As if nobody had decided yet: what they decided about is something else now."""
        return replace(self, votes=())

    def without(self, people: Collection[str]) -> Self:
        """As if these had not decided."""
        return replace(self, votes=tuple(vote for vote in self.votes if vote.by not in people))

    def has_lapsed(self, at: datetime) -> bool:
        """Whether it is too late to decide."""
        return at >= self.expires_at

    def decide(self, decision: Decision, by: Person, at: datetime, what: str, sha: str = "") -> Self:
        """The approval with one more vote; ``what`` names the thing in refusals.

        Raises:
            NotAllowed: the asker decides about their own request, or somebody votes twice.
            Stale: the question has been answered, or has lapsed.
        """
        if self.refusal is not None:
            raise Stale(f"{what} was refused by {self.refusal.name} {rounded(at - self.refusal.at)} ago.")
        if not self.missing:
            raise Stale(f"{what} has all its approvals.")
        if self.has_lapsed(at):
            raise Stale(f"{what} lapsed {rounded(at - self.expires_at)} ago without a decision. Ask for it again.")
        if by.id == self.asked_by:
            raise NotAllowed(
                f"You asked for {what}, so somebody else has to decide. "
                "Ask a colleague to press the button, or cancel the request."
            )
        if decision is Decision.APPROVE and by.id == self.not_by:
            raise NotAllowed(
                f"You opened the incident for which {what} passes what holds others, so somebody else has to approve "
                "it. Ask a colleague to press the button, or refuse it."
            )
        if any(vote.by == by.id for vote in self.votes):
            raise NotAllowed(
                f"You have approved {what} already; one person counts once. "
                f"It needs {self.missing} more from somebody else."
            )
        return replace(self, votes=(*self.votes, Vote(by.id, by.name, decision, at, sha)))
