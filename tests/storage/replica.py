"""A replica in a process of its own: ``python -m tests.storage.replica URL NAME`` does jobs until none is due."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.ledger import Entry, Subject
from bot.domain.messages import Rendered
from bot.domain.team import Team
from bot.storage.database import Database
from bot.storage.jobs import Jobs
from bot.storage.unit_of_work import UnitOfWork


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def render(template: str, context: Mapping[str, Any]) -> Rendered:
    return Rendered(template)


async def main(url: str, name: str) -> None:
    database = await Database.open(url, clock=Clock(), replica_id=name)
    try:
        unit, jobs = UnitOfWork(database, team=Team(), render=render), Jobs(database, name)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)  # both start at once
        while claimed := await jobs.claim(Clock().now(), 3):
            for one in claimed:
                async with unit.for_job(one) as work:
                    work.record(Entry("job.done", (Subject("job", one.job.key), Subject("replica", name))))
                sys.stdout.write(one.job.key + "\n")
                sys.stdout.flush()
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
