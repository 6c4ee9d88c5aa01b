"""How large the database of a busy team of 100 becomes: so many days of what reaches it, swept daily, on SQLite.

    python -m benchmarks.size [--days 10] [--plain]

What GitHub and Alertmanager send is as captured; how often was chosen so that it is what was once measured with such a
team: 46 MB a day, 95 % of it deliveries. ``--plain`` keeps bodies as they come, as before there was compression.
Prints what a day adds by kind, the file after each day's sweep, how long a sweep's longest transaction took, and the
steady size that follows from the ages at which each kind is forgotten.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, text

from bot.core.ledger import Entry, Subject
from bot.core.retention import Retention
from bot.runtime.upkeep import tidy
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.outbox.outbox import Outbox
from bot.storage.outbox.tables import MESSAGE, SENT, outbox
from bot.storage.queues import bodies
from bot.storage.queues.inbox import inbox_table
from bot.storage.queues.jobs import job_table
from bot.storage.queues.leases import DONE
from bot.storage.queues.receipts import receipt_table
from bot.storage.work.unit_of_work import UnitOfWork

VENDORS = Path(__file__).resolve().parents[1] / "bot" / "vendors"
A_DAY = {  # deliveries
    "github/push_main": 400,
    "github/pull_request_opened": 80,
    "github/pull_request_merged": 80,
    "github/pull_request_review_approved": 160,
    "github/workflow_run_build_started": 1_000,
    "github/workflow_run_build_passed": 1_000,
    "github/status_success": 800,
    "github/deployment_status_success": 60,
    "alertmanager/firing_one": 200,
    "alertmanager/firing_one_resolved": 200,
}
MESSAGES, JOBS, GESTURES, ENTRIES = 700, 700, 2_000, 1_000  # a day
CARD = [{"type": "section", "text": {"type": "mrkdwn", "text": "What is deployed, by whom, since when. " * 20}}]
TOGETHER = 100  # rows a transaction
START = datetime(2026, 1, 5, tzinfo=UTC)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        """The instant."""
        return self.at


class Timed(Database):
    """Counts how long its longest write transaction held up everybody else."""

    longest = 0.0

    @asynccontextmanager
    async def block(self, *, first: bool = False) -> AsyncIterator[Any]:
        """As a database's; the commit waits for the disk in a thread, and is not counted."""
        async with super().block(first=first) as block:
            began = time.perf_counter()
            yield block
            self.longest = max(self.longest, time.perf_counter() - began)


def _captured(name: str) -> tuple[dict[str, str], bytes]:
    folder, file = name.split("/")
    head, _, body = (VENDORS / folder / "deliveries" / f"{file}.http").read_text("utf-8").partition("\n\n")
    lines = (line.partition(": ") for line in head.splitlines()[1:])
    return {key.lower(): value for key, _, value in lines}, body.strip().encode()


async def _deliveries(day: int, at: datetime) -> list[dict[str, Any]]:
    ended = {"state": DONE, "run_at": at, "attempt": 1, "received_at": at, "ended_at": at, "note": ""}
    rows: list[dict[str, Any]] = []
    for kind, (name, times) in enumerate(A_DAY.items()):
        headers, body = _captured(name)
        source, kept = name.split("/")[0], await bodies.packed(body)
        ids = (f"{day:08}-{n:04}-11ee-9d2b-{kind:012}" for n in range(times))
        rows += [{"source": source, "delivery_id": id, "headers": headers, **kept, **ended} for id in ids]
    return rows


def _messages(day: int, at: datetime) -> Iterator[dict[str, Any]]:
    shown = {"state": SENT, "lane": "C1", "turn": 0, "channel": "C1", "ready_at": at, "put_at": at, "sent_at": at}
    said = {"kind": MESSAGE, "to": "#deploys", "band": 1, "text": "D-12 is live", "blocks": CARD, "revision": 1}
    for n in range(MESSAGES):
        yield {"key": f"deployment:{day}:{n}", "digest": f"{n:032x}", "ts": f"{day}.{n:06}", **shown, **said}


