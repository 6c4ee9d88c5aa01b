"""A replica in a process of its own: ``python -m tests.storage.replica URL NAME`` does jobs until none is due.

With ``write`` as a third word it writes entries and jobs for ever and says which were committed.
"""

import asyncio
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.core.jobs import Job
from bot.core.ledger import Entry, Subject
from bot.core.messages import Rendered
from bot.core.team import Team
from bot.storage.engine.database import Database
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def render(template: str, context: Mapping[str, Any]) -> Rendered:
    return Rendered(template)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def do_jobs(unit: UnitOfWork, jobs: Jobs, name: str) -> None:
    while claimed := await jobs.claim(Clock().now(), 3):
        for one in claimed:
            async with unit.for_job(one) as work:
                work.record(Entry("job.done", (Subject("job", one.job.key), Subject("replica", name))))
            tell(one.job.key)


async def write(unit: UnitOfWork, jobs: Jobs) -> None:
    while True:
        key = uuid.uuid4().hex
        async with unit.for_call(key) as work:
            work.record(Entry("job.owed", (Subject("job", key),)))
            work.owe(Job("thing.remind", key, work.now))
        tell(key)
        await jobs.claim(Clock().now(), 1)


async def main(url: str, name: str, mode: str = "") -> None:
    database = await Database.open(url, clock=Clock(), replica_id=name)
    try:
        unit, jobs = UnitOfWork(database, team=Team(), render=render), Jobs(database, name)
        tell("ready")
        await asyncio.to_thread(sys.stdin.readline)  # both start at once
        if mode == "write":
            await asyncio.gather(*(write(unit, jobs) for _ in range(8)))
        else:
            await do_jobs(unit, jobs, name)
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
