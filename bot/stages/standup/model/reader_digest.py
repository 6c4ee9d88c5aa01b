"""A digest for one reader: at their own hour, what is new since their last one, and nothing where nothing is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import ClassVar, Self

from bot.core.wall_clock import Schedule, Works
from bot.stages.code.model.blocker import Blocker
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.setup import Standup

EVERY_DAY = tuple(range(7))  # on which somebody works at all is theirs to say
SETTLES = timedelta(seconds=10)  # what is younger may stand beside something that is not committed yet
FIRST_LOOK = timedelta(days=1)  # back, for whoever had none before
LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderDigest:
    """Somebody wants a digest of a stand-up at an hour of their own. Its id is ``<stand-up>/<user id>``.

    Attributes:
        at: the time of day in their own zone.
        seen_until: up to when they were told what is new, UTC.
        turn: goes up with every digest that is owed, so that one that was moved is not done twice.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("standup_id", "user_id")

    id: str
    standup_id: str
    user_id: str
    at: time
    seen_until: datetime
    turn: int = 0

    @classmethod
    def ask_for(cls, standup: Standup, user_id: str, at: time, now: datetime) -> Self:
        """A digest from now on."""
        return cls(
            id=digest_id(standup.id, user_id),
            standup_id=standup.id,
            user_id=user_id,
            at=at,
            seen_until=now - SETTLES,
        )

    def move(self, at: time) -> Self:
        """At another time of day."""
        return replace(self, at=at)

    def tell(self, until: datetime) -> Self:
        """They know what happened until then."""
        return replace(self, seen_until=until)

    def onward(self) -> Self:
        """With the next one owed."""
        return replace(self, turn=self.turn + 1)

    def next_at(self, now: datetime, zone: str, works: Works) -> datetime | None:
        """When the next one is due: at their time, on the next day on which they work, UTC."""
        coming = Schedule(EVERY_DAY, self.at).following(now, zone, works)
        return next((at for _, at in coming), None)


@dataclass(frozen=True, slots=True)
class News:
    """What is new for somebody: what others answered, blockers, ships, alerts that still fire."""

    standup: Standup
    since: datetime
    until: datetime
    answers: Sequence[StandupAnswer]
    blockers: Sequence[Blocker]
    unblocked: Sequence[Blocker]
    ships: Sequence[Deployment]
    alerts: Sequence[AlertGroup]

    @property
    def count(self) -> int:
        """How many things that is."""
        kinds = (self.answers, self.blockers, self.unblocked, self.ships, self.alerts)
        return sum(len(kind) for kind in kinds)


def digest_id(standup_id: str, user_id: str) -> str:
    """The id of somebody's digest of a stand-up."""
    return f"{standup_id}/{user_id}"
