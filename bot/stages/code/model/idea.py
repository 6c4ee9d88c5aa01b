"""An idea: what somebody would do, how many find it good, and what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core import text_limits
from bot.core.durations import rounded
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale

DOUBLE_CLICK = timedelta(seconds=2)


class IdeaState(StrEnum):
    """What has become of it."""

    OPEN = "open"
    PLANNED = "planned"  # it became a change
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Vote:
    """Somebody finds it good, since then."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """What somebody would do. ``text`` is their words, and can be erased with the row.

    ``votes`` are kept with whose they are, so that everybody has one; only their number is ever shown.
    """

    PREFIX: ClassVar[str] = "I"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "author_id", "change_id")

    text: str
    author_id: str
    shared_at: datetime
    channel: str = ""  # where its card is, whatever the team file says later
    votes: tuple[Vote, ...] = ()
    state: IdeaState = IdeaState.OPEN
    change_id: str | None = None
    ended_at: datetime | None = None
    ended_by_name: str = ""
    because: str = ""
    id: str = ""

    @classmethod
    def share(cls, text: str, by: Person, at: datetime, *, channel: str = "") -> Self:
        """A new idea without votes. Raises ``Refusal`` where the text is empty or too long."""
        return cls(text=text_limits.required(text, "text", "idea"), author_id=by.id, shared_at=at, channel=channel)

    @property
    def is_open(self) -> bool:
        """Whether nothing has become of it yet."""
        return self.state is IdeaState.OPEN

    @property
    def subject(self) -> Subject:
        """How the ledger names it."""
        return Subject("idea", self.id)

    @property
    def title(self) -> str:
        """Its first line, as short as a title."""
        return text_limits.first_line(self.text)

    def has_vote_of(self, user_id: str) -> bool:
        """Whether somebody finds it good."""
        return any(vote.by == user_id for vote in self.votes)

    def toggle(self, user_id: str, at: datetime) -> Self:
        """With their vote, or without it where they had given it; the second of a double click changes nothing.

        Raises ``Stale`` where something became of it.
        """
        self.must_be_open(at)
        given = next((vote for vote in self.votes if vote.by == user_id), None)
        if given is None:
            return replace(self, votes=(*self.votes, Vote(user_id, at)))
        if at - given.at < DOUBLE_CLICK:
            return self
        return replace(self, votes=tuple(vote for vote in self.votes if vote is not given))

    def become(self, change_id: str, by: Person, at: datetime) -> Self:
        """The idea, now a change. Raises ``Stale`` where something became of it before."""
        self.must_be_open(at)
        return replace(self, state=IdeaState.PLANNED, change_id=change_id, ended_at=at, ended_by_name=by.name)

    def close(self, by: Person, at: datetime, because: str) -> Self:
        """The idea, given up. Raises ``Stale`` where something became of it, ``Refusal`` without a reason."""
        self.must_be_open(at)
        if not because.strip():
            raise Refusal("Say why, so that nobody has the idea again in vain.", field="reason")
        reason = text_limits.required(because, "reason", "reason")
        return replace(self, state=IdeaState.CLOSED, ended_at=at, ended_by_name=by.name, because=reason)

    def must_be_open(self, at: datetime) -> None:
        """Raises ``Stale`` where something became of it."""
        if self.ended_at is None:
            return
        ago = f"{rounded(at - self.ended_at)} ago"
        if self.state is IdeaState.PLANNED:
            raise Stale(f"{self.id} became {self.change_id} ({self.ended_by_name}, {ago}). Go on with that one.")
        raise Stale(
            f"{self.id} was closed by {self.ended_by_name} {ago}: “{text_limits.first_line(self.because, 80)}”. "
            "Share it anew with “/code idea” if things are different now."
        )


def ranked(ideas: list[Idea]) -> list[Idea]:
    """The ones that most find good come first, among equals the oldest."""
    return sorted(ideas, key=lambda idea: (-len(idea.votes), idea.shared_at))
