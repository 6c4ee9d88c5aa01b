"""The inbox: each delivery once, as it came, worked on until it is done or dead."""

import asyncio
from datetime import timedelta

import pytest

from bot.core.ledger import Subject
from bot.core.retention import Retention
from bot.storage.engine.database import Database
from bot.storage.engine.errors import LeaseLost
from bot.storage.queues.inbox import Claimed, Inbox
from bot.storage.queues.retention import forget
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON, FakeClock
from tests.storage.things import entry

BODY = b'{"text": "\xff\x00 not even UTF-8"}'
HEADERS = {"X-GitHub-Event": "push", "X-Odd": "\x00 “quoted”"}


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database, database.replica_id)


async def claim_one(inbox: Inbox) -> Claimed:
    (claimed,) = await inbox.claim(NOON, 10)
    return claimed


async def test_a_delivery_comes_back_byte_for_byte(inbox: Inbox):
    assert await inbox.receive("github", "guid-1", HEADERS, BODY, NOON)

    delivery = (await claim_one(inbox)).delivery
    assert (delivery.source, delivery.delivery_id) == ("github", "guid-1")
    assert (delivery.headers, delivery.body, delivery.received_at) == (HEADERS, BODY, NOON)


async def test_a_delivery_that_comes_again_is_stored_once_even_when_both_come_at_once(
    inbox: Inbox, database: Database
):
    received = await asyncio.gather(*(inbox.receive("github", "guid-1", {}, BODY, NOON) for _ in range(5)))
    assert sorted(received) == [False] * 4 + [True]
    assert await inbox.receive("alertmanager", "guid-1", {}, BODY, NOON)  # another source's
    assert len(await inbox.claim(NOON, 10)) == 2
    assert not await inbox.receive("github", "guid-1", {}, BODY, NOON)


async def test_a_delivery_wakes_the_worker(inbox: Inbox, database: Database):
    await inbox.receive("github", "guid-1", {}, BODY, NOON)
    assert await database.wait("inbox", 5)


async def test_deliveries_are_worked_on_in_the_order_in_which_they_came(inbox: Inbox):
    for n in range(4):
        await inbox.receive("github", f"guid-{n}", {}, BODY, NOON)
    claimed = await inbox.claim(NOON, 3)
    assert [one.delivery.delivery_id for one in claimed] == ["guid-0", "guid-1", "guid-2"]
    assert await inbox.next_due() == NOON


async def test_a_delivery_is_settled_with_the_work_on_it(inbox: Inbox, unit: UnitOfWork):
    await inbox.receive("github", "guid-1", {}, BODY, NOON)
    claimed = await claim_one(inbox)
    with pytest.raises(KeyError):  # noqa: PT012 -- a transaction raises at its end
        async with unit.for_delivery(claimed) as work:
            work.record(entry())
            raise KeyError("a bug")
    async with unit.for_delivery(claimed) as work:
        assert await work.history(Subject("thing", "X-1")) == []
        work.record(entry())

    assert await inbox.claim(NOON, 10) == []
    with pytest.raises(LeaseLost):
        async with unit.for_delivery(claimed) as work:
            work.record(entry())
    async with unit() as work:
        assert len(await work.history(Subject("thing", "X-1"))) == 1


async def test_a_delivery_is_tried_again_later(inbox: Inbox):
    await inbox.receive("github", "guid-1", {}, BODY, NOON)
    await inbox.again(await claim_one(inbox), timedelta(minutes=1), "GitHub did not answer")

    assert await inbox.claim(NOON, 10) == []
    assert await inbox.next_due() == NOON + timedelta(minutes=1)
    (claimed,) = await inbox.claim(NOON + timedelta(minutes=1), 10)
    assert claimed.attempt == 2


async def test_a_dead_delivery_says_where_and_why_and_can_be_replayed(inbox: Inbox):
    await inbox.receive("alertmanager", "guid-1", {}, BODY, NOON)
    claimed = await claim_one(inbox)
    assert not await inbox.replay(claimed.id)
    await inbox.dead(claimed, "alerts.0.startsAt", "expected str, got NoneType")

    (dead,) = await inbox.dead_letters()
    assert (dead.path, dead.reason, dead.delivery.body) == ("alerts.0.startsAt", "expected str, got NoneType", BODY)
    assert await inbox.replay(dead.id)
    assert await inbox.dead_letters() == []
    assert (await claim_one(inbox)).attempt == 1


async def test_leases_are_renewed_and_given_back(inbox: Inbox, database: Database):
    await inbox.receive("github", "guid-1", {}, BODY, NOON)
    claimed = await claim_one(inbox)
    assert await inbox.renew([claimed], NOON) == [claimed]
    assert await inbox.release_all() == 1
    assert await inbox.renew([claimed], NOON) == []
    assert len(await Inbox(database, "other").claim(NOON, 10)) == 1


async def test_finished_deliveries_are_forgotten_after_a_week_and_dead_ones_later(
    inbox: Inbox, unit: UnitOfWork, database: Database, clock: FakeClock
):
    for name in ("done", "dead", "waits"):
        await inbox.receive("github", name, {}, BODY, NOON)
    done, dead, _ = await inbox.claim(NOON, 10)
    async with unit.for_delivery(done):
        pass
    await inbox.dead(dead, "", "no")
    await inbox.release_all()

    clock.move(timedelta(days=7, seconds=1))
    assert await forget(database, Retention()) == 1
    assert not await inbox.receive("github", "dead", {}, BODY, NOON)
    clock.move(timedelta(days=90))
    assert await forget(database, Retention()) == 1
    assert await inbox.receive("github", "dead", {}, BODY, NOON)
    assert len(await inbox.claim(clock.now(), 10)) == 2


async def test_what_is_urgent_is_claimed_first_and_behind_older_ones_about_the_same(inbox: Inbox, clock: FakeClock):
    async def receive(id: str, about: str = "", *, source: str = "am", urgent: bool = False) -> None:
        await inbox.receive(source, id, {}, b"{}", clock.now(), about=about, urgent=urgent)
        clock.move(timedelta(seconds=1))

    await receive("failed", "g")
    (failed,) = await inbox.claim(clock.now(), 1)
    await inbox.again(failed, timedelta(seconds=30), "it breaks")
    await receive("plain")
    await receive("elsewhere", "g", source="grafana")
    await receive("older 1", "g")
    await receive("other", "h")
    await receive("older 2", "g")
    await receive("urgent 1", "g", urgent=True)
    await receive("between", "g")
    await receive("urgent 2", "g", urgent=True)
    await receive("urgent 2", "h", urgent=True)  # the same delivery again pulls nothing
    await receive("later", "g")
    clock.move(timedelta(minutes=1))

    claimed = await inbox.claim(clock.now(), 20)
    first = ["older 1", "older 2", "urgent 1", "between", "urgent 2"]
    rest = ["plain", "elsewhere", "other", "later", "failed"]
    assert [one.delivery.delivery_id for one in claimed] == [*first, *rest]
    assert [one.urgent for one in claimed] == [True] * len(first) + [False] * len(rest)
