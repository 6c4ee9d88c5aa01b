"""Silences: what is kept quiet, by whom, why, until when, and whether Alertmanager has it as well."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core import text_limits
from bot.core.durations import rounded
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.stages.monitor.model.matchers import Matcher, all_fit

LONGEST = timedelta(days=30)
NOTICE = timedelta(minutes=15)  # before its end its owner is asked whether it may end
MORE = timedelta(hours=1)  # what "Extend" adds


class SilenceState(StrEnum):
    """Whether it still keeps anything quiet, and if not, how it ended."""

    ACTIVE = "active"
    LIFTED = "lifted"
    EXPIRED = "expired"


class Kept(StrEnum):
    """Where a silence is kept."""

    HERE = "here"  # no Alertmanager is configured
    WRITING = "writing"  # Alertmanager is to have it; it has not said yes
    THERE = "there"
    UNREACHABLE = "unreachable"  # Alertmanager is to have it and cannot be reached; we keep it meanwhile
    REJECTED = "rejected"  # Alertmanager will not have it; we keep it


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Alerts with these labels are kept quiet until then.

    ``remote_id`` is Alertmanager's name for it; ``revision`` counts what Alertmanager has to be told of.
    """

    PREFIX: ClassVar[str] = "Q"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "by")

    matchers: tuple[Matcher, ...]
    by: str
    by_name: str
    at: datetime
    until: datetime
    because: str = ""
    group_id: str = ""  # the alert that it was asked for on
    id: str = ""
    state: SilenceState = SilenceState.ACTIVE
    kept: Kept = Kept.HERE
    remote_id: str = ""
    trouble: str = ""
    revision: int = 1
    ended_at: datetime | None = None
    ended_by: str = ""
    goes_on_by_itself: bool = False  # its owner has said that it may end

    @classmethod
    def place(
        cls,
        matchers: tuple[Matcher, ...],
        by: Person,
        at: datetime,
        until: datetime,
        because: str = "",
        *,
        group_id: str = "",
        is_remote: bool = False,
    ) -> Self:
        """A new one. Raises ``Refusal`` where it would end in the past, last too long, or mute everything."""
        if all(one.fits({}) for one in matchers):
            raise Refusal(
                'That would mute every alert there is. Name at least one label, such as alertname="DiskFull".',
                field="matchers",
            )
        _must_be_ahead(at, until, at)
        return cls(
            matchers=matchers,
            by=by.id,
            by_name=by.name,
            at=at,
            until=until,
            because=text_limits.optional(because, "reason", "reason"),
            group_id=group_id,
            kept=Kept.WRITING if is_remote else Kept.HERE,
        )

    @property
    def is_remote(self) -> bool:
        """Whether Alertmanager is to have it."""
        return self.kept is not Kept.HERE

    def holds(self, at: datetime) -> bool:
        """Whether it keeps anything quiet at this instant."""
        return self.state is SilenceState.ACTIVE and at < self.until

    def mutes(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is one of those it is about."""
        return all_fit(self.matchers, labels)

    def extend(self, until: datetime, at: datetime) -> Self:
        """With a later end. Raises ``Refusal``."""
        self._must_hold(at)
        _must_be_ahead(self.at, until, at)
        return replace(self, until=until, revision=self.revision + 1, goes_on_by_itself=False, kept=self._unsaid)

    def let_end(self, at: datetime) -> Self:
        """Its owner knows that it ends, and is not asked any more."""
        self._must_hold(at)
        return replace(self, goes_on_by_itself=True)

    def lift(self, by: str, at: datetime) -> Self:
        """Ended early."""
        self._must_hold(at)
        return replace(
            self,
            state=SilenceState.LIFTED,
            ended_at=at,
            ended_by=by,
            revision=self.revision + 1,
            kept=self._unsaid,
            trouble="",
        )

    def expire(self, at: datetime) -> Self:
        """At its end. Alertmanager ends it by itself. Raises ``Stale`` where its end was moved."""
        if self.state is not SilenceState.ACTIVE or at < self.until:
            raise Stale(f"{self.id} does not end now.")
        return replace(self, state=SilenceState.EXPIRED, ended_at=at, trouble="")

    def kept_there(self, remote_id: str) -> Self:
        """Alertmanager has it as it is."""
        return replace(self, kept=Kept.THERE, remote_id=remote_id, trouble="")

    def not_kept_there(self, kept: Kept, trouble: str) -> Self:
        """Alertmanager does not; it says why, or does not answer."""
        return replace(self, kept=kept, trouble=trouble[:300])

    @property
    def _unsaid(self) -> Kept:
        return Kept.WRITING if self.is_remote else Kept.HERE

    def _must_hold(self, at: datetime) -> None:
        if self.holds(at):
            return
        ended = self.ended_at or self.until
        raise Stale(f"The silence {self.id} ended {rounded(at - ended)} ago, so there is nothing to change.")


def _must_be_ahead(begun: datetime, until: datetime, now: datetime) -> None:
    if until <= now:
        raise Refusal(
            "A silence ends in the future: say for example “until 17:00” or “until Mon 09:00”.", field="end"
        )
    if until - begun > LONGEST:
        raise Refusal(
            f"A silence lasts {LONGEST.days} days at most, and this one would last {rounded(until - begun)}. "
            "Name an earlier end; a rule that nobody needs is better removed.",
            field="end",
        )
