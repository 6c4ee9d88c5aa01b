"""Deliveries that can be are worked on several in one transaction, and what is wrong with one is still its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import discovery
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.runtime.batches import LONGEST_GATHER_SECONDS, LONGEST_REST_SECONDS, TOGETHER, Rest, handfuls
from bot.runtime.deliveries import Deliveries, OneByOne
from bot.runtime.worker import Worker
from bot.storage.queues.inbox import Claimed, Delivery
from bot.vendors.kit.webhooks import MalformedPayload
from tests.fakes import NOON
from tests.runtime.test_worker import World
from tests.vendors import captured


def together(world: World) -> list[list[bytes]]:
    """Have the worker take deliveries together; what it took each time."""
    taken: list[list[bytes]] = []

    async def settle_together(work, deliveries) -> str:
        work.say(Message(f"said by {deliveries[0].body.decode()}", "#c0", "news"))
        work.record(Entry("delivery.taken", (Subject("build", deliveries[0].body.decode()),)))
        if any(delivery.body == b"bad" for delivery in deliveries):
            raise MalformedPayload("alerts.0", "Field required")
        taken.append([delivery.body for delivery in deliveries])
        return "together"

    tools, settle = world.worker._tools, world.worker._settle
    parts = {"inside": world.inside, "outside": world.outside, "inbox": world.inbox, "settle": settle}
    world.worker = Worker(world.database, world.unit, tools, settle_together=settle_together, **parts)
    return taken


async def test_they_are_taken_in_order_once_and_settled_with_what_they_cause(database, clock):
    world = World(database, clock)
    taken = together(world)
    await world.receive(*(f"{n}".encode() for n in range(TOGETHER + 3)))
    await world.worker.turn()
    await world.worker.turn()

    assert [len(some) for some in taken] == [TOGETHER, 3]
    assert [body for some in taken for body in some] == [f"{n}".encode() for n in range(TOGETHER + 3)]
    assert world.delivered == []
    assert await world.inbox.next_due() is None


async def test_a_malformed_one_is_buried_alone_and_the_others_are_worked_on_one_by_one(database, clock):
    world = World(database, clock)
    taken = together(world)

    async def settle(work, delivery) -> str:
        if delivery.body == b"bad":
            raise MalformedPayload("alerts.0", "Field required")
        world.delivered.append(delivery.body)
        return ""

    world.settle = settle
    await world.receive(b"1", b"bad", b"2")
    await world.worker.turn()

    assert taken == []
    assert world.delivered == [b"1", b"2"]
    assert [dead.delivery.body for dead in await world.inbox.dead_letters()] == [b"bad"]
    async with database.read() as conn:
        said = await conn.exec_driver_sql("SELECT count(*) FROM outbox")
        assert said.scalar() == 0  # what was tried together has left nothing behind


def claimed(number: int, size: int = 10, attempt: int = 1) -> Claimed:
    return Claimed(number, Delivery("am", str(number), {}, b"x" * size, NOON), attempt)


def test_large_bodies_and_those_that_failed_before_go_alone():
    batch = [claimed(1), claimed(2, 900_000), claimed(3), claimed(4, attempt=2), claimed(5), claimed(6)]
    assert [[one.id for one in some] for some in handfuls(batch)] == [[1], [2], [3], [4], [5, 6]]


def test_what_is_urgent_is_not_taken_together_with_what_is_not():
    batch = [replace(claimed(n), urgent=n < 3) for n in range(1, 6)]
    assert [[one.id for one in some] for some in handfuls(batch)] == [[1, 2], [3, 4, 5]]


async def test_an_urgent_delivery_overtakes_a_storm_with_what_is_about_the_same_before_it(database, clock):
    world = World(database, clock)
    taken = together(world)

    async def receive(body: str, about: str, *, urgent: bool = False) -> None:
        await world.inbox.receive("am", body, {}, body.encode(), clock.now(), about=about, urgent=urgent)

    for n in range(3 * TOGETHER):
        await receive(f"{n}", f"group {n % 7}")
    await receive("begins", "payments")
    clock.move(timedelta(seconds=1))
    await receive("critical", "payments", urgent=True)
    await receive("over", "payments")
    while await world.inbox.next_due() is not None:
        await world.worker.turn()

    assert taken[0] == [b"begins", b"critical"]
    assert [body for some in taken for body in some][2:] == [f"{n}".encode() for n in range(3 * TOGETHER)] + [
        b"over"
    ]


async def test_alerts_are_taken_together_and_what_others_send_is_not():
    deliveries = Deliveries(discovery.sources(), discovery.workflows().takers)
    takers = discovery.workflows().takers
    alert = captured.delivery("alertmanager", "firing_one", NOON)
    push = captured.delivery("github", "push_main", NOON)

    for event in discovery.sources()["alertmanager"].parse(alert):
        assert all(vars(take).get("together") for take in takers[type(event)])
    with pytest.raises(OneByOne, match="Pushed"):
        await deliveries.settle_together(None, [push, push])  # pyright: ignore[reportArgumentType]


def test_rests_grow_while_more_comes_and_end_with_it():
    rest = Rest()
    assert rest.after(0.003, is_full=False, more_came=False) == 0
    rests = [rest.after(0.001, is_full=False, more_came=True) for _ in range(6)]
    assert rests == [0.01, 0.02, 0.04, 0.08, LONGEST_GATHER_SECONDS, LONGEST_GATHER_SECONDS]
    assert rest.after(0.001, is_full=False, more_came=False) == 0
    assert rest.after(0.001, is_full=False, more_came=True) == 0.01


def test_a_full_batch_is_followed_by_no_longer_a_rest_than_people_need():
    rest = Rest()
    assert rest.after(0.02, is_full=True, more_came=True) == 0.04
    assert rest.after(5.0, is_full=True, more_came=True) == LONGEST_REST_SECONDS
    assert rest.after(5.0, is_full=True, more_came=False) == 0
