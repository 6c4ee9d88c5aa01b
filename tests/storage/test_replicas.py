"""Two replicas on one PostgreSQL: each job and each delivery once, and each wakes the other."""

import asyncio
import sys
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.core.jobs import Job
from bot.core.ledger import Subject
from bot.core.ports import Work
from bot.core.team import Team
from bot.storage.engine import signals
from bot.storage.engine.database import Database
from bot.storage.ledger import audits
from bot.storage.ledger.ledger import Ledger
from bot.storage.ledger.seals import Sealer
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs
from bot.storage.queues.leases import LEASE
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON, FakeClock
from tests.storage.things import TABLES, Place, Rendering, Thing, entry

LONG = 60.0  # seconds; far beyond what a test may take, so that only a wake can end a wait


@pytest.fixture
def url(postgres_server: Any) -> str:
    return postgres_server.fresh()


@pytest.fixture
async def replicas(url: str, open_database: Any) -> list[Database]:
    """Two, both listening."""
    both = [await open_database(url, name) for name in ("left", "right")]
    async with both[0].write() as conn:
        await conn.run_sync(TABLES.create_all)
    for replica in both:
        await listening(replica)
    return both


@pytest.fixture
def units(replicas: list[Database], render: Rendering) -> list[UnitOfWork]:
    return [UnitOfWork(replica, team=Team(), render=render) for replica in replicas]


async def listening(replica: Database) -> None:
    async with asyncio.timeout(20):
        while not replica._listener.connected:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
    for topic in ("jobs", "inbox", "outbox"):  # it rings them all when it is connected
        await replica.wait(topic, 0)


async def test_each_job_is_done_once(replicas: list[Database], units: list[UnitOfWork]):
    async with units[0]() as work:
        for n in range(60):
            work.owe(Job("thing.remind", f"job-{n}", NOON))

    async def work_off(unit: UnitOfWork, jobs: Jobs) -> list[str]:
        done: list[str] = []
        while claimed := await jobs.claim(NOON, 3):
            for one in claimed:
                async with unit.for_job(one) as work:
                    work.record(entry("job.done", f"job:{one.job.key}"))
                done.append(one.job.key)
        return done

    shares = await asyncio.gather(
        *(
            work_off(unit, Jobs(replica, replica.replica_id))
            for replica, unit in zip(replicas, units, strict=True)
            for _ in range(2)
        )
    )
    assert sorted(key for share in shares for key in share) == sorted(f"job-{n}" for n in range(60))
    assert shares[0] + shares[1]
    assert shares[2] + shares[3]


async def test_each_delivery_is_received_and_worked_on_once(replicas: list[Database]):
    inboxes = [Inbox(replica, replica.replica_id) for replica in replicas]
    received = await asyncio.gather(
        *(inbox.receive("github", f"guid-{n}", {}, b"{}", NOON) for n in range(20) for inbox in inboxes)
    )
    assert sum(received) == 20
    claims = await asyncio.gather(*(inbox.claim(NOON, 3) for _ in range(8) for inbox in inboxes))
    claimed = [one.delivery.delivery_id for claim in claims for one in claim]
    assert sorted(claimed) == sorted(f"guid-{n}" for n in range(20))


async def test_a_replica_that_fell_silent_is_taken_over_and_finds_out(
    replicas: list[Database], units: list[UnitOfWork], clock: FakeClock
):
    left, right = (Jobs(replica, replica.replica_id) for replica in replicas)
    async with units[0]() as work:
        work.owe(Job("thing.remind", "job", NOON))
    (silent,) = await left.claim(NOON, 1)
    clock.move(LEASE / 2)
    assert await left.renew([silent], clock.now()) == [silent]
    assert await right.claim(clock.move(LEASE / 2), 1) == []
    (taken,) = await right.claim(clock.move(LEASE / 2), 1)

    assert taken.attempt == 2
    assert await left.renew([silent], clock.now()) == []
    async with units[1].for_job(taken) as work:
        work.record(entry("job.done", "job:1"))


@pytest.mark.parametrize("topic", ["jobs", "inbox"])
async def test_what_one_commits_wakes_the_other(replicas: list[Database], units: list[UnitOfWork], topic: str):
    waits = asyncio.create_task(replicas[1].wait(topic, LONG))
    async with asyncio.timeout(10):
        if topic == "jobs":
            async with units[0]() as work:
                work.owe(Job("thing.remind", "job", NOON))
        else:
            await Inbox(replicas[0], "left").receive("github", "guid", {}, b"{}", NOON)
        assert await waits


async def test_entries_of_one_rise_the_generation_of_the_other(replicas: list[Database], units: list[UnitOfWork]):
    before = replicas[1].generation
    assert replicas[1].generation == before
    async with units[0]() as work:
        work.record(entry())
    async with asyncio.timeout(10):
        while replicas[1].generation == before:
            await asyncio.sleep(0.01)


