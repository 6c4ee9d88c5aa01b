"""500 messages while the messenger is killed at 20 random instants: none lost, none doubled, all in order."""

import asyncio
import random
from collections import Counter, defaultdict
from typing import Any

import pytest
from sqlalchemy import text

from tests.crash import runner
from tests.crash.children import Children
from tests.crash.plan import CHANNELS, expected
from tests.slack.workspace import Workspace, workspace

pytestmark = pytest.mark.crash
KILLS = 20


@pytest.fixture
async def place(tmp_path, clock):
    async with workspace(tmp_path, clock, channels=CHANNELS) as made:
        made.play.clock.offset_seconds = 0.0  # the children live by the machine's clock
        yield made


async def prepare(url: str, open_database) -> None:
    database = await open_database(url)
    async with database.write() as conn:
        await conn.execute(text("CREATE TABLE crash_progress (n INTEGER NOT NULL)"))
        await conn.execute(text("INSERT INTO crash_progress VALUES (0)"))
    await database.close()


async def run_and_kill(url: str, place: Workspace, chance: random.Random, *, replicas: int) -> None:
    children = Children()
    api = f"{place.url}/api/"
    for n in range(KILLS):
        while len(children.alive) < replicas:
            await children.start(runner.send, url, api)
        if n % 4 == 0:
            kind = chance.choice(["reset_after_write", "timeout_after_write", "reset_before_write"])
            await place.fault(kind=kind, method="chat.postMessage")
        await asyncio.sleep(chance.uniform(0.0, 0.25))
        await children.kill(chance.choice(children.alive))
    await place.fault(kind="clear")
    while len(children.alive) < replicas:
        await children.start(runner.send, url, api)
    assert await children.finish() == [0] * replicas


def check(said: list[dict[str, Any]]) -> None:
    wanted = expected()
    keys = [one["metadata"]["event_payload"]["key"] for one in said]
    doubled = {key: count for key, count in Counter(keys).items() if count > 1}
    assert not doubled
    assert set(wanted.texts) - set(keys) == set(), "lost"
    by_key = dict(zip(keys, said, strict=True))
    arrived = defaultdict(list)
    for key, one in zip(keys, said, strict=True):
        arrived[one["channel"]].append(key)
    assert arrived == wanted.order
    assert {key: one["text"] for key, one in by_key.items()} == wanted.texts
    for key, parent in wanted.parents.items():
        assert by_key[key]["thread_ts"] == by_key[parent]["ts"]


async def test_every_message_is_said_once_and_in_order_however_often_the_bot_is_killed(
    database_url, open_database, place, chance
):
    await prepare(database_url, open_database)
    await run_and_kill(database_url, place, chance, replicas=1)
    check(await place.messages())


async def test_every_message_is_said_once_and_in_order_by_two_replicas_that_are_killed(
    postgres_server, open_database, place, chance
):
    url = postgres_server.fresh()
    await prepare(url, open_database)
    await run_and_kill(url, place, chance, replicas=2)
    check(await place.messages())
