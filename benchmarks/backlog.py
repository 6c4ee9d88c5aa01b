"""What a look for the next message costs while many wait: ``python -m benchmarks.backlog [--database URL]``.

Printed is the median of a claim that finds one message, with nothing else waiting, with 5,000 waiting in one channel,
and with 50,000 in 200 channels, and each of them beside the first. The database has to be empty.
"""

import argparse
import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.outbox import SystemClock
from bot.core.messages import Band
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.outbox.outbox import Outbox, Put, put
from bot.storage.outbox.steps import Later

LOOKS, AT_ONCE = 15, 1_000
BACKLOGS = (
    ("nothing else", "none", 0, 1),
    ("5,000 in one", "one", 5_000, 1),
    ("50,000 in 200", "all", 45_000, 200),
)


async def look(database: Database, outbox: Outbox, number: int) -> float:
    """Seconds to find one urgent message; it is put off afterwards."""
    now = database.clock.now()
    async with database.write() as conn:
        await put(conn, [Put(f"urgent:{number}", f"CURGENT{number}", "now", band=Band.NOW)], now)
    began = time.perf_counter()
    claim = await outbox.claim(1)
    took = time.perf_counter() - began
    assert [step.key for step in claim.steps] == [f"urgent:{number}"]
    await outbox.settle([Later(claim.steps[0], now + timedelta(days=1), "measured")])
    return took


async def wait_there(database: Database, name: str, many: int, channels: int) -> None:
    """Put so many where nothing but the clock keeps them."""
    puts = [
        Put(f"{name}:{n}", f"C{name.upper()}{n % channels}", f"message {n}", band=Band.BULK) for n in range(many)
    ]
    for first in range(0, many, AT_ONCE):
        async with database.write() as conn:
            await put(conn, puts[first : first + AT_ONCE], database.clock.now())


async def measure(url: str) -> None:
    """Print the three medians."""
    database = await Database.open(url, clock=SystemClock(), replica_id="benchmark")
    try:
        await migrate(database)
        outbox = Outbox(database, "benchmark")
        alone = 0.0
        for place, (what, name, many, channels) in enumerate(BACKLOGS):
            await wait_there(database, name, many, channels)
            if database.dialect == "postgresql":
                async with database.write() as conn:
                    await conn.exec_driver_sql("ANALYZE outbox")
            took = median([await look(database, outbox, place * LOOKS + n) for n in range(LOOKS)]) * 1000
            alone = alone or took
            print(f"{database.dialect:<12} {what:<14} {took:8.2f} ms · {took / alone:6.1f} times", flush=True)
    finally:
        await database.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="default: a SQLite file in a temporary folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(given.database or f"sqlite:///{Path(name) / 'bench.db'}"))


if __name__ == "__main__":
    main()