def _jobs(day: int, at: datetime) -> Iterator[dict[str, Any]]:
    ended = {"state": "done", "run_at": at, "attempt": 1, "ended_at": at, "due": at, "moved": False, "owed_at": at}
    for n in range(JOBS):
        yield {"key": f"deploy.expire:{day}:{n}", "kind": "deploy.expire", "args": {"id": f"D-{n}"}, **ended}


async def _write(database: Database, table: Table, rows: list[dict[str, Any]]) -> None:
    for first in range(0, len(rows), TOGETHER):
        async with database.write() as conn:
            await conn.execute(insert(table), rows[first : first + TOGETHER])


async def _record(unit: UnitOfWork, day: int) -> None:
    for first in range(0, ENTRIES, TOGETHER):
        async with unit() as work:
            for n in range(first, first + TOGETHER):
                subject = Subject("deployment", f"D-{day}-{n}")
                work.record(Entry("deployment.approved", (subject,), "U0ANA", {"service": "web", "n": n}))


async def _a_day(database: Database, unit: UnitOfWork, day: int) -> dict[str, int]:
    """Write what a day brings; gives by how many bytes each kind made the file grow."""
    at = database.clock.now()
    grown: dict[str, int] = {}
    before = await _used(database)
    swept: dict[str, tuple[Table, list[dict[str, Any]]]] = {
        "deliveries": (inbox_table, await _deliveries(day, at)),
        "messages": (outbox, list(_messages(day, at))),
        "jobs": (job_table, list(_jobs(day, at))),
        "gestures": (receipt_table, [{"key": f"slash:{day}:{n}", "at": at} for n in range(GESTURES)]),
    }
    for kind, (table, rows) in swept.items():
        await _write(database, table, rows)
        after = await _used(database)
        grown[kind], before = after - before, after
    await _record(unit, day)
    grown["ledger"] = await _used(database) - before
    return grown


async def _used(database: Database) -> int:
    async with database.read() as conn:
        pages, free, size = [
            (await conn.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        ]
    return (pages - free) * size


async def measure(days: int) -> None:
    """Run it."""
    clock, kept = Clock(), Retention()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "size.db"
        database = await Timed.open(f"sqlite:///{path}", clock=clock, replica_id="size")
        try:
            await migrate(database)
            unit = UnitOfWork(database, team=None, render=None)  # type: ignore[arg-type]
            grown: dict[str, int] = {}
            for day in range(days):
                brought = await _a_day(database, unit, day)
                grown = grown or brought
                clock.at += timedelta(days=1)
                database.longest = 0.0
                await tidy(database, Outbox(database, "size"), kept)
                files = sum(each.stat().st_size for each in path.parent.glob("size.db*"))
                print(f"day {day + 1:3}: {files / 1e6:6.1f} MB, longest {database.longest * 1e3:5.1f} ms")
        finally:
            await database.close()
    _say(grown, kept)


def _say(grown: dict[str, int], kept: Retention) -> None:
    total = sum(grown.values())
    print(f"a day adds {total / 1e6:.1f} MB: " + ", ".join(f"{k} {v / 1e6:.2f}" for k, v in grown.items()))
    steady = {
        kind: size * (getattr(kept, kind) / timedelta(days=1)) for kind, size in grown.items() if kind != "ledger"
    }
    print(
        f"steady: {sum(steady.values()) / 1e6:.0f} MB: "
        + ", ".join(f"{k} {v / 1e6:.0f}" for k, v in steady.items())
    )
    print(f"and the ledger, for ever: {grown['ledger'] * 365 / 1e6:.0f} MB a year")


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="benchmarks.size")
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--plain", action="store_true", help="keep bodies as they come")
    given = parser.parse_args(sys.argv[1:])
    if given.plain:
        bodies.PACKED_FROM = sys.maxsize
    asyncio.run(measure(given.days))


if __name__ == "__main__":
    main()
