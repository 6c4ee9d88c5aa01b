"""A playground to post to, with as many channels as wanted, whose clock goes with the test's."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot.playground.options import DEFAULT_SEED, Options
from bot.playground.server import Served, serving
from bot.slack.outbound import Messenger, Patience, Sender, SlackAddresses, slack_client
from bot.storage.outbox.outbox import Outbox
from tests.fakes import FakeClock


def seed_of(folder: Path, channels: int, people: int = 0) -> Path:
    """A seed file with channels #c0, #c1 …, whose ids are C0000 …, more people U00000 …, and nothing said yet."""
    seed = json.loads(DEFAULT_SEED.read_text(encoding="utf-8"))
    seed["channels"] = [{"id": f"C{n:04}", "name": f"c{n}", "topic": ""} for n in range(channels)]
    alike = {"title": "", "tz": "Europe/Berlin", "color": "2b5a8a"}
    seed["people"] += [
        {"id": f"U{n:05}", "name": f"p{n}", "real_name": f"Person {n}", **alike} for n in range(people)
    ]
    seed["messages"] = []
    path = folder / "seed.json"
    path.write_text(json.dumps(seed), encoding="utf-8")
    return path


class Workspace:
    """The stand-in, and what a test wants to know of it."""

    def __init__(self, served: Served, session: aiohttp.ClientSession, clock: FakeClock) -> None:
        self.url = served.url
        self.play = served.play
        self.client = slack_client(served.play.options.bot_token, session, f"{served.url}/api/")
        self._session = session
        self._clock = clock

    def keep_time(self) -> None:
        """Set the stand-in's clock by the test's."""
        self.play.clock.offset_seconds = self._clock.now().timestamp() - time.time()

    async def fault(self, **fault: Any) -> None:
        async with self._session.post(f"{self.url}/_play/faults", json=fault) as answer:
            assert (await answer.json())["ok"]

    async def messages(self) -> list[dict[str, Any]]:
        """What the bot has said, in the order in which it was received."""
        async with self._session.get(f"{self.url}/_play/messages") as answer:
            return [one for one in (await answer.json())["messages"] if one["from_bot"]]

    async def texts(self) -> list[str]:
        return [message["text"] for message in await self.messages()]

    def calls(self, method: str) -> int:
        """How often the bot has called a method."""
        return sum(row["what"] == method for row in self.play.traffic.after(0))


@asynccontextmanager
async def workspace(
    folder: Path, clock: FakeClock, *, channels: int = 3, people: int = 0
) -> AsyncIterator[Workspace]:
    """A playground of its own for a test."""
    async with (
        serving(Options(seed=seed_of(folder, channels, people))) as served,
        aiohttp.ClientSession() as session,
    ):
        made = Workspace(served, session, clock)
        made.keep_time()
        yield made


def messenger_for(database: Any, place: Workspace, clock: FakeClock, **patience: Any) -> tuple[Messenger, Outbox]:
    """A messenger of that database that posts there."""
    outbox = Outbox(database, database.replica_id)
    addresses = SlackAddresses(place.client, clock.now)
    sender = Sender(place.client, addresses, clock.now, patience=Patience(**patience))
    return Messenger(database, outbox, sender, clock), outbox
