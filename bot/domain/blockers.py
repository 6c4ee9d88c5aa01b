"""A blocker: what keeps somebody from going on, and who can change that."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.domain import words
from bot.domain.ledger import Subject
from bot.domain.people import Person
from bot.domain.refusals import Stale
from bot.domain.spans import rounded


class BlockerState(StrEnum):
    """Whether somebody is still held up."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """What holds ``owner_id`` up.

    Attributes:
        unblocker_id: who can change that, if anybody is known.
        change_id: the change that it holds up.
        answer_id: the stand-up answer that aired it.
        channel: where its card is, whatever the team file says later.
        how: what made an end of it.
    """

    PREFIX: ClassVar[str] = "B"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "owner_id", "unblocker_id", "change_id", "answer_id")

    what: str
    owner_id: str
    opened_at: datetime
    unblocker_id: str | None = None
    change_id: str | None = None
    answer_id: str | None = None
    channel: str = ""
    state: BlockerState = BlockerState.OPEN
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_by_name: str = ""
    how: str = ""
    id: str = ""

    @classmethod
    def air(
        cls,
        what: str,
        owner_id: str,
        at: datetime,
        *,
        unblocker_id: str | None = None,
        change_id: str | None = None,
        answer_id: str | None = None,
        channel: str = "",
    ) -> Self:
        """A new blocker. Raises ``Refusal`` where the text is empty or too long."""
        return cls(
            what=words.required(what, "what", "blocker"),
            owner_id=owner_id,
            opened_at=at,
            unblocker_id=unblocker_id,
            change_id=change_id,
            answer_id=answer_id,
            channel=channel,
        )

    @property
    def is_open(self) -> bool:
        """Whether it still holds somebody up."""
        return self.state is BlockerState.OPEN

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """How the ledger names it, and the change that it holds up."""
        own = Subject("blocker", self.id)
        return (own, Subject("change", self.change_id)) if self.change_id else (own,)

    def age(self, at: datetime) -> timedelta:
        """How long it has held, or had held at its end."""
        return (self.closed_at or at) - self.opened_at

    def reword(self, what: str, unblocker_id: str | None, change_id: str | None) -> Self:
        """The blocker in other words."""
        return replace(
            self,
            what=words.required(what, "what", "blocker"),
            unblocker_id=unblocker_id,
            change_id=change_id,
        )

    def close(self, by: Person, at: datetime, how: str | None = None) -> Self:
        """The blocker, out of the way. Raises ``Stale`` where it was closed before."""
        if self.closed_at is not None:
            how_then = f": “{words.first_line(self.how, 80)}”" if self.how else ""
            raise Stale(
                f"{self.id} was closed by {self.closed_by_name} {rounded(at - self.closed_at)} ago{how_then}. "
                "If it is back, air it again with “/code blocker”."
            )
        return replace(
            self,
            state=BlockerState.CLOSED,
            closed_at=at,
            closed_by=by.id,
            closed_by_name=by.name,
            how=words.optional(how, "how", "reason"),
        )
