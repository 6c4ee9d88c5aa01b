"""How fast a stand-up's nine o'clock wave leaves: 1,000 questions, against the pace that Slack allows.

    python -m benchmarks.prompts [sqlite|postgresql] [--people 1000] [--burst 120] [--per-second 8]

Every question is a direct message, so each stands in a conversation of its own, and the one message a second that
Slack allows in each of them binds nobody. What binds is the ceiling for a whole workspace, of which Slack says
"several hundred messages per minute": we take ``Pace``: a bucket of 120 that is refilled with 8 a second (480 a
minute). The ideal is the time from which on such a bucket has let all of them out; the ratio is the ideal over what
it took from the instant at which the jobs were due, so job handling, rendering and the database count against us.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import insert

from benchmarks.standups import database_url
from bot.core.people import Person
from bot.core.ports import Tools
from bot.core.team import Team
from bot.playground.options import DEFAULT_SEED, Options
from bot.runtime.worker import Worker
from bot.slack.outbound import Messenger, Sender, SlackAddresses, slack_client
from bot.slack.rendering.render import Rendering
from bot.stages.standup import plan_day, prompts
from bot.stages.standup.model.round import Prompt, Round
from bot.stages.standup.model.setup import Setup, Standup
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.outbox.outbox import Outbox, Pace
from bot.storage.outbox.tables import addresses
from bot.storage.queues.inbox import Inbox
from bot.storage.work.unit_of_work import UnitOfWork

WANTED = 0.95  # of the pace that Slack allows
BEFORE = timedelta(seconds=3)  # the wave, for everything to be running
SPARE_SECONDS = 60


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def seed(folder: Path, people: int) -> Path:
    """A workspace with that many people and nothing said."""
    made = json.loads(DEFAULT_SEED.read_text(encoding="utf-8"))
    alike = {"title": "", "tz": "Europe/Berlin", "color": "2b5a8a"}
    made["people"] += [
        {"id": f"U{n:05}", "name": f"p{n}", "real_name": f"Person {n}", **alike} for n in range(people)
    ]
    made["messages"] = []
    path = folder / "seed.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


@contextlib.asynccontextmanager
async def playground(folder: Path, people: int):
    """The stand-in in a process of its own; gives its address."""
    arguments = ["-m", "bot.playground", "--port", "0", "--seed", str(seed(folder, people))]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        line = (await process.stdout.readline()).decode() if process.stdout else ""
        yield next(word for word in line.split() if word.startswith("http")).rstrip("/.,")
    finally:
        process.terminate()
        await process.wait()


async def plan(unit: UnitOfWork, at: datetime, people: list[Person]) -> None:
    """A round that asks everybody at one instant."""
    wave = [Prompt(person.id, person.zone, at, at + timedelta(hours=3)) for person in people]
    async with unit() as work:
        setup = Setup("Everybody", "C0GENERAL", tuple(person.id for person in people))
        standup = await work.add(Standup.make(setup, people[0].id, work.now))
        round = await work.add(Round.planned(standup, at.date(), wave, (), work.now))
        plan_day.owe_round(work, standup, round, wave)


async def know_conversations(database: Database, client: Any, people: list[Person], clock: SystemClock) -> None:
    """As on every day but a member's first: Slack opens some 50 direct conversations a minute, and they stay."""
    rows: list[dict[str, Any]] = []
    for person in people:
        answer = await client.conversations_open(users=person.id)
        rows.append({"to": person.id, "channel": answer["channel"]["id"], "found_at": clock.now()})
    async with database.write() as conn:
        await conn.execute(insert(addresses), rows)


async def wave(url: str, database_url: str, count: int, pace: Pace) -> tuple[list[float], datetime]:
    """When each question was received, in order, as Slack would see it; and when they were due."""
    clock = SystemClock()
    people = [Person(f"U{n:05}", f"p{n}", "Europe/Berlin") for n in range(count)]
    database = await Database.open(database_url, clock=clock, replica_id="benchmark")
    await migrate(database)
    unit = UnitOfWork(database, team=Team(), render=Rendering())
    tools = Tools(unit, clock, None, Team())  # type: ignore[arg-type]
    inside = {plan_day.PROMPT: prompts.prompt_when_due, plan_day.OPEN: plan_day.open_when_due}
    inbox = Inbox(database, "benchmark")
    worker = Worker(database, unit, tools, inbox=inbox, inside=inside, outside={}, settle=_nothing)
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as watching:
        client = slack_client(Options().bot_token, session, f"{url}/api/")
        await know_conversations(database, client, people, clock)
        outbox = Outbox(database, "benchmark", pace=pace)
        messenger = Messenger(database, outbox, Sender(client, SlackAddresses(client, clock.now), clock.now), clock)
        at = clock.now() + BEFORE
        await plan(unit, at, people)
        running = [asyncio.create_task(worker.run()), asyncio.create_task(messenger.run())]
        end = time.monotonic() + BEFORE.total_seconds() + ideal_seconds(count, pace) + SPARE_SECONDS
        arrived: list[dict[str, Any]] = []
        while len(arrived) < count and time.monotonic() < end:
            await asyncio.sleep(1.0)
            arrived = [one for one in await _messages(watching, url) if one["channel"].startswith("D")]
        await worker.stop(running[0])
        await messenger.stop(running[1])
    await database.close()
    doubled = [n for n in Counter(one["channel"] for one in arrived).values() if n > 1]
    if doubled:
        sys.exit(f"{len(doubled)} people were asked twice")
    return sorted(one["received_at"] for one in arrived), at


def ideal_seconds(count: int, pace: Pace) -> float:
    """How long a full bucket needs to let so many out."""
    return max(count - pace.burst, 0.0) / pace.per_second


async def _messages(session: aiohttp.ClientSession, url: str) -> list[dict[str, Any]]:
    async with session.get(f"{url}/_play/messages") as answer:
        return [one for one in (await answer.json())["messages"] if one["from_bot"]]


async def _nothing(*_: Any) -> str:
    return ""


def report(arrived: list[float], at: datetime, count: int, pace: Pace) -> bool:
    """Print the figures; whether they are as they must be."""
    ideal = ideal_seconds(count, pace)
    took = (arrived[-1] if arrived else float("inf")) - at.timestamp()
    ratio = ideal / took
    print(f"asked              {len(arrived)} of {count}")
    print(f"first question     {arrived[0] - at.timestamp() if arrived else float('nan'):.2f} s after it was due")
    print(f"pace assumed       a bucket of {pace.burst:.0f}, refilled with {pace.per_second:g} a second")
    print(f"last question      {took:.2f} s after it was due; the pace allows it after {ideal:.2f} s")
    print(f"of Slack's pace    {ratio:.3f} (wanted {WANTED})")
    return len(arrived) == count and ratio >= WANTED


async def main() -> int:
    """Run it once; 0 when the figures are as they must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="?", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--burst", type=float, default=Pace().burst)
    parser.add_argument("--per-second", type=float, default=Pace().per_second)
    given = parser.parse_args()
    pace = Pace(burst=given.burst, per_second=given.per_second)
    with tempfile.TemporaryDirectory() as folder, database_url(given.kind) as database:
        async with playground(Path(folder), given.people) as url:
            arrived, at = await wave(url, database, given.people, pace)
    return 0 if report(arrived, at, given.people, pace) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
