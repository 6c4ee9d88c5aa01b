"""A blocker: what keeps somebody from going on, who can change that, and when they are asked next."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core import text_limits
from bot.core.durations import rounded
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.team.people.model.working_hours import must_be_askable

RAISE_AFTER_DAYS = 2  # working days, where no stand-up says otherwise
REOPEN_WITHIN = timedelta(days=1)
SNOOZE_MOST = timedelta(days=14)
LATE = timedelta(minutes=5)  # what is asked this long after its time says so


class BlockerState(StrEnum):
    """Whether somebody is still held up."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """What holds ``owner_id`` up.

    While it is open exactly one next step is owed, at ``next_at``; ``step`` numbers it.

    Attributes:
        unblocker_id: who can change that, if anybody is known.
        change_id: the change that it holds up.
        answer_id: the stand-up answer that aired it.
        team: whose it is: the name of the stand-up that it came from, else of the team.
        channel: where its card is, whatever the team file says later.
        links: what its words name, as ledger subjects ("pr:org/web#812").
        waits_for: those of the links that have not moved yet; the last one to move closes it.
        from_channel, from_ts: the message that it was made from.
        asks: how many direct questions were asked; ``asked_id`` got the last one, at ``asked_at``.
        ask_at: when whoever it is with is asked (again).
        ask_owed_at: when they should have been asked, where that comes late.
        snoozed_until: what ``ask_at`` was put off to by whoever is asked.
        raise_at: when the lead hears of it; nothing: not planned yet.
        night_told: the unblocker of whom the owner was told that they are asked in the morning.
        how: what made an end of it.
        closings: how often it was closed; ``told``: the owner heard of the last time.
    """

    PREFIX: ClassVar[str] = "B"
    FOUND_BY: ClassVar[tuple[str, ...]] = (
        *("state", "owner_id", "answer_id", "owner_id+state", "unblocker_id+state", "change_id+state"),
    )

    what: str
    owner_id: str
    opened_at: datetime
    unblocker_id: str | None = None
    change_id: str | None = None
    answer_id: str | None = None
    team: str = ""
    service: str | None = None
    channel: str = ""
    links: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    from_channel: str = ""
    from_ts: str = ""
    step: int = 0
    asks: int = 0
    asked_id: str = ""
    asked_at: datetime | None = None
    asked_late_by: timedelta | None = None
    ask_at: datetime | None = None
    ask_owed_at: datetime | None = None
    snoozed_until: datetime | None = None
    handed_back_by: tuple[str, ...] = ()
    night_told: str = ""
    raise_at: datetime | None = None
    raised_at: datetime | None = None
    raised_to: str = ""
    raised_late_by: timedelta | None = None
    state: BlockerState = BlockerState.OPEN
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_by_name: str = ""
    how: str = ""
    closings: int = 0
    told: bool = False
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
        team: str = "",
        service: str | None = None,
        channel: str = "",
    ) -> Self:
        """A new blocker. Raises ``Refusal`` where the text is empty or too long."""
        return cls(
            what=text_limits.required(what, "what", "blocker"),
            owner_id=owner_id,
            opened_at=at,
            ask_at=at,
            unblocker_id=unblocker_id,
            change_id=change_id,
            answer_id=answer_id,
            team=team,
            service=service,
            channel=channel,
        )

    @property
    def is_open(self) -> bool:
        """Whether it still holds somebody up."""
        return self.state is BlockerState.OPEN

    @property
    def closed_itself(self) -> bool:
        """Whether what it waited for moved, so that nobody had to close it."""
        return not self.is_open and not self.closed_by_name

    @property
    def with_id(self) -> str:
        """Who is asked about it: whoever can unblock, else its owner."""
        return self.unblocker_id or self.owner_id

    @property
    def next_at(self) -> datetime:
        """When the next step is due."""
        times = [self.ask_at or self.opened_at]
        if self.raise_at and not self.raised_at:
            times.append(self.raise_at)
        return min(times)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """How the ledger names it, and what it is linked to."""
        linked = (Subject("change", self.change_id),) if self.change_id else ()
        linked += tuple(Subject.parse(link) for link in self.links)
        return tuple(dict.fromkeys((Subject("blocker", self.id), *linked)))

    def age(self, at: datetime) -> timedelta:
        """How long it has held, or had held at its end."""
        return (self.closed_at or at) - self.opened_at

    def link(self, links: Iterable[Subject], waits_for: Iterable[Subject]) -> Self:
        """The blocker with what its words name, and which of it has to move."""
        return replace(self, links=tuple(map(str, links)), waits_for=tuple(map(str, waits_for)))

    def quote(self, channel: str, ts: str) -> Self:
        """The blocker, made from this message."""
        return replace(self, from_channel=channel, from_ts=ts)

    def reword(self, what: str, unblocker_id: str | None, change_id: str | None) -> Self:
        """The blocker in other words, and perhaps with somebody else."""
        reworded = replace(self, what=text_limits.required(what, "what", "blocker"), change_id=change_id)
        return reworded if unblocker_id == self.unblocker_id else reworded._with(unblocker_id)

    def ask(self, who: Person, by: Person, at: datetime) -> Self:
        """The blocker with somebody else, who is asked next.

        Raises ``Stale`` where it is closed or with them already, ``Refusal`` where they cannot be asked.
        """
        self.must_be_open(at)
        must_be_askable(who, self.owner_id)
        if who.id == self.unblocker_id:
            raise Stale(f"{self.id} is with {who.name} already. The card shows since when.", field="unblocker")
        if who.id in self.handed_back_by and by.id != who.id:
            raise Refusal(
                f"{who.name} handed {self.id} back. Ask somebody else; {who.name} can still take it with "
                f"“/code ask me about {self.id}”.",
                field="unblocker",
            )
        return replace(self._with(who.id), ask_at=at)

    def hand_back(self, by: str, at: datetime) -> Self:
        """The blocker with its owner again. Raises ``Stale`` where it is closed, or not with who hands it back."""
        self.must_be_with(by, at)
        return replace(self._with(None), ask_at=at, handed_back_by=(*self.handed_back_by, by))

    def snooze(self, by: str, until: datetime, at: datetime) -> Self:
        """The blocker, not to be asked about until then. Raises ``Stale``, and ``Refusal`` for such a time."""
        self.must_be_with(by, at)
        if until <= at:
            raise Refusal(
                "That time has passed. Say for example “until 15:00” or “until Mon 09:00”.", field="until"
            )
        if until - at > SNOOZE_MOST:
            raise Refusal(
                f"That is more than {SNOOZE_MOST.days} days off, and {self.id} holds somebody up. Name an earlier "
                "day, or hand it back.",
                field="until",
            )
        return replace(self, ask_at=until, snoozed_until=until, ask_owed_at=None)

    def plan(self, raise_at: datetime, ask_at: datetime | None = None) -> Self:
        """The blocker with its next steps at these times; without the second one only the lead hears of it then."""
        return replace(self, raise_at=raise_at, ask_at=ask_at or self.ask_at)

    def put_off(self, until: datetime, *, owed_at: datetime | None = None) -> Self:
        """To be asked about at another time; ``owed_at`` where it should have been before, and comes late."""
        return replace(self, ask_at=until, ask_owed_at=self.ask_owed_at or owed_at)

    def wait_for_morning(self, until: datetime, *, owed_at: datetime | None = None) -> Self:
        """The same, as it is no time to ask where its unblocker is; its owner is told so."""
        return replace(self.put_off(until, owed_at=owed_at), night_told=self.unblocker_id or self.night_told)

    def asked(self, at: datetime, again_at: datetime) -> Self:
        """The blocker, after whoever it is with was asked."""
        late = at - (self.ask_owed_at or self.ask_at or at)
        return replace(
            self,
            asks=self.asks + 1,
            asked_id=self.with_id,
            asked_at=at,
            asked_late_by=late if late > LATE else None,
            ask_at=again_at,
            ask_owed_at=None,
            snoozed_until=None,
        )

    def raised(self, to: str, at: datetime) -> Self:
        """The blocker, after its lead heard of it; ``to`` is "" where there is nobody to tell."""
        late = at - (self.raise_at or at)
        return replace(self, raised_at=at, raised_to=to, raised_late_by=late if late > LATE else None)

    def onward(self) -> Self:
        """The blocker with a new next step."""
        return replace(self, step=self.step + 1)

    def without(self, thing: Subject) -> Self:
        """The blocker, after one of the things that it waits for has moved; itself where it waits for others."""
        rest = tuple(link for link in self.waits_for if link.casefold() != str(thing).casefold())
        return self if rest == self.waits_for else replace(self, waits_for=rest)

    def close(self, by: Person, at: datetime, how: str | None = None) -> Self:
        """The blocker, out of the way. Raises ``Stale`` where it was closed before."""
        self.must_be_open(at)
        return self._closed(at, by.id, by.name, text_limits.optional(how, "how", "reason"))

    def close_itself(self, at: datetime, how: str, by: str = "") -> Self:
        """The blocker, closed by what it waited for. Raises ``Stale`` where it was closed before."""
        self.must_be_open(at)
        return self._closed(at, by, "", how)

    def reopen(self, at: datetime) -> Self:
        """The blocker, closed by mistake. Raises ``Stale`` where it is open, or was closed long ago."""
        if self.closed_at is None:
            raise Stale(f"{self.id} is open. Its card shows who is asked.")
        if at - self.closed_at > REOPEN_WITHIN:
            raise Stale(f"{self.closing(at)} If it is back, air it again with “/code blocker”.")
        return replace(
            self, state=BlockerState.OPEN, closed_at=None, closed_by="", closed_by_name="", how="", told=False
        )

    def closing(self, at: datetime) -> str:
        """Who closed it, when and how, as a sentence."""
        ago = f"{rounded(at - (self.closed_at or at))} ago"
        how = text_limits.first_line(self.how, 80)
        if self.closed_itself:
            return f"{self.id} closed by itself {ago}: {how}."
        return f"{self.id} was closed by {self.closed_by_name} {ago}" + (f": “{how}”." if how else ".")

    def must_be_open(self, at: datetime) -> None:
        """Raises ``Stale`` where it is closed."""
        if self.closed_at is not None:
            raise Stale(f"{self.closing(at)} If that was a mistake, “/code reopen {self.id}” opens it again.")

    def must_be_with(self, user_id: str, at: datetime) -> None:
        """Raises ``Stale`` where it is closed, or somebody else is asked to unblock."""
        self.must_be_open(at)
        if user_id != self.unblocker_id:
            now = f"it is with {self.unblocker_id}" if self.unblocker_id else "it is with its owner"
            raise Stale(f"You are not asked about {self.id}: {now}. “/code ask me about {self.id}” takes it.")

    def _with(self, unblocker_id: str | None) -> Self:
        return replace(self, unblocker_id=unblocker_id, snoozed_until=None, ask_owed_at=None)

    def _closed(self, at: datetime, by: str, name: str, how: str) -> Self:
        return replace(
            self,
            state=BlockerState.CLOSED,
            closed_at=at,
            closed_by=by,
            closed_by_name=name,
            how=how,
            closings=self.closings + 1,
        )
