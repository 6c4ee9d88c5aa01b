"""An in-memory world behind the ports, so that workflows and commands are tested without a database or Slack.

    world = World()
    await world.use(command, "add", by=ANA, title="Faster checkout")
    assert world.said["change:C-1"].template == "plan/card"

Honest where it matters: a work that raises leaves nothing behind, ids are given as storage gives them, values go
through JSON on their way into a row, ``find`` knows only the columns of ``FOUND_BY``, and a row that somebody else
changed meanwhile raises ``Conflict``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar, cast

from bot.core.command import Answer, Call, Command, Door, MessageRef
from bot.core.curves import Curve
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.ledger import Entry
from bot.core.messages import File, Home, Message
from bot.core.people import Channel, Group, Person
from bot.core.ports import Charts, Noun, Render, Tools
from bot.core.refusals import Conflict, OutcomeUnknown, Refusal, StorageUnavailable, Unknown
from bot.core.team import Team
from bot.stages.code.model.ports import CodeHost
from bot.stages.deploy.model.ports import Carrier, Target
from bot.stages.flow.authorise import perform
from bot.team.people.model.ports import Holidays
from bot.team.people.model.presence import Place
from tests.example_team import ANA, GUS, LUIS, MEI, NOON, PEOPLE, TEAM, TOM
from tests.fake_work import FakeWork, Store

__all__ = [
    "ANA",
    "GUS",
    "LUIS",
    "MEI",
    "NOON",
    "PEOPLE",
    "TEAM",
    "TOM",
    "FakeCharts",
    "FakeClock",
    "FakeDirectory",
    "FakeHolidays",
    "FakeUnit",
    "FakeWork",
    "Store",
    "World",
]

N = TypeVar("N", bound=Noun)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        """The instant it was last moved to."""
        return self.at

    def move(self, by: timedelta) -> datetime:
        """Go on by this much; gives the new instant."""
        self.at += by
        return self.at


class FakeDirectory:
    """A workspace of a few people."""

    def __init__(self, people: Sequence[Person] = PEOPLE) -> None:
        self.known = {person.id: person for person in people}
        self.is_silent = False  # to whoever wants to be sure
        self.sure_of: list[str] = []  # of whom it was asked anew

    async def person(self, user_id: str, *, not_older: timedelta | None = None) -> Person:
        """Somebody by id; a stranger where the id is unknown. Raises ``Refusal`` where somebody wants to be sure."""
        if not_older is not None:
            self.sure_of.append(user_id)
            if self.is_silent:
                raise Refusal("Slack does not tell me just now what you are.")
        return self.known.get(user_id) or Person(user_id, user_id, is_stranger=True)

    async def people(self) -> Sequence[Person]:
        """Everybody that is still here."""
        return [person for person in self.known.values() if not person.is_gone]

    async def groups(self) -> Sequence[Group]:
        """One."""
        return [Group("S0RELEASE", "release-team")]

    async def channel(self, name: str) -> Channel | None:
        """Whatever is asked for, except ``#nowhere``; we are not in ``#private``, and ``#old`` is archived."""
        bare = name.removeprefix("#")
        if bare == "nowhere":
            return None
        return Channel(name, bare, is_member=bare != "private", is_archived=bare == "old")


class FakeHolidays:
    """Christmas and New Year in the two countries there are, and Bavaria's Epiphany."""

    async def place(self, text: str) -> Place:
        """ "DE", "DE-BY" or "US"."""
        if text.upper() not in {"DE", "DE-BY", "US"}:
            raise Unknown("country", text, ("DE", "US"), field="country")
        country, _, part = text.upper().partition("-")
        return Place(country, part)

    async def of(self, place: Place, years: Iterable[int]) -> Mapping[date, str]:
        """The days that both have, and the one of Bavaria."""
        days: dict[date, str] = {}
        for year in years:
            days |= {date(year, 1, 1): "New Year's Day", date(year, 12, 25): "Christmas Day"}
            days |= {date(year, 1, 6): "Epiphany"} if place.subdivision == "BY" else {}
        return days


