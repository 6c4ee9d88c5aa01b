"""Escalations: who is called, after how long, until somebody answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

LATE_AFTER = timedelta(minutes=2)  # past its instant a step is late, and is said to be


@dataclass(frozen=True, slots=True)
class Step:
    """Whom to call after waiting this long. ``to`` is a rotation's name, a user id, or a channel (``#…``, an id)."""

    after: timedelta
    to: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Steps, each as long after the one before as it says; ``rounds`` of them until it gives up."""

    name: str
    steps: tuple[Step, ...]
    rounds: int = 1

    def step(self, number: int) -> Step | None:
        """The step with this number, from 0, over all rounds."""
        if number >= len(self.steps) * self.rounds:
            return None
        return self.steps[number % len(self.steps)]


class EscalationState(StrEnum):
    """Whether anybody will still be called."""

    RUNNING = "running"
    ANSWERED = "answered"
    GIVEN_UP = "given up"  # everybody was called
    OVER = "over"  # what it was about has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """One going through of a policy. ``about`` is the alert's or the page's id; its own id is "A-9/1".

    ``next_step`` is due at ``due_at``; ``called`` holds whom each step called, in order.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("about", "state", "about+state")

    id: str
    about: str
    policy: Policy
    started_at: datetime
    due_at: datetime
    next_step: int = 0
    state: EscalationState = EscalationState.RUNNING
    called: tuple[str, ...] = ()
    ended_at: datetime | None = None
    late_told: int = -1  # the last step that was said to be late
    waits_for_quiet: bool = False  # its next step was put off to the end of a silence

    @classmethod
    def begin(cls, id: str, about: str, policy: Policy, at: datetime) -> Self:
        """A new one; its first step waits as it says."""
        return cls(id=id, about=about, policy=policy, started_at=at, due_at=at + policy.steps[0].after)

    @property
    def is_running(self) -> bool:
        """Whether anybody will still be called."""
        return self.state is EscalationState.RUNNING

    @property
    def step(self) -> Step | None:
        """The one that comes next."""
        return self.policy.step(self.next_step) if self.is_running else None

    def is_late(self, at: datetime) -> bool:
        """Whether the next step should have been taken long ago."""
        return self.is_running and at - self.due_at > LATE_AFTER

    def take_step(self, called: str, at: datetime) -> Self:
        """With its next step taken, and the one after it due, or given up."""
        following = self.policy.step(self.next_step + 1)
        everybody = (*self.called, called)
        after = replace(self, next_step=self.next_step + 1, called=everybody, waits_for_quiet=False)
        if following is None:
            return replace(after, state=EscalationState.GIVEN_UP, ended_at=at)
        return replace(after, due_at=at + following.after)

    def put_back(self, at: datetime, by: timedelta) -> Self:
        """With its next step due so much earlier, where it waits for longer than a step can: the clock was put back."""
        wanted = self.step
        if wanted is None or self.waits_for_quiet or self.due_at - at <= wanted.after:
            return self
        return replace(self, due_at=min(max(self.due_at - by, at), at + wanted.after))

    def wait_until(self, at: datetime) -> Self:
        """With its next step due later: what it is about is kept quiet until then."""
        return replace(self, due_at=at, waits_for_quiet=True)

    def end(self, state: EscalationState, at: datetime) -> Self:
        """Nobody more is called."""
        return replace(self, state=state, ended_at=at)

    def say_late(self) -> Self:
        """It was said of this step that it is late."""
        return replace(self, late_told=self.next_step)


@dataclass(frozen=True, slots=True)
class Escalations:
    """The team file's ``escalations``, by name."""

    policies: Mapping[str, Policy] = field(default_factory=dict[str, Policy])
