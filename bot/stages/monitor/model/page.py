"""Pages: somebody calls whoever is on call, and knows whether they were heard."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from bot.core import text_limits
from bot.core.durations import rounded
from bot.core.people import Person
from bot.core.refusals import Stale


class PageState(StrEnum):
    """Whether somebody answered."""

    CALLING = "calling"
    ANSWERED = "answered"
    UNHEARD = "unheard"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One call for help. ``team`` is the rotation that it went to."""

    PREFIX: ClassVar[str] = "P"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "team")

    team: str
    text: str
    by: str
    by_name: str
    at: datetime
    channel: str
    id: str = ""
    state: PageState = PageState.CALLING
    called: tuple[str, ...] = ()
    answered_by: str = ""
    ended_at: datetime | None = None

    @classmethod
    def call(cls, team: str, text: str, by: Person, at: datetime, channel: str) -> Self:
        """A new one. Raises ``Refusal`` where nothing is said."""
        said = text_limits.required(text, "words", "message")
        return cls(team=team, text=said, by=by.id, by_name=by.name, at=at, channel=channel)

    def answer(self, by: Person, at: datetime) -> Self:
        """Somebody is on it. Raises ``Stale`` where somebody was before."""
        self._must_call(at)
        return replace(self, state=PageState.ANSWERED, answered_by=by.id, ended_at=at)

    def take_back(self, by: Person, at: datetime) -> Self:
        """Not needed any more. Raises ``Stale``."""
        self._must_call(at)
        return replace(self, state=PageState.TAKEN_BACK, answered_by=by.id, ended_at=at)

    def calls(self, who: str) -> Self:
        """With one more who was called."""
        return self if who in self.called else replace(self, called=(*self.called, who))

    def unheard(self, at: datetime) -> Self:
        """Everybody was called and nobody answered; somebody still may."""
        return replace(self, state=PageState.UNHEARD, ended_at=at)

    def _must_call(self, at: datetime) -> None:
        if self.state in (PageState.CALLING, PageState.UNHEARD):
            return
        ago = rounded(at - self.ended_at) if self.ended_at else "a moment"
        if self.state is PageState.ANSWERED:
            raise Stale(f"<@{self.answered_by}> answered {self.id} {ago} ago.")
        raise Stale(f"{self.id} was taken back {ago} ago.")