class FakeCharts:
    """Draws nothing: what would be drawn, as text."""

    async def percents(self, title: str, points: Sequence[tuple[date, int]]) -> bytes:
        """The title and the points."""
        return f"{title}: {', '.join(f'{day} {percent}' for day, percent in points)}".encode()

    async def shares(self, title: str, parts: tuple[str, str], rows: Sequence[tuple[str, int, int]]) -> bytes:
        """The title and the rows."""
        return f"{title}: {parts} {rows}".encode()

    async def curves(self, title: str, curves: Sequence[Curve], threshold: float | None) -> bytes:
        """The title, how many points each curve has, and the threshold."""
        return f"{title}: {[(one.name, len(one.points)) for one in curves]} {threshold}".encode()


class FakeUnit:
    """Opens works on one ``Store``.

    The next ``away`` works find no database; of the next ``unseen`` ones the commit is kept and its answer lost.
    """

    def __init__(self, clock: FakeClock, team: Team, store: Store, render: Render | None = None) -> None:
        self.away = 0
        self.unseen = 0
        self.unseen_at = ""  # a kind of ledger entry: the commit that records it first is kept and its answer lost
        self._clock = clock
        self._team = team
        self._store = store
        self._render = render

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[FakeWork]:
        if self.away:
            self.away -= 1
            raise StorageUnavailable("the database is away")
        work = FakeWork(self._store, self._clock.now(), self._team, self._render)
        yield work
        work.commit()
        if self.unseen_at and any(one.entry.kind == self.unseen_at for one in self._store.entries):
            self.unseen, self.unseen_at = 1, ""
        if self.unseen:
            self.unseen -= 1
            raise OutcomeUnknown("the connection was lost during the commit")

    def __call__(self) -> Any:
        """A work that commits when its block ends well."""
        return self._open()

    async def run(self, step: Callable[[Any], Awaitable[Any]]) -> Any:
        """Run it in one work; again, up to 5 times, after a ``Conflict``."""
        for attempt in count(1):
            try:
                async with self() as work:
                    return await step(work)
            except Conflict:
                if attempt == 5:
                    raise
        raise AssertionError("not reached")

    async def until_kept(self, step: Callable[[Any], Awaitable[Any]]) -> Any:
        """Again, too, while the database is away."""
        for _ in range(1_000):
            try:
                return await self.run(step)
            except StorageUnavailable:
                await asyncio.sleep(0)
        raise AssertionError("the database never came back")


