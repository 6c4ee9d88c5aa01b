"""How fast flags are served: bulk evaluation of 200 flags over OFREP, for another user each time.

    python -m benchmarks.ofrep [--flags 200] [--connections 16] [--seconds 5]

The server is one process on one core, with a real database behind it; a second process asks. First nothing else
happens; then the ledger grows by 50 entries a second, and one flag changes every second, so that all of them are read
anew. Aims: 1,000 answers a second, and a p99 below ten times the median.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aiohttp import web

from benchmarks.load import closed
from bot.core.ledger import Entry, Subject
from bot.core.messages import Rendered
from bot.core.people import Person
from bot.core.team import Team
from bot.flag_serving.flag_book import FlagBook
from bot.flag_serving.ofrep import BODY_MAX, PATH, Ofrep
from bot.stages.flags.model.flag import OFF, ON, Flag, Kind, Place, Serving
from bot.stages.flags.model.segment import read_segment
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.work.unit_of_work import UnitOfWork
from bot.vendors.flagd.bucketing import murmur3

TOKEN = "token-of-the-benchmark"
AIM_PER_SECOND, AIM_RATIO = 1_000, 10
READY = 20_000  # requests made ahead

# What is served of every ten flags: what a team would have, with more of the costly kinds than of the cheap ones.
SERVINGS = (
    ON,
    OFF,
    Serving(100),
    Serving(1_000),
    Serving(5_000),
    Serving(2_500, read_segment("plan = pro", {})),
    Serving(10_000, read_segment("country in DE, AT, CH and version >= 2.4.0", {})),
    Serving(10_000, read_segment("email ends with @example.com", {})),
    Serving(1_000, always=read_segment("plan = team", {})),
    Serving(5_000, read_segment("age >= 18 and country not in FR, IT", {})),
)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def flags(count: int) -> list[Flag]:
    """That many flags, every seventh with an object as its value."""
    now, by = datetime.now(UTC), Person("U0ANA", "Ana")
    made: list[Flag] = []
    for number in range(count):
        key = f"feature-{number}"
        if number % 7 == 6:
            flag = Flag.make(key, by, now, kind=Kind.OBJECT, on='{"limit": 50, "theme": "dark"}', off="{}")
        else:
            flag = Flag.make(key, by, now)
        made.append(flag.put("production", Place(SERVINGS[number % len(SERVINGS)], now)))
    return made


@contextlib.asynccontextmanager
async def serving(folder: str, count: int) -> AsyncIterator[tuple[str, UnitOfWork]]:
    """The flags on a port; gives its address, and what changes them."""
    database = await Database.open(f"sqlite:///{folder}/bench.db", clock=SystemClock(), replica_id="bench")
    await migrate(database)
    unit = UnitOfWork(database, team=Team(), render=lambda *_: Rendered(""))
    async with unit() as work:
        for flag in flags(count):
            work.record(Entry("flag.added", (await work.add(flag)).subjects()))
    book = FlagBook(unit, lambda: database.generation, ("production",), murmur3)
    app = web.Application(client_max_size=BODY_MAX)
    app.add_routes(Ofrep(book, {"production": TOKEN}).routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", unit
    finally:
        await runner.cleanup()
        await database.close()


async def disturb(unit: UnitOfWork) -> None:
    """Entries of other things, 50 a second, and a change of one flag every second."""
    turn = 0
    while True:
        async with unit() as work:
            work.record(Entry("alert.fired", (Subject("alert", f"A-{turn}"),)))
            if turn % 50 == 0 and (flag := await work.get(Flag, "feature-0")):
                flag = flag.put("production", Place(ON if turn % 100 else OFF, work.now))
                await work.save(flag)
                work.record(Entry("flag.changed", flag.subjects("production")))
        turn += 1
        await asyncio.sleep(0.02)


def request(host: str, number: int) -> bytes:
    """A question about the user of this number, as bytes on the wire."""
    context = {
        "targetingKey": f"user-{number}",
        "plan": ("free", "pro", "team")[number % 3],
        "country": ("DE", "FR", "US", "AT")[number % 4],
        "version": f"2.{number % 9}.0",
        "email": f"u{number}@example.{'com' if number % 2 else 'org'}",
        "age": number % 80,
    }
    body = json.dumps({"context": context}).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(url: str, connections: int, seconds: float) -> None:
    """The second process: prints what it saw, as one line of JSON."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    made = [request(f"{host}:{port}", number) for number in range(READY)]
    print(json.dumps(await closed(made, host, port, connections, seconds)))


async def asked(url: str, connections: int, seconds: float) -> dict[str, float]:
    """What the second process saw, and how much of a core the server took for it."""
    arguments = [
        "-m",
        "benchmarks.ofrep",
        "--ask",
        url,
        "--connections",
        str(connections),
        "--seconds",
        str(seconds),
    ]
    before = time.process_time()
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    told = json.loads((await process.communicate())[0])
    spent = time.process_time() - before
    if told["not_200"]:
        raise RuntimeError(f"{told['not_200']} answers were not 200")
    return told | {"per_core_second": told["count"] / spent}


async def measure(count: int, connections: int, seconds: float) -> bool:
    """Both rounds; whether both aims were met in both."""
    met = True
    with tempfile.TemporaryDirectory() as folder:
        async with serving(folder, count) as (url, unit):
            for name in ("nothing else happens", "the ledger grows and flags change"):
                other = None if name.startswith("nothing") else asyncio.create_task(disturb(unit))
                told = await asked(url, connections, seconds)
                if other is not None:
                    other.cancel()
                ratio = told["p99_ms"] / told["p50_ms"]
                met &= told["per_second"] >= AIM_PER_SECOND and ratio < AIM_RATIO
                print(
                    f"{count} flags, {name}: {told['per_second']:,.0f} answers a second (aim {AIM_PER_SECOND:,}) · "
                    f"p50 {told['p50_ms']:.1f} ms · p99 {told['p99_ms']:.1f} ms, {ratio:.1f} times as long (aim "
                    f"< {AIM_RATIO}) · {told['per_core_second']:,.0f} for each second of a core"
                )
    return met


def main() -> None:
    """Parse, measure, print; ends with 1 where an aim was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flags", type=int, default=200)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--ask", metavar="URL", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.ask:
        return asyncio.run(ask(args.ask, args.connections, args.seconds))
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    sys.exit(not asyncio.run(measure(args.flags, args.connections, args.seconds)))


if __name__ == "__main__":
    main()
