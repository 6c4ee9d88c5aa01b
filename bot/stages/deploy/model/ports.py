"""What deployments need of whoever carries them out: here as a command, or elsewhere."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.deploy_targets import Command, Elsewhere
from bot.core.events import RunState
from bot.core.team import Repository


@dataclass(frozen=True, slots=True)
class Line:
    """One line that a running target printed."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended. ``code`` is the exit status; None where a signal or the limit ended it, or where it had none.

    ``note`` says how it ended in the words of who carried it out; ``is_done`` where there is no exit status to tell.
    """

    code: int | None
    timed_out: bool = False
    note: str = ""
    is_done: bool = False

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked to."""
        return self.code == 0 or self.is_done


class Target(Protocol):
    """What carries out a deployment on this machine."""

    def run(self, command: Command, values: Mapping[str, str]) -> AsyncIterator[Line | Finished]:
        """Lines as they are printed, then one ``Finished``. Closing the iterator ends the process group."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """One start of a deployment elsewhere.

    Attributes:
        run: names this start and no other (``D-12/1``); it goes along, so that the start can be found again.
        repository: of the service.
        values: of ``service``, ``version``, ``environment``, ``sha``, ``deployment``, ``artifact``, for placeholders.
        at: when it was started, aware, UTC.
        reference: what the other side calls it, once that is known.
        ref: the name of the branch or tag that was asked for, for who takes no commit: ``version`` may be the commit.
    """

    run: str
    repository: Repository
    values: Mapping[str, str]
    at: datetime
    reference: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Where a run elsewhere is, as who carries it out tells it.

    Attributes:
        state: ``PASSED`` is live; ``CANCELLED`` did not go live, by somebody's will.
        timed_out: the other side ended it, as it took too long.
        note: why, or what it does just now, in a line; "" where it says nothing.
        lines: the end of its log, where it tells.
        url: where a person can look.
        attempt: which try of the same run it is of, later ones higher; 0 where that is not told.
    """

    state: RunState
    timed_out: bool = False
    note: str = ""
    lines: tuple[str, ...] = ()
    url: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A run that the other side has begun, or put in its queue: by what name, and where a person can look."""

    reference: str
    url: str = ""


class NotTaken(Exception):
    """The other side refused, or was not reached at all: nothing runs. The text says why, without secrets."""


class Unsure(Exception):
    """It was asked and did not answer well: it may run. The text says what happened, without secrets."""


class Carrier(Protocol):
    """Whoever carries out deployments elsewhere. References are made by ``bot.core.run_references``."""

    async def start(self, how: Elsewhere, order: Order) -> Taken:
        """Ask for it, in one request that is never repeated. Raises ``NotTaken``, ``Unsure``."""
        ...

    async def find(self, how: Elsewhere, order: Order) -> Taken | None:
        """What an earlier ``start`` of this order began, where the other side can tell; else None.

        Raises ``HostUnreachable``.
        """
        ...

    async def look(self, how: Elsewhere, order: Order) -> Report | None:
        """Where it is now; None where the other side only reports by itself. Raises ``HostUnreachable``."""
        ...

    async def stop(self, how: Elsewhere, order: Order) -> bool:
        """Ask for its end; False where the other side knows no such thing. Raises ``HostUnreachable``."""
        ...