async def test_a_listener_that_was_cut_off_listens_again_and_trusts_no_cache_meanwhile(
    replicas: list[Database], units: list[UnitOfWork], postgres_server: Any
):
    before = replicas[1].generation
    postgres_server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    async with asyncio.timeout(10):
        while replicas[1]._listener.connected:  # type: ignore[union-attr]
            await asyncio.sleep(0)
    assert replicas[1].generation != before
    await listening(replicas[1])
    await test_what_one_commits_wakes_the_other(replicas, units, "jobs")


async def test_a_listener_asks_now_and_then_whether_the_server_is_still_there(
    replicas: list[Database], monkeypatch: pytest.MonkeyPatch, postgres_server: Any, open_database: Any
):
    monkeypatch.setattr(signals, "HEARTBEAT_SECONDS", 0.01)
    replica = await open_database(postgres_server.fresh())
    await listening(replica)
    async with asyncio.timeout(10):
        while True:
            async with replica.read() as conn:
                asked = text(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query = 'SELECT 1'"
                )
                if await conn.scalar(asked):
                    break
    assert replica._listener.connected


async def test_the_same_gesture_at_two_replicas_is_done_once(units: list[UnitOfWork]):
    async def gesture(unit: UnitOfWork) -> bool:
        async with unit.for_call("click") as work:
            if not work.repeated:
                await work.add(Thing(title="one"))
            return work.repeated

    assert sorted(await asyncio.gather(*(gesture(unit) for unit in units * 3))) == [False] + [True] * 5


async def test_both_write_one_thing_and_lose_nothing(units: list[UnitOfWork]):
    async with units[0]() as work:
        await work.add(Place("counter"))

    async def locked(work: Work) -> None:
        place = await work.get(Place, "counter")
        assert place is not None
        await work.save(replace(place, visits=place.visits + 1))

    async def only_found(work: Work) -> None:
        (place,) = await work.find(Place)
        await asyncio.sleep(0)
        await work.save(replace(place, visits=place.visits + 1))

    await asyncio.gather(*(unit.run(step) for unit in units for step in (locked, locked, only_found)))
    async with units[0]() as work:
        assert await work.get(Place, "counter") == Place("counter", visits=6)


async def start(url: str, name: str, *mode: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.storage.replica",
        url,
        name,
        *mode,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    while (line := await process.stdout.readline()) != b"ready\n":
        assert line, "it ended before it was ready"  # what it logs comes before
    return process


async def test_two_processes_share_the_work_and_the_killed_ones_is_done_too(
    url: str, replicas: list[Database], units: list[UnitOfWork], clock: FakeClock
):
    jobs = [f"job-{uuid.uuid4().hex}" for _ in range(120)]
    async with units[0]() as work:
        for key in jobs:
            work.owe(Job("thing.remind", key, NOON - timedelta(days=10_000)))
    async with asyncio.timeout(60):
        killed, survivor = await asyncio.gather(start(url, "killed"), start(url, "survivor"))
        assert killed.stdin and killed.stdout and survivor.stdin and survivor.stdout  # noqa: PT018
        for process in (killed, survivor):
            process.stdin.write(b"go\n")  # type: ignore[union-attr]
        for _ in range(10):
            await killed.stdout.readline()
        killed.kill()
        await killed.wait()
        done_by_survivor = (await survivor.communicate())[0].split()
    assert survivor.returncode == 0
    assert done_by_survivor

    # What the killed one held is taken over when its lease has ended; here by us, far in its future.
    clock.move(timedelta(days=365 * 100))
    ours = Jobs(replicas[0], "left")
    while claimed := await ours.claim(clock.now(), 10):
        for one in claimed:
            async with units[0].for_job(one) as work:
                work.record(entry("job.done", f"job:{one.job.key}"))
    async with units[0].reading() as reading:
        for key in jobs:
            assert len(await reading.history(Subject("job", key))) == 1


async def test_what_a_killed_process_said_was_committed_is_there(
    database_url: str, open_database: Any, clock: FakeClock
):
    told: list[str] = []
    async with asyncio.timeout(60):
        process = await start(database_url, "killed", "write")
        assert process.stdin and process.stdout  # noqa: PT018
        process.stdin.write(b"go\n")
        for _ in range(200):
            told.append((await process.stdout.readline()).decode().strip())
        process.kill()
        told += (await process.stdout.read()).decode().split()
        await process.wait()
    # The last line may have been cut off in its middle.
    told = [key for key in told if len(key) == 32]

    clock.move(timedelta(days=365 * 100))
    database = await open_database(database_url, "restarted")
    ledger, sealer, jobs = Ledger(database), Sealer(database), Jobs(database, "restarted")
    for key in told:
        assert len(await ledger.history(Subject("job", key))) == 1
    while await sealer.seal():
        pass
    async with database.read() as conn:
        assert (await audits.audit(conn, clock.now())).faults == []
    owed: list[str] = []
    while claimed := await jobs.claim(clock.now(), 100):  # what it had claimed as well
        owed += [one.job.key for one in claimed]
    assert set(told) <= set(owed)
    assert len(owed) == len(set(owed))
