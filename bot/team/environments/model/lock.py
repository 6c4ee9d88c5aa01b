"""Who keeps an environment still, why, and until when."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core.durations import rounded
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale

DEFAULT_LENGTH = timedelta(hours=4)
LONGEST = timedelta(days=31)
ASK_BEFORE = timedelta(minutes=15)
EXTENSION = timedelta(hours=1)


class LockState(StrEnum):
    """Whether a lock still holds, and if not, how it ended."""

    HELD = "held"
    RELEASED = "released"
    EXPIRED = "expired"


class LockKind(StrEnum):
    """Whom it keeps out: everybody but its owner, or everybody who has no second person for an override."""

    LOCK = "lock"
    FREEZE = "freeze"


class Locked(Refusal):
    """Somebody else's lock stands in the way; the sentence says whose, why, until when, and what to do."""

    def __init__(self, lock: "Lock", at: datetime, more: str = "") -> None:
        because = f": “{lock.reason}”" if lock.reason else ""
        unlock = f"/deploy unlock {lock.environment}" + (f" for {lock.service}" if lock.service else "")
        super().__init__(
            f"{lock.what} is locked by {lock.by_name} for {rounded(lock.until - at)} more{because}. "
            f'Ask {lock.by_name}, wait for its end, or take the lock off with "{unlock}" ({lock.by_name} is told); '
            f'"{unlock.replace("unlock", "steal")} because …" makes it yours.{f" {more}" if more else ""}'
        )
        self.lock = lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One environment (or one service in it) that only its owner may deploy to. It always ends by itself."""

    PREFIX: ClassVar[str] = "L"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("service", "state", "environment+state")

    environment: str
    by: str
    by_name: str
    at: datetime
    until: datetime
    service: str | None = None
    reason: str = ""
    id: str = ""
    state: LockState = LockState.HELD
    kind: LockKind = LockKind.LOCK
    stolen_from: str = ""  # name of whoever had the lock before
    ended_at: datetime | None = None
    ended_by: str = ""

    @classmethod
    def place(
        cls,
        environment: str,
        by: Person,
        at: datetime,
        *,
        service: str | None = None,
        until: datetime | None = None,
        reason: str = "",
        kind: LockKind = LockKind.LOCK,
        stolen_from: str = "",
    ) -> Self:
        """A new one, for four hours where no end is named.

        Raises ``Refusal`` where it would end in the past or last longer than a month.
        """
        end = until or at + DEFAULT_LENGTH
        if end <= at:
            raise Refusal(
                f"A {kind} has to end in the future. Say until when, such as “until 17:00”.", field="until"
            )
        if end - at > LONGEST:
            raise Refusal(
                f"A {kind} lasts a month at most, so that nobody forgets it. Name an earlier end.", field="until"
            )
        return cls(
            environment=environment,
            by=by.id,
            by_name=by.name,
            at=at,
            until=end,
            service=service,
            reason=reason.strip(),
            kind=kind,
            stolen_from=stolen_from,
        )

    @property
    def what(self) -> str:
        """ "production", or "web in production"."""
        return f"{self.service} in {self.environment}" if self.service else self.environment

    def holds(self, at: datetime) -> bool:
        """Whether it keeps anybody out at this instant."""
        return self.state is LockState.HELD and at < self.until

    def stops(self, service: str, people: Collection[str], at: datetime) -> bool:
        """Whether it keeps this service still, as its owner is none of the people who want it deployed."""
        is_lock = self.kind is LockKind.LOCK
        return is_lock and self.holds(at) and self.service in (None, service) and self.by not in people

    def freezes(self, service: str, at: datetime) -> bool:
        """Whether it keeps this service still for everybody."""
        return self.kind is LockKind.FREEZE and self.holds(at) and self.service in (None, service)

    @property
    def is_freeze(self) -> bool:
        """Whether even its owner needs an override."""
        return self.kind is LockKind.FREEZE

    def ask_at(self) -> datetime:
        """When its owner is asked whether it may end: a quarter of an hour before, or at half of a short one."""
        return max(self.until - ASK_BEFORE, self.at + (self.until - self.at) / 2)

    def extend(self, by: timedelta, at: datetime) -> Self:
        """Held for so much longer. Raises ``Stale`` where it has ended, ``Refusal`` where it would hold too long."""
        if not self.holds(at):
            raise Stale(f"The {self.kind} on {self.what} has ended already. Place it anew if it is still needed.")
        if self.until + by - at > LONGEST:
            raise Refusal(f"A {self.kind} holds for {LONGEST.days} days at most.", field="until")
        return replace(self, until=self.until + by)

    def release(self, by: str, at: datetime) -> Self:
        """The lock, taken off. Raises ``Stale`` where it has ended already."""
        if not self.holds(at):
            raise Stale(f"The lock on {self.what} has ended already. Nothing is in your way.")
        return replace(self, state=LockState.RELEASED, ended_at=at, ended_by=by)

    def expire(self, at: datetime) -> Self:
        """The lock at its end. Raises ``Stale`` where somebody took it off, or moved its end, before."""
        if self.state is not LockState.HELD or at < self.until:
            raise Stale(f"The lock on {self.what} does not end now.")
        return replace(self, state=LockState.EXPIRED, ended_at=at)
