"""A roll-out: a flag that reaches more people step by step, and stops where an alert fires."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core.approvals import Approval, Decision
from bot.core.durations import rounded
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.core.team import Environment
from bot.stages.flags.model.flag import Flag, Place, Serving
from bot.stages.flags.model.segment import EVERYBODY, Segment
from bot.stages.flags.model.share import WHOLE, percent

STEPS = (100, 1_000, 5_000, WHOLE)
SOAK = timedelta(hours=1)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)
HEEDED_KEPT = 200
WORTH_SAYING = timedelta(minutes=2)


class RolloutState(StrEnum):
    """Where a roll-out stands. ``ENDED``: somebody turned the flag off."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    REVERTED = "reverted"
    ENDED = "ended"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan, as its card shows it."""

    share: str
    is_done: bool
    is_now: bool


OPEN = (RolloutState.WAITING, RolloutState.RUNNING, RolloutState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The plan for one flag in one environment.

    Attributes:
        steps: shares of the segment, of ``shares.WHOLE``, rising.
        done: how many of the steps have been taken.
        turn: counts how often a next step was set, so that an old timer does nothing.
        held_by: the freeze or the lock that its next step waits for, in words.
        heeded: alerts that fired when a person said to go on; they pause it no more.
        before: who got the flag when it was asked for. Nothing else changes the flag until it is over, and reverting
            brings this back.
    """

    PREFIX: ClassVar[str] = "P"
    FOUND_BY: ClassVar[tuple[str, ...]] = (
        *("state", "flag+state", "environment+state", "service+state", "service+environment+state"),
        "flag+environment+state",
    )

    flag: str
    environment: str
    service: str | None
    steps: tuple[int, ...]
    soak: timedelta
    segment: Segment
    always: Segment | None
    before: Serving
    asked_by: str
    asked_name: str
    asked_at: datetime
    approval: Approval
    id: str = ""
    state: RolloutState = RolloutState.WAITING
    done: int = 0
    turn: int = 0
    stepped_at: datetime | None = None
    next_at: datetime | None = None
    late_by: timedelta | None = None  # how late the last step came, where that is worth saying
    paused_at: datetime | None = None
    paused_by: str = ""  # a person, or "" where an alert did it
    paused_name: str = ""  # of the person, or of the alert
    heeded: tuple[str, ...] = ()
    held_by: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_name: str = ""

    @classmethod
    def ask(
        cls,
        flag: Flag,
        environment: Environment,
        by: Person,
        at: datetime,
        *,
        steps: tuple[int, ...] = STEPS,
        soak: timedelta = SOAK,
        segment: Segment = EVERYBODY,
    ) -> Self:
        """A new plan; of its steps, those that the flag is past already are left out, so nobody loses it.

        Raises ``Stale`` where nothing is left to do, ``Refusal`` where the plan would take the flag from somebody.
        """
        if not SHORTEST <= soak <= LONGEST:
            raise Refusal("Between two steps there is a minute at least, and 30 days at most.", field="soak")
        place = flag.places.get(environment.name)
        if place is not None and place.until is not None:
            raise Refusal(
                f"{flag.id} is {place.serving} in {environment.name} for a while only. Let that end, or take it "
                "back on its card, then roll it out.",
                field="key",
            )
        now = flag.serving(environment.name)
        always = _kept(flag, now, segment, environment.name)
        left = tuple(step for step in steps if step > (0 if always != now.always else now.share))
        if now.is_on or not left:
            raise Stale(f"{flag.id} is {now} in {environment.name} already; no step of the plan goes beyond that.")
        return cls(
            flag=flag.id,
            environment=environment.name,
            service=flag.service,
            steps=left,
            soak=soak,
            segment=segment,
            always=always,
            before=now,
            asked_by=by.id,
            asked_name=by.name,
            asked_at=at,
            approval=Approval(by.id, environment.approvals, at + environment.expires_after),
        )

    @property
    def what(self) -> str:
        """ "the roll-out of checkout_v2 in production"."""
        return f"the roll-out of {self.flag} in {self.environment}"

    @property
    def plan(self) -> str:
        """ "1 % → 10 % → 50 % → 100 %"."""
        return " → ".join(percent(step) for step in self.steps)

    @property
    def told(self) -> tuple[Step, ...]:
        """Its steps, with which of them have been taken; none counts any more once nobody has the flag by it."""
        done = 0 if self.state in (RolloutState.REVERTED, RolloutState.ENDED) else self.done
        return tuple(Step(percent(share), at < done, at == done - 1) for at, share in enumerate(self.steps))

    @property
    def serving(self) -> Serving:
        """Who gets the flag at the step that was taken last."""
        if not self.done:
            return self.before
        share = self.steps[self.done - 1]
        everybody = share == WHOLE and self.segment.is_everybody
        return Serving(share, self.segment, None if everybody else self.always)

    def place(self, at: datetime) -> Place:
        """How the flag stands after its last step."""
        return Place(self.serving, at, self.id)

    def decide(self, decision: Decision, by: Person, at: datetime) -> Self:
        """With one more vote; refused at the first no. Raises ``Stale``, ``NotAllowed``."""
        self._must_be(RolloutState.WAITING, at=at)
        decided = replace(self, approval=self.approval.decide(decision, by, at, self.what))
        if decision is Decision.REFUSE:
            return replace(decided, state=RolloutState.REFUSED, ended_at=at, ended_by=by.id, ended_name=by.name)
        return decided

    def without(self, people: Collection[str], at: datetime) -> Self:
        """Without the votes of these, who are not here any more."""
        self._must_be(RolloutState.WAITING, at=at)
        return replace(self, approval=self.approval.without(people))

    def step(self, at: datetime, late_by: timedelta = timedelta()) -> Self:
        """One step further; done after the last. ``late_by`` is how long ago the step was due."""
        self._must_be(RolloutState.WAITING, RolloutState.RUNNING, at=at)
        done = self.done + 1
        late = late_by if late_by >= WORTH_SAYING else None
        if done >= len(self.steps):
            done_now = replace(self, state=RolloutState.DONE, done=done, next_at=None, ended_at=at, late_by=late)
            return replace(done_now, held_by="")
        return replace(
            self,
            state=RolloutState.RUNNING,
            done=done,
            turn=self.turn + 1,
            next_at=at + self.soak,
            stepped_at=at,
            late_by=late,
            held_by="",
        )

    def hold(self, held_by: str, until: datetime, at: datetime) -> Self:
        """Its next step waits until then, as its environment is kept still."""
        self._must_be(RolloutState.RUNNING, at=at)
        return replace(self, turn=self.turn + 1, next_at=until, held_by=held_by)

    def pause(self, by: str, name: str, at: datetime) -> Self:
        """Standing still until a person says what to do; ``by`` is "" where the alert ``name`` did it."""
        self._must_be(RolloutState.WAITING, RolloutState.RUNNING, at=at)
        return replace(
            self,
            state=RolloutState.PAUSED,
            turn=self.turn + 1,
            next_at=None,
            paused_at=at,
            paused_by=by,
            paused_name=name,
            held_by="",
        )

    def resume(self, heeded: tuple[str, ...], at: datetime) -> Self:
        """Going on: the step that was taken last soaks anew, and these alerts pause it no more."""
        self._must_be(RolloutState.PAUSED, at=at)
        kept = tuple(dict.fromkeys((*heeded, *self.heeded)))[:HEEDED_KEPT]
        next_at = at + self.soak if self.done else at
        return replace(
            self, state=RolloutState.RUNNING, turn=self.turn + 1, next_at=next_at, heeded=kept, paused_at=None
        )

    def forget(self, mark: str) -> Self:
        """Without this alert among the heeded ones, as it has ended; itself where it is not among them."""
        if mark not in self.heeded:
            return self
        return replace(self, heeded=tuple(one for one in self.heeded if one != mark))

    def revert(self, by: Person, at: datetime) -> Self:
        """Over, with the flag as it was before."""
        self._must_be(RolloutState.RUNNING, RolloutState.PAUSED, at=at)
        return replace(
            self, state=RolloutState.REVERTED, next_at=None, ended_at=at, ended_by=by.id, ended_name=by.name
        )

    def end(self, by: Person, at: datetime) -> Self:
        """Over, as somebody turned the flag off, whatever it did just now."""
        self._must_be(*OPEN, at=at)
        ended = replace(self, state=RolloutState.ENDED, next_at=None, held_by="")
        return replace(ended, ended_at=at, ended_by=by.id, ended_name=by.name)

    def cancel(self, by: Person, at: datetime) -> Self:
        """Cancelled before its decision."""
        self._must_be(RolloutState.WAITING, at=at)
        return replace(self, state=RolloutState.CANCELLED, ended_at=at, ended_by=by.id, ended_name=by.name)

    def expire(self, at: datetime) -> Self:
        """Lapsed, as nobody decided."""
        self._must_be(RolloutState.WAITING, at=at)
        return replace(self, state=RolloutState.EXPIRED, ended_at=at)

    def standing(self, at: datetime) -> str:
        """Where it stands, as a sentence."""
        said = self.what[:1].upper() + self.what[1:]
        if self.state is RolloutState.WAITING:
            return f"{said} waits for {self.approval.missing} more approval(s)."
        ended = self.ended_at or self.paused_at
        ago = f" {rounded(at - ended)} ago" if ended else ""
        by = f" by {self.ended_name}" if self.ended_name else ""
        by += ", who turned the flag off," if self.state is RolloutState.ENDED else ""
        match self.state:
            case RolloutState.RUNNING:
                return f"{said} is under way, at {self.serving}."
            case RolloutState.PAUSED:
                return f"{said} was paused{ago}."
            case RolloutState.EXPIRED:
                return f"{said} lapsed without a decision{ago}."
            case RolloutState.DONE:
                return f"{said} ended{ago}."
            case _:
                return f"{said} was {self.state}{by}{ago}."

    def _must_be(self, *states: RolloutState, at: datetime) -> None:
        if self.state not in states:
            raise Stale(f"{self.standing(at)} Its card in the release channel shows it as it is.")


def _kept(flag: Flag, now: Serving, segment: Segment, environment: str) -> Segment | None:
    """Who has the flag now and keeps it whatever the step. Raises ``Refusal`` where the plan cannot promise that."""
    if not now.share or now.segment == segment:
        return now.always
    if now.share == WHOLE and now.always is None:
        return now.segment
    if segment.is_everybody and now.share < WHOLE:
        return now.always  # their buckets are the first of everybody's as well
    raise Refusal(
        f"{flag.id} is {now} in {environment}, and rolling it out for {segment.called} would take it from some of "
        "them. Roll it out for everybody, or turn it off there first.",
        field="audience",
    )
