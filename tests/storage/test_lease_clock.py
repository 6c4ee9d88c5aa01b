"""Leases run on the database's clock: what replicas' own clocks say takes nothing from whoever lives."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.core.jobs import Job
from bot.core.team import Team
from bot.storage.engine.database import Database
from bot.storage.engine.lease_clock import ServerClock
from bot.storage.outbox.outbox import Outbox, Put, put
from bot.storage.queues.jobs import Jobs
from bot.storage.queues.leases import LEASE
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON, FakeClock
from tests.storage.things import Rendering

SECOND, NONE = timedelta(seconds=1), timedelta(0)
SKEWS = [timedelta(seconds=30), timedelta(seconds=-30), timedelta(hours=2), timedelta(hours=-2)]


class Ticks:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by.total_seconds()


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


class Server:
    """The database's clock as a replica reads it."""

    def __init__(self, ticks: Ticks) -> None:
        self.clock, self.at, self._ticks = ServerClock(ticks), NOON, ticks

    def read_after(self, by: timedelta, *, jump: timedelta = timedelta(0)) -> timedelta:
        """Read it after that long, in which it was moved; gives the grace."""
        self._ticks.move(by)
        self.at += by + jump
        self.clock.seen(self.at)
        return self.clock.grace(LEASE)


@pytest.fixture
def server(ticks: Ticks) -> Server:
    """One that is known for a while, read as often as leases are renewed."""
    made = Server(ticks)
    assert [made.read_after(LEASE / 4) for _ in range(5)] == [LEASE, LEASE * 3 / 4, LEASE / 2, LEASE / 4, NONE]
    return made


def test_owners_get_a_leases_length_after_the_database_was_away(server: Server):
    assert server.read_after(LEASE / 2) == NONE
    server.clock.missed()
    assert server.clock.grace(LEASE) == LEASE
    assert server.read_after(LEASE * 2.5) == LEASE
    assert server.read_after(LEASE / 4) == LEASE * 3 / 4
    assert server.clock.steps == 0


def test_an_idle_replica_that_looks_seldom_takes_over_what_has_lapsed(server: Server):
    assert [server.read_after(LEASE * 2.5) for _ in range(3)] == [NONE, NONE, NONE]


@pytest.mark.parametrize("jump", SKEWS)
def test_owners_get_a_leases_length_when_the_servers_clock_is_moved(server: Server, jump: timedelta):
    assert server.read_after(LEASE / 4, jump=jump) == LEASE
    assert server.clock.steps == 1
    assert server.read_after(LEASE / 4) == LEASE * 3 / 4


@pytest.fixture
async def pair(request, postgres_server):
    """Two replicas on PostgreSQL whose clocks differ; both have been up for a while."""
    url = postgres_server.fresh()
    made = []
    for name, at in (("left", NOON), ("right", NOON + request.param)):
        clock = ServerClock()
        database = await Database.open(url, clock=FakeClock(at), replica_id=name, lease_clock=clock)
        async with database.read() as conn:
            await clock.read(conn, NOON)
        clock._upset_at -= LEASE.total_seconds()
        made.append(database)
    yield made
    for database in made:
        await database.close()


@pytest.mark.parametrize("pair", SKEWS, indirect=True)
async def test_no_job_is_taken_from_a_living_replica_by_one_whose_clock_differs(pair: list[Database]):
    left, right = (Jobs(database, database.replica_id) for database in pair)
    async with UnitOfWork(pair[0], team=Team(), render=Rendering())() as work:
        work.owe(Job("thing.remind", "k", NOON - timedelta(hours=3)))
    (mine,) = await left.claim(pair[0].clock.now(), 10)
    theirs = pair[1].clock.now()
    assert await right.claim(theirs, 10) == []
    due = await right.next_due()
    assert due is not None
    assert SECOND < due - theirs <= LEASE
    assert await left.renew([mine], pair[0].clock.now()) == [mine]

    async with pair[0].write() as conn:
        await conn.execute(text("UPDATE job SET lease_until = clock_timestamp()"))
    (taken,) = await right.claim(theirs, 10)
    assert taken.attempt == 2


@pytest.mark.parametrize("pair", [timedelta(hours=2)], indirect=True)
async def test_a_lease_of_a_clock_that_was_put_back_ends_a_leases_length_from_now(pair: list[Database]):
    left, right = (Jobs(database, database.replica_id) for database in pair)
    async with UnitOfWork(pair[0], team=Team(), render=Rendering())() as work:
        work.owe(Job("thing.remind", "k", NOON))
    await left.claim(NOON, 10)
    async with pair[0].write() as conn:
        await conn.execute(text("UPDATE job SET lease_until = clock_timestamp() + interval '2 hours'"))
    await right.renew([], pair[1].clock.now())
    due = await right.next_due()
    assert due is not None
    assert due - pair[1].clock.now() <= LEASE


@pytest.mark.parametrize("pair", SKEWS, indirect=True)
async def test_no_conversation_is_taken_from_a_living_replica_by_one_whose_clock_differs(pair: list[Database]):
    left, right = (Outbox(database, database.replica_id) for database in pair)
    async with pair[0].write() as conn:
        await put(conn, [Put("a", "C1", "a"), Put("b", "C1", "b")], NOON - timedelta(hours=3))
    (step,) = (await left.claim(10)).steps
    assert (await right.claim(10)).steps == ()

    async with pair[0].write() as conn:
        await conn.execute(text("UPDATE outbox_lanes SET lease_until = clock_timestamp() + interval '2 hours'"))
    await right.take_over()
    async with pair[0].read() as conn:
        left_of_it = text("SELECT lease_until - clock_timestamp() FROM outbox_lanes")
        assert (await conn.execute(left_of_it)).scalar_one() <= right.pace.lease
    async with pair[0].write() as conn:
        await conn.execute(text("UPDATE outbox_lanes SET lease_until = clock_timestamp()"))
    (look,) = (await right.claim(10)).steps
    assert look.key == step.key == "a"
