"""The messenger's loop as it runs: woken, held up, away from its database, stopped."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.slack.outbound import Messenger, Patience, Sender, SlackAddresses, loop
from bot.storage.engine.database import Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.outbox.outbox import Outbox, Pace, Put, put
from tests.slack.workspace import workspace

QUICK = Pace(post_gap=timedelta(seconds=0.02), edit_gap=timedelta(seconds=0.02))


class SystemClock:
    """The machine's clock: these tests let the loop run by itself."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
async def place(tmp_path, clock):
    async with workspace(tmp_path, clock) as made:
        made.play.clock.offset_seconds = 0.0
        yield made


@pytest.fixture
async def real(database_url):
    """A database on the machine's clock."""
    database = await Database.open(database_url, clock=SystemClock(), replica_id="real")
    yield database
    await database.close()


def build(real: Database, place, **patience) -> tuple[Messenger, Outbox]:
    outbox = Outbox(real, "real", pace=QUICK)
    now = real.clock.now
    sender = Sender(place.client, SlackAddresses(place.client, now), now, patience=Patience(**patience))
    return Messenger(real, outbox, sender, real.clock), outbox


async def say(real: Database, *puts: Put) -> None:
    async with real.write() as conn:
        await put(conn, puts, real.clock.now())
        real.wake("outbox")


async def until(condition, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


async def test_it_sends_as_soon_as_it_is_woken_and_nothing_while_it_is_not(real, place):
    messenger, outbox = build(real, place)
    claims = []
    claim = outbox.claim

    async def counted(*args, **kwargs):
        claims.append(1)
        return await claim(*args, **kwargs)

    outbox.claim = counted
    running = asyncio.create_task(messenger.run())
    await asyncio.sleep(0.5)
    idle = len(claims)
    assert idle <= 3
    began = asyncio.get_running_loop().time()
    await say(real, Put("a", "#c0", "a"), Put("b", "#c0", "b"))

    async def both() -> bool:
        return await place.texts() == ["a", "b"]

    await until(both, seconds=loop.SWEEP_AFTER_SECONDS - 1)
    assert asyncio.get_running_loop().time() - began < loop.SWEEP_AFTER_SECONDS - 1
    await messenger.stop(running)


async def test_stopping_waits_for_the_answer_that_is_under_way_and_leaves_the_rest(real, place):
    messenger, outbox = build(real, place)
    await place.fault(kind="delay", method="chat.postMessage", seconds=0.4)
    await say(real, Put("a", "C0000", "a"), Put("b", "C0000", "b"))
    running = asyncio.create_task(messenger.run())

    async def arrived() -> bool:
        return bool(messenger._under_way)

    await until(arrived)
    await messenger.stop(running)
    assert await place.texts() == ["a"]
    assert await outbox.lookup("a") is not None
    assert sum((await outbox.depth())[0].values()) == 1


async def test_what_a_stop_cannot_wait_for_is_looked_for_by_the_next_start(real, place):
    messenger, outbox = build(real, place)
    await place.fault(kind="delay", method="chat.postMessage", seconds=0.5)
    await say(real, Put("a", "C0000", "a"))
    running = asyncio.create_task(messenger.run())

    async def calling() -> bool:
        return bool(messenger._under_way)

    await until(calling)
    await messenger.stop(running, timedelta(seconds=0.1))
    assert await outbox.lookup("a") is None
    again, outbox = build(real, place)
    running = asyncio.create_task(again.run())

    async def found() -> bool:
        return await outbox.lookup("a") is not None

    await until(found)
    await again.stop(running)
    assert await place.texts() == ["a"]


async def test_a_database_that_goes_away_between_call_and_note_doubles_nothing(real, place):
    messenger, outbox = build(real, place)
    settle, failures = outbox.settle, []

    async def flaky(endings):
        if len(failures) < 3:
            failures.append(1)
            raise StorageUnavailable("gone")
        return await settle(endings)

    outbox.settle = flaky
    running = asyncio.create_task(messenger.run())
    await say(real, Put("a", "C0000", "a"), Put("b", "C0000", "b"))

    async def done() -> bool:
        return await outbox.lookup("b") is not None

    await until(done)
    await messenger.stop(running)
    assert failures == [1, 1, 1]
    assert await place.texts() == ["a", "b"]


async def test_a_step_that_was_held_up_before_it_was_sent_is_not_sent_any_more(real, place):
    messenger, outbox = build(real, place)
    await say(real, Put("a", "C0000", "a"))
    [step] = (await outbox.claim(1)).steps
    long_ago = loop.time.monotonic() - outbox.pace.lease.total_seconds()
    await messenger._carry_out(step, long_ago)
    await outbox.settle(messenger._ended)
    assert await place.texts() == []
    [again] = (await outbox.claim(1, ahead=timedelta(seconds=1))).steps
    assert (again.doing, again.attempt) == (step.doing, 2)


async def test_slack_being_away_is_waited_out_without_giving_anything_up(real, place):
    messenger, outbox = build(
        real, place, first=timedelta(seconds=0.02), longest=timedelta(seconds=0.05), refusals=2
    )
    good, place.client.base_url = place.client.base_url, "http://127.0.0.1:9/"
    await say(real, Put("a", "C0000", "a"))
    running = asyncio.create_task(messenger.run())
    await asyncio.sleep(0.6)
    assert await outbox.dead() == []
    place.client.base_url = good

    async def done() -> bool:
        return await place.texts() == ["a"]

    await until(done)
    await messenger.stop(running)


async def test_many_conversations_are_served_side_by_side_each_in_order(real, place):
    """Many lanes at once: each is served, none waits for another."""
    messenger, outbox = build(real, place)
    people = ["U0ANA", "U0TOM", "U0MEI", "U0LUIS", "U0YUKI", "U0PRIYA", "U0NORA"]
    await say(real, *(Put(f"{n}:{to}", to, f"{n}") for n in range(5) for to in [*people, "#c0", "#c1", "C0002"]))
    running = asyncio.create_task(messenger.run())

    async def done() -> bool:
        return not sum((await outbox.depth())[0].values())

    await until(done)
    await messenger.stop(running)
    by_channel: dict[str, list[str]] = {}
    for one in await place.messages():
        by_channel.setdefault(one["channel"], []).append(one["text"])
    assert list(by_channel.values()) == [["0", "1", "2", "3", "4"]] * 10
