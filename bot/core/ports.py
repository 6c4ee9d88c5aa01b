"""What the domain and the workflows need from the world, as protocols; adapters live further out."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Protocol, Self, TypeAlias, TypeVar

from bot.core.curves import Curve
from bot.core.dead_letters import DeadLetter, LetterKind
from bot.core.erasing import Copy, Traces
from bot.core.jobs import Job
from bot.core.ledger import Entry, Recorded, Subject
from bot.core.ledger_heads import Head
from bot.core.messages import File, Home, Message, Rendered
from bot.core.people import Channel, Group, Person
from bot.core.team import Team


class Noun(Protocol):
    """A domain value with a row of its own: a frozen dataclass whose ``id`` is "" until it is added.

    ``PREFIX`` is the letter of its ids (``C`` gives ``C-41``); empty where the world gives it an id of its own
    (a pull request, an alert's fingerprint). ``FOUND_BY`` names the fields that ``Work.find`` may ask for, alone or
    together (``service+state``); each holds text, a number, an enum, an instant, a date, or None.
    """

    PREFIX: ClassVar[str]
    FOUND_BY: ClassVar[tuple[str, ...]]

    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=Noun)
P = TypeVar("P")
T = TypeVar("T")

Render: TypeAlias = Callable[[str, Mapping[str, Any]], Rendered]


class Clock(Protocol):
    """What time it is, aware, UTC. Tests and the playground move it."""

    def now(self) -> datetime: ...


class Work(Protocol):
    """One transaction: read state, decide, write state + ledger + jobs + outbox; all of it or nothing.

    A noun is read as it was at its last commit. Writing one that somebody else changed meanwhile raises
    ``Conflict``; whoever opened the work then starts it again.
    """

    now: datetime
    team: Team
    by_app: bool  # an app wrote the call that this is for, in the name of whoever calls

    async def get(self, noun: type[N], id: str) -> N | None:
        """The thing with this id (case does not matter), or nothing. Locked until the end of the work."""
        ...

    async def find(
        self, noun: type[N], *, limit: int = 1000, newest_first: bool = True, first_by: str = "", **where: Any
    ) -> list[N]:
        """Things whose lookup columns equal these values (a tuple: any of them), in order of creation.

        No more than ``limit``: ``count`` says how many there are. The lowest of the field ``first_by`` come first;
        with ``-`` before it (``-reached_at``) the highest do, and things that have none are left out.
        """
        ...

    async def count(self, noun: type[Noun], **where: Any) -> int:
        """How many ``find`` would give, without a limit."""
        ...

    def changed(self, noun: type[N], since: datetime) -> AsyncIterator[N]:
        """Every one written since then, each once, however many: to be looked at, not to be saved."""
        ...

    async def add(self, thing: N) -> N:
        """Store a new thing and give it its id, such as ``C-41``. An id it has already is kept."""
        ...

    async def save(self, thing: Noun) -> None:
        """Store a thing that was read or added in this work. Raises ``Conflict``."""
        ...

    async def erase(self, thing: Noun) -> None:
        """Remove a row for good. The ledger keeps its entries."""
        ...

    def record(self, entry: Entry) -> None:
        """Append to the ledger."""
        ...

    def say(self, message: Message | Home | File) -> None:
        """What a conversation (or a Home tab) should show, or what file it should get, from the commit on."""
        ...

    def owe(self, job: Job) -> None:
        """A job to be done; see ``Job.key`` for what a repeated key means."""
        ...

    def forgive(self, key: str) -> None:
        """The job with this key need not be done any more, if it has not ended yet."""
        ...

    async def history(self, *subjects: Subject, limit: int = 200) -> list[Recorded]:
        """Ledger entries that name any of these subjects, oldest first (the newest ``limit`` of them)."""
        ...

    async def doings(self, by: str, since: datetime, limit: int = 200) -> list[Recorded]:
        """Ledger entries since then that are ``by`` this user id, oldest first (the newest ``limit`` of them)."""
        ...

    async def named(self, kind: str, beginning: str, limit: int = 5) -> list[Subject]:
        """Subjects of this kind in the ledger whose names begin so (a short SHA), each once."""
        ...

    async def remember(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """What ``make`` gives, made anew once the ledger has grown; it may only read, and must not care who asks."""
        ...

    async def message_key(self, channel_id: str, ts: str) -> str | None:
        """Which of our messages stands there (``Message.key``); nothing where it is none of ours."""
        ...

    async def dead_letters(self, limit: int = 20) -> list[DeadLetter]:
        """What waits for an admin, the newest first; the other counts all that does, by kind."""
        ...

    async def dead_letter_counts(self) -> Mapping[LetterKind, int]: ...

    async def ledger_head(self) -> Head:
        """The end of the ledger's chain of seals, as it is committed."""
        ...

    async def copies(self, traces: Traces) -> list[Copy]:
        """Messages that hold somebody's words, as they are now."""
        ...

    async def revive(self, kind: LetterKind, id: str) -> bool:
        """Try it again from the commit on; False where it is not dead (any more)."""
        ...


class Unit(Protocol):
    """Opens transactions."""

    def __call__(self) -> AbstractAsyncContextManager[Work]:
        """A work that commits when its block ends, and is rolled back when the block raises."""
        ...

    async def run(self, step: Callable[[Work], Awaitable[Any]]) -> Any:
        """Run ``step`` in one work; begin again (up to 5 times) when it meets a ``Conflict``.

        Raises ``StorageUnavailable`` (nothing was kept), ``OutcomeUnknown`` (all of it, or nothing).
        """
        ...

    async def until_kept(self, step: Callable[[Work], Awaitable[Any]]) -> Any:
        """As ``run``, again and again while the database is away: for what has happened and must be written down.

        A step whose commit was lost from sight is run again, so it must see by what it reads that it was kept.
        """
        ...


class Directory(Protocol):
    """Who is in the workspace, and which channels there are."""

    async def person(self, user_id: str, *, not_older: timedelta | None = None) -> Person:
        """Somebody by id; an id that Slack does not know gives a stranger, who may do nothing.

        With ``not_older``, neither they nor their groups are as Slack told them longer ago. Raises ``Refusal`` where
        Slack is silent.
        """
        ...

    async def people(self) -> Sequence[Person]:
        """Everybody that is still here."""
        ...

    async def groups(self) -> Sequence[Group]:
        """The workspace's user groups."""
        ...

    async def channel(self, name: str) -> Channel | None:
        """A conversation by id or by name, ``#`` or not, if we see it. Raises ``Refusal`` where Slack is silent."""
        ...


class Charts(Protocol):
    """Draws pictures; what a picture shows is also said in words, by whoever asks for it."""

    async def percents(self, title: str, points: Sequence[tuple[date, int]]) -> bytes:
        """A PNG of percentages over days, in the order of the days."""
        ...

    async def shares(self, title: str, parts: tuple[str, str], rows: Sequence[tuple[str, int, int]]) -> bytes:
        """A PNG of one bar a row, which is its two ``parts`` one after the other."""
        ...

    async def curves(self, title: str, curves: Sequence[Curve], threshold: float | None) -> bytes:
        """A PNG of values over time, with the threshold as a line across."""
        ...


class NoPort(LookupError):
    """Nobody was registered who does this: a mistake of the composition, not of a person."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a job that works outside of a transaction may use.

    Attributes:
        ports: whom rooms need beside these, by the protocol that their room declares: code hosts, targets, charts.
    """

    unit: Unit
    clock: Clock
    directory: Directory
    team: Team
    ports: Mapping[type[Any], Any] = field(default_factory=dict[type[Any], Any])

    def port(self, kind: type[P]) -> P:
        """Who does what this protocol says. Raises ``NoPort``."""
        found = self.port_if_any(kind)
        if found is None:
            raise NoPort(f"nobody is there for {kind.__name__}")
        return found

    def port_if_any(self, kind: type[P]) -> P | None:
        """As ``port``; None where the team file and the settings name nobody for it."""
        return self.ports.get(kind)

    def with_ports(self, ports: Mapping[type[Any], Any]) -> Self:
        """The same tools with these ports beside the others, or instead of them."""
        return replace(self, ports={**self.ports, **ports})
