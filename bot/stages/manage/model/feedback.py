"""What people say about what is live, feedback from outside and concerns from inside, and what came of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self, TypeAlias

from bot.core import text_limits
from bot.core.durations import rounded
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.refusals import Stale


class RemarkState(StrEnum):
    """What has come of it."""

    OPEN = "open"
    PLANNED = "planned"  # it became a change
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remark:
    """What both kinds have in common. ``text`` is somebody's words, and can be erased with the row."""

    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "change_id", "filed_by", "service+state")

    text: str
    filed_by: str
    filed_at: datetime
    service: str | None = None
    change_id: str | None = None
    channel: str = ""  # where its card is, whatever the team file says later
    state: RemarkState = RemarkState.OPEN
    ended_at: datetime | None = None
    ended_by_name: str = ""
    because: str = ""
    id: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nothing has come of it yet."""
        return self.state is RemarkState.OPEN

    def become(self, change_id: str, by: Person, at: datetime) -> Self:
        """The remark, answered by a change. Raises ``Stale`` where something came of it before."""
        self.must_be_open(at)
        return replace(self, state=RemarkState.PLANNED, change_id=change_id, ended_at=at, ended_by_name=by.name)

    def close(self, by: Person, at: datetime, because: str | None = None) -> Self:
        """The remark, with nothing more to do. Raises ``Stale`` where something came of it before."""
        self.must_be_open(at)
        return replace(
            self,
            state=RemarkState.CLOSED,
            ended_at=at,
            ended_by_name=by.name,
            because=text_limits.optional(because, "reason", "reason"),
        )

    def must_be_open(self, at: datetime) -> None:
        """Raises ``Stale``, saying what came of it, where it is not open."""
        if self.ended_at is None:
            return
        who = f"({self.ended_by_name}, {rounded(at - self.ended_at)} ago)"
        if self.change_id:
            raise Stale(f"{self.id} became {self.change_id} {who}. “/plan show {self.change_id}” says where it is.")
        raise Stale(f"{self.id} was closed {who}. File it anew if there is more to say.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(_Remark):
    """What somebody thinks of what we made; ``from_whom`` is who said so, in the filer's words."""

    PREFIX: ClassVar[str] = "F"

    from_whom: str = ""

    @classmethod
    def file(
        cls,
        text: str,
        by: Person,
        at: datetime,
        *,
        service: str | None = None,
        from_whom: str | None = None,
        channel: str = "",
    ) -> Self:
        """New feedback. Raises ``Refusal`` where a text is empty or too long."""
        return cls(
            text=text_limits.required(text, "text", "feedback"),
            filed_by=by.id,
            filed_at=at,
            service=service,
            from_whom=text_limits.line(from_whom, "whom", "name") if from_whom and from_whom.strip() else "",
            channel=channel,
        )

    @property
    def subject(self) -> Subject:
        """How the ledger names it."""
        return Subject("feedback", self.id)

    @property
    def noun(self) -> str:
        """What a sentence calls it."""
        return "feedback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern(_Remark):
    """What worries one of us about what runs, before it is an incident."""

    PREFIX: ClassVar[str] = "N"

    @classmethod
    def file(cls, text: str, by: Person, at: datetime, *, service: str | None = None, channel: str = "") -> Self:
        """A new concern. Raises ``Refusal`` where the text is empty or too long."""
        return cls(
            text=text_limits.required(text, "text", "concern"),
            filed_by=by.id,
            filed_at=at,
            service=service,
            channel=channel,
        )

    @property
    def subject(self) -> Subject:
        """How the ledger names it."""
        return Subject("concern", self.id)

    @property
    def noun(self) -> str:
        """What a sentence calls it."""
        return "concern"


Remark: TypeAlias = Feedback | Concern
