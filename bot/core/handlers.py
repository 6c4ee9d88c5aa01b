"""How a workflow says which jobs and events are its own; discovery finds what is marked here."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from bot.core.jobs import Again, Due, Outcome
from bot.core.ports import Tools, Work

Inside: TypeAlias = Callable[[Work, Due], Awaitable[Outcome]]
Outside: TypeAlias = Callable[[Tools, Due], Awaitable[Outcome | Again]]
Together: TypeAlias = Callable[[Work, Sequence[Any]], Awaitable[None]]

I = TypeVar("I", bound=Inside)  # noqa: E741
O = TypeVar("O", bound=Outside)  # noqa: E741
E = TypeVar("E")


def due(kind: str, *, urgent: bool = False, lasting: bool = False) -> Callable[[I], I]:
    """Mark what does a job of this kind inside one transaction, which also ends the job.

    One that is ``urgent`` calls people: it always finds a place, however many others are under way. What is ``lasting``
    is done by the clock and cannot be taken back (a round is closed, an approval lapses): it waits while the clock is
    known to be wrong.
    """

    def mark(handler: I) -> I:
        handler.__dict__["does_job"] = kind
        handler.__dict__["urgent"] = urgent
        handler.__dict__["lasting"] = lasting
        return handler

    return mark


def due_outside(kind: str, *, follows: bool = False, lasting: bool = False) -> Callable[[O], O]:
    """Mark what does a job of this kind that needs the world (a command, a code host).

    It opens transactions of its own through ``tools.unit``. After a crash it is started again, so it must read
    where things stand before it does anything. Whom it asks may hang, so only a few of a kind are under way at once.
    One that ``follows`` what runs on this machine may be many, and is not ended when its lease is lost: what it runs
    would end half-way, and nobody else can tell how it ended.
    """

    def mark(handler: O) -> O:
        handler.__dict__["does_job_outside"] = kind
        handler.__dict__["follows"] = follows
        handler.__dict__["lasting"] = lasting
        return handler

    return mark


def on(
    event: type[E], *, together: Together | None = None
) -> Callable[[Callable[[Work, E], Awaitable[None]]], Callable[[Work, E], Awaitable[None]]]:
    """Mark what takes an event of this type, in the transaction in which its delivery is settled.

    ``together`` does the same for several at once, in their order, so that a delivery of thousands of alerts is not
    thousands of reads and writes. One that several handlers name gets the events of all of their types.
    """

    def mark(handler: Any) -> Any:
        handler.__dict__["takes_event"] = event
        handler.__dict__["together"] = together
        return handler

    return mark
