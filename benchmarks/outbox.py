"""How fast the outbox drains: 200 channels with 5 messages each, against the ideal of 4 s.

    python -m benchmarks.outbox [--database URL] [--channels 200] [--messages 5]

The stand-in workspace runs in a process of its own. Prints how long it took from the first post to the last as
Slack would see it, and how many channels were out of order or were posted to faster than once a second.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from bot.playground.options import DEFAULT_SEED, Options
from bot.slack.outbound import Messenger, Sender, SlackAddresses, slack_client
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.outbox.outbox import Outbox, Put, put

LIMIT_SECONDS = 60
ALLOWED = 1.1  # times the ideal


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def seed(folder: Path, channels: int) -> Path:
    """A workspace with that many channels and nothing said."""
    made = json.loads(DEFAULT_SEED.read_text(encoding="utf-8"))
    made["channels"] = [{"id": f"C{n:04}", "name": f"c{n}"} for n in range(channels)]
    made["messages"] = []
    path = folder / "seed.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


@contextlib.asynccontextmanager
async def playground(folder: Path, channels: int):
    """The stand-in in a process of its own; gives its address."""
    arguments = ["-m", "bot.playground", "--port", "0", "--seed", str(seed(folder, channels))]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        line = (await process.stdout.readline()).decode()
        yield next(word for word in line.split() if word.startswith("http")).rstrip("/.,")
    finally:
        process.terminate()
        await process.wait()


async def messages(session: aiohttp.ClientSession, url: str) -> list[dict[str, Any]]:
    async with session.get(f"{url}/_play/messages") as answer:
        return [one for one in (await answer.json())["messages"] if one["from_bot"]]


async def drain(url: str, database_url: str, channels: int, each: int) -> tuple[list[dict[str, Any]], float]:
    """Owe everything in one transaction, send it, and give what arrived with the CPU seconds it took us."""
    clock = SystemClock()
    database = await Database.open(database_url, clock=clock, replica_id="benchmark")
    await migrate(database)
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as watching:
        client = slack_client(Options().bot_token, session, f"{url}/api/")
        outbox = Outbox(database, "benchmark")
        messenger = Messenger(database, outbox, Sender(client, SlackAddresses(client, clock.now), clock.now), clock)
        owed = [Put(f"{n}:{c}", f"C{c:04}", f"message {n}") for n in range(each) for c in range(channels)]
        async with database.write() as conn:
            await put(conn, owed, clock.now())
            database.wake("outbox")
        before = resource.getrusage(resource.RUSAGE_SELF)
        running = asyncio.create_task(messenger.run())
        end = time.monotonic() + LIMIT_SECONDS
        while sum((await outbox.depth())[0].values()) and time.monotonic() < end:
            await asyncio.sleep(0.5)
        after = resource.getrusage(resource.RUSAGE_SELF)
        await messenger.stop(running)
        arrived = await messages(watching, url)
    await database.close()
    return arrived, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(arrived: list[dict[str, Any]], channels: int, each: int, cpu: float) -> bool:
    """Print the figures; whether they are as they must be."""
    took = arrived[-1]["received_at"] - arrived[0]["received_at"]
    by_channel: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in arrived:
        by_channel[one["channel"]].append(one)
    disordered = sum(
        [one["text"] for one in found] != [f"message {n}" for n in range(each)] for found in by_channel.values()
    )
    gaps = [
        later["received_at"] - earlier["received_at"]
        for found in by_channel.values()
        for earlier, later in itertools.pairwise(found)
    ]
    ideal = each - 1.0
    print(f"arrived            {len(arrived)} of {channels * each}")
    print(f"first to last      {took:.2f} s, {took / ideal:.3f} times the ideal {ideal:.0f} s (allowed {ALLOWED})")
    print(f"out of order       {disordered} of {channels} channels")
    print(f"faster than 1 s    {sum(gap < 1.0 for gap in gaps)} of {len(gaps)} gaps; shortest {min(gaps):.4f} s")
    print(f"our CPU            {cpu:.2f} s")
    return len(arrived) == channels * each and not disordered and min(gaps) >= 1.0 and took <= ALLOWED * ideal


async def main() -> int:
    """Run it once; 0 when the figures are as they must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="default: a SQLite file in a temporary folder")
    parser.add_argument("--channels", type=int, default=200)
    parser.add_argument("--messages", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database_url = given.database or f"sqlite:///{folder / 'bench.db'}"
        async with playground(folder, given.channels) as url:
            arrived, cpu = await drain(url, database_url, given.channels, given.messages)
        return 0 if report(arrived, given.channels, given.messages, cpu) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
