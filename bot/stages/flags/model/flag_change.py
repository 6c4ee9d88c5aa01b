"""A change of who gets a flag in one environment: asked for, approved, in force, and gone again."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core import text_limits
from bot.core.approvals import Approval, Decision
from bot.core.durations import rounded
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.core.team import Environment
from bot.stages.flags.model.flag import Place, Serving

LONGEST = timedelta(days=90)  # of a change that goes back by itself; longer is no longer temporary


class ChangeState(StrEnum):
    """Where a change stands. ``OVERTAKEN``: another one came into force before it was decided."""

    WAITING = "waiting"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    OVERTAKEN = "overtaken"
    TAKEN_BACK = "taken_back"


_ENDED_AS = {
    ChangeState.IN_FORCE: "is in force",
    ChangeState.EXPIRED: "lapsed without a decision",
    ChangeState.CANCELLED: "was cancelled",
    ChangeState.OVERTAKEN: "was overtaken by another change",
    ChangeState.TAKEN_BACK: "was taken back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagChange:
    """One change of one flag in one environment.

    Attributes:
        before: who got it when this was asked for, or came into force.
        falls_back_to: what taking it back brings; not the same where ``before`` was temporary itself.
        overrides: the freeze that those who approve let it pass, the one that began at ``overrides_since``.
        lasts: how long it is to be in force, from then on; ``until`` is when it ends, once that is known.
    """

    PREFIX: ClassVar[str] = "G"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "flag+state", "environment+state", "flag+environment+state")

    flag: str
    environment: str
    service: str | None
    wanted: Serving
    before: Serving
    falls_back_to: Serving
    asked_by: str
    asked_name: str
    asked_at: datetime
    approval: Approval
    id: str = ""
    state: ChangeState = ChangeState.WAITING
    because: str = ""
    overrides: str = ""
    overrides_since: datetime | None = None
    lasts: timedelta | None = None
    until: datetime | None = None
    came_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_name: str = ""

    @classmethod
    def ask(
        cls,
        flag: str,
        environment: Environment,
        wanted: Serving,
        now_there: Place | None,
        by: Person,
        at: datetime,
        *,
        service: str | None = None,
        because: str | None = None,
        overrides: str = "",
        overrides_since: datetime | None = None,
        lasts: timedelta | None = None,
        until: datetime | None = None,
    ) -> Self:
        """A new request. Turning a flag off waits for nobody: what hurts must stop at once. What passes a freeze needs
        one other person at least.

        Raises ``Stale`` where it is so already, ``Refusal`` where it would last for no time, or for too long.
        """
        before, lasting = (now_there.serving, now_there.lasting) if now_there else (Serving(), Serving())
        if wanted == before and (now_there is None or now_there.until is None) and lasts is None and until is None:
            raise Stale(f"{flag} is {before} in {environment.name} already.")
        end = until or (at + lasts if lasts else None)
        if end is not None and not at < end <= at + LONGEST:
            raise Refusal(
                f"A change that goes back by itself lasts {LONGEST.days} days at most, and ends in the future.",
                field="end" if until else "audience",
            )
        expires_at = at + environment.expires_after
        needed = 0 if wanted.is_off else max(environment.approvals, 1 if overrides else 0)
        return cls(
            flag=flag,
            environment=environment.name,
            service=service,
            wanted=wanted,
            before=before,
            falls_back_to=lasting,
            asked_by=by.id,
            asked_name=by.name,
            asked_at=at,
            approval=Approval(by.id, needed, min(expires_at, until or expires_at)),
            because=text_limits.optional(because, "because", "reason"),
            overrides=overrides,
            overrides_since=overrides_since,
            lasts=lasts,
            until=until,
        )

    @property
    def what(self) -> str:
        """ "checkout_v2 to 10 % in production"."""
        return f"{self.flag} to {self.wanted} in {self.environment}"

    def decide(self, decision: Decision, by: Person, at: datetime) -> Self:
        """With one more vote; refused at the first no. Raises ``Stale``, ``NotAllowed``."""
        self._must_be(ChangeState.WAITING, at)
        decided = replace(self, approval=self.approval.decide(decision, by, at, self.what))
        if decision is Decision.REFUSE:
            return replace(decided, state=ChangeState.REFUSED, ended_at=at, ended_by=by.id, ended_name=by.name)
        return decided

    def without(self, people: Collection[str], at: datetime) -> Self:
        """Without the votes of these, who are not here any more."""
        self._must_be(ChangeState.WAITING, at)
        return replace(self, approval=self.approval.without(people))

    def come(self, at: datetime) -> Self:
        """In force. Raises ``Stale`` where it has ended, or lacks a yes."""
        self._must_be(ChangeState.WAITING, at)
        if not self.approval.is_given:
            raise Stale(f"{self.what} waits for {self.approval.missing} more approval(s).")
        until = self.until or (at + self.lasts if self.lasts else None)
        return replace(self, state=ChangeState.IN_FORCE, came_at=at, until=until)

    def place(self) -> Place:
        """How the flag stands where this is in force."""
        back = self.falls_back_to if self.until else None
        return Place(self.wanted, self.came_at or self.asked_at, self.id, self.until, back)

    def take_back(self, by: str, name: str, at: datetime) -> Self:
        """No longer in force: a person took it back, or (``by`` is "") its time is over."""
        self._must_be(ChangeState.IN_FORCE, at)
        return replace(self, state=ChangeState.TAKEN_BACK, ended_at=at, ended_by=by, ended_name=name)

    def cancel(self, by: Person, at: datetime) -> Self:
        """Cancelled before its decision."""
        self._must_be(ChangeState.WAITING, at)
        return replace(self, state=ChangeState.CANCELLED, ended_at=at, ended_by=by.id, ended_name=by.name)

    def expire(self, at: datetime) -> Self:
        """Lapsed, as nobody decided."""
        self._must_be(ChangeState.WAITING, at)
        return replace(self, state=ChangeState.EXPIRED, ended_at=at)

    def overtake(self, at: datetime) -> Self:
        """Over, since what it would have changed is no longer so."""
        self._must_be(ChangeState.WAITING, at)
        return replace(self, state=ChangeState.OVERTAKEN, ended_at=at)

    def standing(self, at: datetime) -> str:
        """Where it stands, as a sentence."""
        if self.state is ChangeState.WAITING:
            return f"{self.what} waits for {self.approval.missing} more approval(s)."
        if self.state is ChangeState.REFUSED and (vote := self.approval.refusal):
            return f"{self.what} was refused by {vote.name} {rounded(at - vote.at)} ago."
        ended = self.ended_at or self.came_at
        ago = f" since {rounded(at - ended)}" if self.state is ChangeState.IN_FORCE and ended else ""
        ago = f" {rounded(at - ended)} ago" if ended and not ago else ago
        return f"{self.what} {_ENDED_AS.get(self.state, str(self.state))}{ago}."

    def _must_be(self, state: ChangeState, at: datetime) -> None:
        if self.state is not state:
            raise Stale(f"{self.standing(at)} Its card in the release channel shows it as it is.")
