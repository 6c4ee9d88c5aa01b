"""Jobs: owed once a key, claimed once, ended once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.core.jobs import Job, Outcome
from bot.core.ledger import Subject
from bot.core.retention import Retention
from bot.storage.engine.database import Database
from bot.storage.engine.errors import LeaseLost
from bot.storage.queues.jobs import Claimed, Jobs
from bot.storage.queues.leases import LEASE
from bot.storage.queues.retention import forget
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON, FakeClock
from tests.storage.things import entry

HOUR = timedelta(hours=1)


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database, database.replica_id)


async def owe(unit: UnitOfWork, *owed: Job) -> None:
    async with unit() as work:
        for job in owed:
            work.owe(job)


def job(key: str = "remind:1", due: Any = NOON, **args: Any) -> Job:
    return Job("thing.remind", key, due, args)


def keys(claimed: list[Claimed]) -> list[str]:
    return [one.job.key for one in claimed]


async def test_a_job_is_claimed_when_it_is_due_the_longest_due_first(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job("later", NOON + HOUR), job("b", NOON), job("a", NOON - HOUR))

    assert await jobs.next_due() == NOON - HOUR
    assert keys(await jobs.claim(NOON, 10)) == ["a", "b"]
    assert keys(await jobs.claim(NOON, 10)) == []
    assert await jobs.next_due() == NOON + HOUR
    assert keys(await jobs.claim(NOON + HOUR, 10)) == ["later"]
    assert await jobs.next_due() is None


async def test_a_claimed_job_is_as_it_was_owed(unit: UnitOfWork, jobs: Jobs, clock: FakeClock):
    owed = Job("standup.close", "close:S-1", NOON, {"round": "S-1", "n": [1, None]}, HOUR)
    await owe(unit, owed)

    (claimed,) = await jobs.claim(clock.move(HOUR), 10)
    due = claimed.due(clock.now())
    assert due.job == owed
    assert (due.late_by, due.attempt, due.missed) == (HOUR, 1, False)
    assert claimed.due(clock.move(timedelta(seconds=1))).missed


async def test_owing_again_moves_a_waiting_job(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job(due=NOON, n=1))
    await owe(unit, job(due=NOON + HOUR, n=2))

    assert await jobs.claim(NOON, 10) == []
    (claimed,) = await jobs.claim(NOON + HOUR, 10)
    assert claimed.job == job(due=NOON + HOUR, n=2)


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_owing_again_does_nothing_once_it_has_ended(unit: UnitOfWork, jobs: Jobs, outcome: Outcome):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    await jobs.finish(claimed, outcome, "because")
    await owe(unit, job())

    assert await jobs.claim(NOON, 10) == []
    assert await jobs.outcome("remind:1") is outcome


async def test_a_job_that_is_owed_again_while_it_runs_runs_again(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    await owe(unit, job(due=NOON + HOUR, n=2))
    assert await jobs.claim(NOON + HOUR, 10) == []  # it still runs
    await jobs.finish(claimed, Outcome.DONE)

    assert await jobs.outcome("remind:1") is None
    (claimed,) = await jobs.claim(NOON + HOUR, 10)
    assert (claimed.job.args, claimed.attempt) == ({"n": 2}, 1)


async def test_a_job_may_owe_itself_again(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    async with unit.for_job(claimed) as work:
        work.owe(job(due=NOON + HOUR))

    assert await jobs.next_due() == NOON + HOUR


async def test_a_neighbours_owing_is_not_lost_with_the_end_of_the_job(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)

    async def end() -> None:
        async with unit.for_job(claimed):
            pass

    await asyncio.gather(owe(unit, job("other")), owe(unit, job(due=NOON + HOUR)), end())
    state = await jobs.outcome("remind:1")
    # Whoever came first: owed before its end it runs again, owed after its end nothing happens.
    assert (state, await jobs.next_due()) in {(None, NOON), (Outcome.DONE, NOON)}
    if unit._database.dialect == "sqlite":  # there the order is known
        assert state is None


async def test_a_forgiven_job_is_not_done(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job("a"), job("b"))
    async with unit() as work:
        work.forgive("a")
        work.forgive("never owed")

    assert keys(await jobs.claim(NOON, 10)) == ["b"]


async def test_owing_and_forgiving_in_one_work_happen_in_order(unit: UnitOfWork, jobs: Jobs):
    async with unit() as work:
        work.owe(job("a"))
        work.forgive("a")
        work.owe(job("b", n=1))
        work.forgive("b")
        work.owe(job("b", n=2))

    (claimed,) = await jobs.claim(NOON, 10)
    assert claimed.job == job("b", n=2)


async def test_forgiving_does_not_undo_an_end(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    await jobs.finish(claimed, Outcome.DONE)
    async with unit() as work:
        work.forgive("remind:1")

    assert await jobs.outcome("remind:1") is Outcome.DONE


async def test_a_job_done_in_a_work_ends_with_it(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    async with unit.for_job(claimed) as work:
        work.record(entry())
        work.outcome = Outcome.NOOP
        work.note = "the thing had moved on"

    assert await jobs.outcome("remind:1") is Outcome.NOOP


async def test_a_job_whose_work_raises_is_still_ours(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    with pytest.raises(KeyError):
        async with unit.for_job(claimed):
            raise KeyError("a bug")

    assert await jobs.outcome("remind:1") is None
    await jobs.again(claimed, HOUR, "a bug", failed=True)
    (claimed,) = await jobs.claim(NOON + HOUR, 10)
    assert claimed.attempt == 2


async def test_waiting_politely_does_not_count_as_a_failed_try(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    await jobs.again(claimed, HOUR, "the deployment still runs")
    (claimed,) = await jobs.claim(NOON + HOUR, 10)
    assert claimed.attempt == 1


async def test_a_work_whose_job_was_taken_over_keeps_nothing(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    await jobs.finish(claimed, Outcome.DONE)
    with pytest.raises(LeaseLost):  # noqa: PT012 -- a transaction raises at its end
        async with unit.for_job(claimed) as work:
            work.record(entry())
            work.owe(job("another"))

    async with unit() as work:
        assert await work.history(Subject("thing", "X-1")) == []
    assert await jobs.next_due() is None
    with pytest.raises(LeaseLost):
        await jobs.finish(claimed, Outcome.DONE)
    with pytest.raises(LeaseLost):
        await jobs.again(claimed, HOUR, "too late")


async def test_a_long_run_of_our_own_is_not_claimed_twice_however_the_clock_moves(
    unit: UnitOfWork, jobs: Jobs, clock: FakeClock
):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    assert await jobs.claim(clock.move(timedelta(days=1)), 10) == []
    assert await jobs.renew([claimed], clock.now()) == [claimed]
    await jobs.finish(claimed, Outcome.DONE)
    assert await jobs.renew([claimed], clock.now()) == []


async def test_what_a_crashed_process_held_is_taken_over(unit: UnitOfWork, database: Database):
    await owe(unit, job())
    (lost,) = await Jobs(database, "crashed").claim(NOON, 10)
    ours = Jobs(database, "restarted")
    if database.dialect == "postgresql":  # there it may be alive until its lease ends
        assert await ours.claim(NOON + LEASE - timedelta(microseconds=1), 10) == []
        assert await ours.next_due() == NOON + LEASE
    (claimed,) = await ours.claim(NOON + LEASE, 10)

    assert claimed.attempt == 2
    with pytest.raises(LeaseLost):
        await Jobs(database, "crashed").finish(lost, Outcome.DONE)
    await ours.finish(claimed, Outcome.DONE)


async def test_a_graceful_end_gives_everything_back_at_once(unit: UnitOfWork, database: Database, jobs: Jobs):
    await owe(unit, job("a"), job("b"))
    await jobs.claim(NOON, 10)
    assert await jobs.release_all() == 2
    claimed = await Jobs(database, "other").claim(NOON, 10)
    assert [(one.job.key, one.attempt) for one in claimed] == [("a", 1), ("b", 1)]


async def test_a_dead_job_is_seen_and_can_be_done_after_all(unit: UnitOfWork, jobs: Jobs):
    await owe(unit, job())
    (claimed,) = await jobs.claim(NOON, 10)
    await jobs.finish(claimed, Outcome.DEAD, "channel_not_found \0")

    (dead,) = await jobs.dead()
    assert (dead.job, dead.note, dead.ended_at) == (job(), "channel_not_found \ufffd", NOON)
    assert not await jobs.redo("no such key")
    assert await jobs.redo("remind:1")
    assert await jobs.dead() == []
    (claimed,) = await jobs.claim(NOON, 10)
    assert claimed.attempt == 1


async def test_arguments_that_are_not_json_are_refused_where_they_are_owed(unit: UnitOfWork):
    with pytest.raises(TypeError):
        async with unit() as work:
            work.owe(job(at=NOON))


async def test_finished_jobs_and_receipts_are_forgotten_in_time(
    unit: UnitOfWork, database: Database, jobs: Jobs, clock: FakeClock
):
    async with unit.for_call("click") as work:
        work.owe(job("done"))
        work.owe(job("dead"))
        work.owe(job("waits", NOON + timedelta(days=365)))
    for claimed in await jobs.claim(NOON, 10):
        await jobs.finish(claimed, Outcome(claimed.job.key))

    assert await forget(database, Retention()) == 0
    clock.move(timedelta(hours=24, seconds=1))
    assert await forget(database, Retention()) == 1
    async with unit.for_call("click") as work:
        assert not work.repeated
    clock.move(timedelta(days=30))
    assert await forget(database, Retention()) == 2  # the receipt again, and the job
    assert await jobs.outcome("done") is None
    assert await jobs.outcome("dead") is Outcome.DEAD
    assert await jobs.next_due() == NOON + timedelta(days=365)


async def test_of_each_kind_no_more_are_claimed_than_there_is_room_for(
    unit: UnitOfWork, jobs: Jobs, database: Database
) -> None:
    await owe(unit, *(Job(kind, f"{kind}:{n}", NOON) for n in range(3) for kind in ("a", "b", "c")))

    assert sorted(keys(await jobs.claim(NOON, 100, {"a": 2, "b": 1}))) == ["a:0", "a:1", "b:0"]
    assert await jobs.claim(NOON, 100, {"d": 1}) == []
    assert await jobs.next_due(("d",)) is None
    # What found no room waits as before.
    assert sorted(keys(await jobs.claim(NOON, 3, {"a": 9, "b": 9, "c": 2}))) == ["a:2", "b:1", "b:2"]
