"""What hangs at Slack for bulk messages holds up no message that cannot wait."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.messages import Band
from bot.outside_ports import session_for_all
from bot.slack.outbound import Messenger, Patience, Sender, SlackAddresses, slack_client
from bot.slack.outbound.places import AT_ONCE, UP_TO, rooms
from bot.storage.engine.database import Database
from bot.storage.outbox.heads import Head, fitting
from bot.storage.outbox.outbox import Outbox, Pace, Put, put
from tests.slack.outbound.test_running import SystemClock

MANY = AT_ONCE + 20  # channels with a bulk message each
# The workspace's pace has room for all of them: what is short here are places.
WIDE = Pace(post_gap=timedelta(0), edit_gap=timedelta(0), burst=1_000.0, per_second=1_000.0)


class HangingSlack:
    """Slack's web API that answers posts to channels of bulk messages only once it is let."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.hang: Counter[str] = Counter()
        self.posted: list[str] = []
        self.more = asyncio.Event()

    async def post(self, request: web.Request) -> web.Response:
        asked = await request.json() if request.content_type == "application/json" else await request.post()
        channel = str(asked["channel"])
        band = channel[1]
        if band != "0":
            self.hang[band] += 1
            self.more.set()
            await self.let_go.wait()
        self.posted.append(channel)
        self.more.set()
        ts = f"{len(self.posted)}.000100"
        return web.json_response({"ok": True, "channel": channel, "ts": ts, "message": {"ts": ts}})

    async def until(self, so) -> None:
        async with asyncio.timeout(20):
            while not so():
                await self.more.wait()
                self.more.clear()


async def heard(_: web.Request) -> web.Response:
    """What Slack says to what comes to a response_url."""
    return web.json_response({"ok": True})


@asynccontextmanager
async def messenger_of(slack: HangingSlack, database: Database) -> AsyncIterator[SimpleNamespace]:
    app = web.Application()
    app.router.add_post("/api/chat.postMessage", slack.post)
    app.router.add_post("/respond", heard)
    async with TestServer(app) as server, session_for_all() as session:
        client = slack_client("xoxb-1", session, str(server.make_url("/api/")))
        now = database.clock.now
        outbox = Outbox(database, "me", pace=WIDE)
        patience = Patience(call=timedelta(seconds=60))
        sender = Sender(client, SlackAddresses(client, now), now, patience=patience)
        messenger = Messenger(database, outbox, sender, database.clock)
        running = asyncio.create_task(messenger.run())
        try:
            yield SimpleNamespace(session=session, respond=server.make_url("/respond"))
        finally:
            slack.let_go.set()
            await messenger.stop(running)


@pytest.fixture
async def real(database_url):
    """A database on the machine's clock."""
    database = await Database.open(database_url, clock=SystemClock(), replica_id="real")
    yield database
    await database.close()


async def say(database: Database, band: Band, many: int, first: int = 0) -> None:
    async with database.write() as conn:
        puts = [Put(f"{band}-{n}", f"C{int(band)}{n:05}", "x", band=band) for n in range(first, first + many)]
        await put(conn, puts, database.clock.now())
        database.wake("outbox")


async def test_what_cannot_wait_goes_while_calls_for_the_rest_hang(real: Database):
    slack = HangingSlack()
    async with messenger_of(slack, real):
        await say(real, Band.BULK, MANY)
        await slack.until(lambda: slack.hang["2"] == UP_TO[Band.BULK])
        await say(real, Band.NORMAL, MANY)
        await slack.until(lambda: slack.hang["1"] == UP_TO[Band.NORMAL] - UP_TO[Band.BULK])
        await say(real, Band.NOW, 5)
        await slack.until(lambda: len(slack.posted) == 5)

        assert slack.hang == {"2": UP_TO[Band.BULK], "1": UP_TO[Band.NORMAL] - UP_TO[Band.BULK]}
        slack.let_go.set()
        await slack.until(lambda: len(slack.posted) == 2 * MANY + 5)
    assert len(set(slack.posted)) == 2 * MANY + 5


async def test_a_private_answer_finds_a_connection_while_all_messages_hang(real: Database):
    """It goes to the response_url of its gesture, over the same session."""
    slack = HangingSlack()
    async with messenger_of(slack, real) as there:
        for band in (Band.BULK, Band.NORMAL):
            await say(real, band, MANY)
        await slack.until(lambda: slack.hang.total() == UP_TO[Band.NORMAL])
        async with asyncio.timeout(10):
            answers = [there.session.post(there.respond, json={}) for _ in range(AT_ONCE)]
            assert [one.status for one in await asyncio.gather(*answers)] == [200] * AT_ONCE


def test_each_band_has_places_that_no_later_one_takes():
    assert rooms([]) == {Band.NOW: 100, Band.NORMAL: 80, Band.BULK: 60}
    assert rooms([Band.BULK] * 60 + [Band.NOW] * 5) == {Band.NOW: 35, Band.NORMAL: 20, Band.BULK: 0}
    assert rooms([Band.NORMAL] * 80) == {Band.NOW: 20, Band.NORMAL: 0, Band.BULK: 60}

    def heads(*bands: Band) -> list[Head]:
        return [Head(n, f"C{n}", band, paid=True) for n, band in enumerate(bands)]

    wanted = heads(Band.NOW, Band.NORMAL, Band.NORMAL, Band.BULK, Band.BULK)
    full_of_bulk = {Band.NOW: 40, Band.NORMAL: 1, Band.BULK: 0}
    assert [head.id for head in fitting(wanted, full_of_bulk)] == [0, 1]
    full_of_normal = rooms([Band.NORMAL] * 80)
    assert [head.id for head in fitting(wanted, full_of_normal)] == [0]
    assert fitting(wanted, {}) == wanted
