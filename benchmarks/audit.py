"""How fast the ledger is audited: ``python -m benchmarks.audit [entries]``.

A ledger on SQLite of as many entries, each about six subjects as a deployment's are, is sealed and then audited beside
nothing else. Printed are entries a second, and by how much the audit's memory grew (tracemalloc, in a second, smaller
run, as watching costs time). Exits with 1 where an aim is missed.
"""

import argparse
import asyncio
import sys
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from bot.runtime.clock import SystemClock
from bot.storage.engine.database import Database
from bot.storage.engine.snapshot import snapshot
from bot.storage.ledger import audits
from bot.storage.ledger.ledger import ledger_table, subject_table
from bot.storage.ledger.seals import Sealer
from bot.storage.migrations import migrate

ENTRIES, WATCHED, BATCH = 100_000, 20_000, 5_000
PER_SECOND_AIM, MEGABYTES_AIM = 20_000, 8
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)


async def write(database: Database, entries: int) -> None:
    """So many entries, sealed."""
    for first in range(1, entries + 1, BATCH):
        numbers = range(first, min(first + BATCH, entries + 1))
        about = {n: _subjects(n) for n in numbers}
        rows = [
            {
                "id": n,
                "at": BEGIN + timedelta(seconds=n),
                "kind": "deployment.started" if n % 3 else "deployment.requested",
                "by": f"U0{n % 40:08}",
                "subjects": about[n],
                "facts": {"run": 1, "because": "café", "seconds": n % 600, "rolls_back": n % 9 == 0},
            }
            for n in numbers
        ]
        index = [{"subject": subject, "entry_id": n} for n in numbers for subject in about[n]]
        async with database.write() as conn:
            await conn.execute(insert(ledger_table), rows)
            await conn.execute(insert(subject_table), index)
    sealer = Sealer(database)
    while await sealer.seal():
        pass


def _subjects(n: int) -> list[str]:
    sha = f"{n // 4:040x}"
    return [
        *(f"deployment:D-{n // 4}", f"version:web@v1.{n // 4}", f"sha:{sha}", f"change:C-{n // 9}"),
        *("service:web", "environment:production"),
    ]


async def audited(url: str) -> None:
    """Read it all. Raises ``AssertionError`` where it is not whole."""
    async with snapshot(url) as conn:
        report = await audits.audit(conn, BEGIN + timedelta(days=900))
    assert not report.faults, report.faults


async def measure(entries: int, watched: int) -> bool:
    """Print what it takes; whether the aims are met."""
    with tempfile.TemporaryDirectory() as folder:
        for number in (entries, watched):
            url = f"sqlite:///{Path(folder) / f'{number}.db'}"
            database = await Database.open(url, clock=SystemClock(), replica_id="bench")
            await migrate(database)
            await write(database, number)
            await database.close()
        await audited(f"sqlite:///{Path(folder) / f'{watched}.db'}")  # what is made once is made
        begun = time.process_time()
        await audited(f"sqlite:///{Path(folder) / f'{entries}.db'}")
        per_second = entries / (time.process_time() - begun)
        tracemalloc.start()
        await audited(f"sqlite:///{Path(folder) / f'{watched}.db'}")
        megabytes = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
    print(f"{entries:,} entries: {per_second:,.0f} a second of CPU time (aim {PER_SECOND_AIM:,})")
    print(f"memory: {megabytes:.1f} MB at most over {watched:,} entries (aim {MEGABYTES_AIM})")
    return per_second >= PER_SECOND_AIM and megabytes <= MEGABYTES_AIM


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", type=int, nargs="?", default=ENTRIES)
    parser.add_argument("--watched", type=int, default=WATCHED)
    given = parser.parse_args()
    sys.exit(0 if asyncio.run(measure(given.entries, given.watched)) else 1)


if __name__ == "__main__":
    main()