class World:
    """A clock, people, a team and what was committed, with the ways in that the runtime has.

    ``render`` is called on everything that is said, at the commit, as in production; without it nothing is.
    """

    def __init__(
        self,
        *,
        team: Team = TEAM,
        people: Sequence[Person] = PEOPLE,
        at: datetime = NOON,
        render: Render | None = None,
        host: CodeHost | None = None,
        target: Target | None = None,
        carrier: Carrier | None = None,
        holidays: Holidays | None = None,
    ) -> None:
        self.store = Store()
        self.clock = FakeClock(at)
        self.team = team
        self.directory = FakeDirectory(people)
        self.unit = FakeUnit(self.clock, team, self.store, render)
        self.tools = Tools(
            self.unit,
            self.clock,
            self.directory,
            team,
            {
                CodeHost: cast("CodeHost", host),
                Target: cast("Target", target),
                Holidays: holidays or FakeHolidays(),
                Charts: FakeCharts(),
                Carrier: carrier,
            },
        )
        self._render = render
        self._gestures = count(1)
        self._again: dict[str, tuple[Job, datetime]] = {}

    @property
    def said(self) -> dict[str, Message]:
        """The newest message under each key."""
        return self.store.said

    @property
    def log(self) -> list[Message | Home | File]:
        """Everything that was said, edits too, in order."""
        return self.store.log

    @property
    def jobs(self) -> dict[str, Job]:
        """What is owed, by key."""
        return self.store.jobs

    @property
    def entries(self) -> list[Entry]:
        """The ledger."""
        return [recorded.entry for recorded in self.store.entries]

    @property
    def kinds(self) -> list[str]:
        """The kinds of the ledger's entries, oldest first."""
        return [entry.kind for entry in self.entries]

    async def get(self, noun: type[N], id: str) -> N:
        """A thing as it was committed. Fails the test where it is not there."""
        async with self.unit() as work:
            thing = await work.get(noun, id)
        assert thing is not None, f"there is no {noun.__name__} {id}"
        return thing

    async def find(self, noun: type[N], **where: Any) -> list[N]:
        """Things as they were committed, oldest first."""
        async with self.unit() as work:
            return await work.find(noun, newest_first=False, **where)

    async def add(self, thing: N) -> N:
        """Put a thing there before the test begins."""
        async with self.unit() as work:
            return await work.add(thing)

    async def use(
        self,
        command: Command,
        verb: str = "",
        *,
        by: Person = ANA,
        door: Door = Door.SLASH,
        key: str | None = None,
        channel_id: str = "C0GENERAL",
        on: MessageRef | None = None,
        by_app: bool = False,
        **args: Any,
    ) -> Answer:
        """Use a verb with arguments as the runtime would have read them; gives the private answer.

        A ``key`` that was used before is the same gesture delivered twice: nothing happens, the answer is None.
        """
        declared = command.verbs[verb]
        if door is not Door.FORM:
            flags = {part.strip("[]") for part in declared.usage.split()}
            assert set(args) <= set(declared.parameters) | flags, f"{declared.action} takes no {sorted(args)}"
        gesture = key or f"gesture:{next(self._gestures)}"
        if gesture in self.store.seen:
            return None
        call = Call(args, by, self.clock.now(), gesture, door, channel_id, on, by_app=by_app)
        if declared.prepare:
            call = replace(call, prepared=await declared.prepare(call, self.tools))
        answer = await self.unit.run(lambda work: perform(declared, call, work))
        if not declared.reads_only:
            self.store.seen.add(gesture)
        if self._render and answer and (reply := getattr(answer, "intro", answer)):
            self._render(reply.template, reply.context)
        return answer

    async def happen(self, event: Any, *handlers: Any) -> None:
        """Give an event to those of these handlers that take its type, in one work."""
        async with self.unit() as work:
            for handler in handlers:
                if handler.takes_event is type(event):
                    await handler(work, event)

    async def later(self, by: timedelta, *handlers: Any, up_late: timedelta = timedelta()) -> list[Outcome]:
        """Move the clock on, stopping at every due job that one of these handlers does; gives their outcomes.

        ``up_late``: we were down, and each job is started only this long after it was due.
        """
        end = self.clock.now() + by
        done = {h.__dict__.get("does_job") or h.__dict__.get("does_job_outside"): h for h in handlers}
        outcomes: list[Outcome] = []
        while mine := [
            job for job in self.jobs.values() if job.kind in done and self._runs_at(job) + up_late <= end
        ]:
            job = min(mine, key=self._runs_at)
            self.clock.at = max(self.clock.at, self._runs_at(job) + up_late)
            outcomes.append(await self.do(job, done[job.kind]))
        self.clock.at = max(self.clock.at, end)
        return outcomes

    def _runs_at(self, job: Job) -> datetime:
        """When it is to be done: it stays due when it was, however often it is tried once more."""
        tried, at = self._again.get(job.key, (job, job.due))
        return at if tried is job else job.due

    async def do(self, job: Job, handler: Any) -> Outcome:
        """Do one job now; it has ended when its handler says so, and is due again after ``Again``."""
        late_by = max(self.clock.now() - job.due, timedelta())
        due = Due(job, late_by, 1, missed=job.window is not None and late_by > job.window)
        if "does_job_outside" in handler.__dict__:
            result = await handler(self.tools, due)
        else:
            result = await self.unit.run(lambda work: handler(work, due))
        if isinstance(result, Again):
            self._again[job.key] = (job, self.clock.now() + result.after)
            return Outcome.NOOP
        self.store.jobs.pop(job.key, None)
        self.store.ended[job.key] = result
        return result
