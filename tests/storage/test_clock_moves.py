"""A clock that is put back: nothing that was due in a moment waits for the hours that come a second time."""

from datetime import timedelta

import pytest

from bot.core.jobs import PUT_BACK, Job, Outcome
from bot.runtime.clock_skew import ClockSkew
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork

BACK = timedelta(hours=2)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def skew(clock):
    """What watches the clock; time itself stands still."""
    return ClockSkew("https://slack.com", now=clock.now, ticks=lambda: 0.0)


async def owe(unit: UnitOfWork, key: str, due) -> None:
    async with unit() as work:
        work.owe(Job("note", key, due))


async def keys(database, clock, after: timedelta = timedelta()) -> list[str]:
    """What is due by then, claimed."""
    clock.move(after)
    claimed = await Jobs(database, database.replica_id).claim(clock.now(), 10)
    return [one.job.key for one in claimed if one.job.kind != PUT_BACK]


async def test_what_was_owed_for_at_once_is_done_at_once(database, unit, clock, skew) -> None:
    await owe(unit, "now", clock.now())
    clock.move(-BACK)
    assert await keys(database, clock) == []
    await skew.look(database)
    assert await keys(database, clock) == ["now"]


@pytest.mark.parametrize("failed", [True, False])
async def test_a_pause_lasts_as_long_as_it_was_meant_to(database, unit, clock, skew, failed: bool) -> None:
    jobs = Jobs(database, database.replica_id)
    await owe(unit, "tried", clock.now() - 3 * BACK)
    (claimed,) = await jobs.claim(clock.now(), 1)
    await jobs.again(claimed, MINUTE, "away", failed=failed)
    clock.move(-BACK)
    await skew.look(database)
    assert await keys(database, clock) == []
    assert await keys(database, clock, MINUTE) == ["tried"]


async def test_what_has_an_instant_of_its_own_keeps_it(database, unit, clock, skew) -> None:
    await owe(unit, "at nine", clock.now() + timedelta(minutes=30))
    clock.move(-BACK)
    await skew.look(database)
    assert await keys(database, clock, timedelta(minutes=30)) == []
    assert await keys(database, clock, BACK) == ["at nine"]


async def test_a_delivery_that_waits_is_taken_at_once(database, clock, skew) -> None:
    inbox = Inbox(database, database.replica_id)
    await inbox.receive("github", "1", {}, b"{}", clock.now())
    clock.move(-BACK)
    assert await inbox.claim(clock.now(), 10) == []
    await skew.look(database)
    assert [one.delivery.delivery_id for one in await inbox.claim(clock.now(), 10)] == ["1"]


async def test_a_clock_that_goes_on_or_ahead_brings_nothing_forward(database, unit, clock, skew) -> None:
    await owe(unit, "later", clock.now() + 3 * BACK)
    clock.move(BACK)
    await skew.look(database)
    assert await keys(database, clock) == []


async def test_those_who_wait_for_so_long_are_told_by_how_much(database, unit, clock, skew) -> None:
    clock.move(-BACK)
    await skew.look(database)
    (told,) = await Jobs(database, database.replica_id).claim(clock.now(), 10)
    assert (told.job.kind, told.job.due, told.job.args) == (
        PUT_BACK,
        clock.now(),
        {"seconds": BACK.total_seconds()},
    )


async def test_what_ended_at_an_instant_that_comes_once_more_can_be_owed_for_it_again(
    database, unit, clock, skew
) -> None:
    noon = clock.now() + MINUTE
    await owe(unit, "look at noon", noon)
    clock.move(MINUTE)
    jobs = Jobs(database, database.replica_id)
    (claimed,) = await jobs.claim(clock.now(), 1)
    await jobs.finish(claimed, Outcome.DONE)
    await owe(unit, "at once", clock.now())
    (at_once,) = await jobs.claim(clock.now(), 1)
    await jobs.finish(at_once, Outcome.DONE)
    clock.move(-BACK)
    await skew.look(database)
    await owe(unit, "look at noon", noon)
    await owe(unit, "at once", clock.now())  # what was done is not done again
    assert await keys(database, clock) == []
    assert await keys(database, clock, BACK) == ["look at noon"]


async def test_what_is_brought_forward_and_finds_that_it_is_too_early_comes_when_it_is_due(
    database, unit, clock, skew
) -> None:
    due = clock.now() + 3 * MINUTE
    await owe(unit, "in three minutes", due)
    clock.move(-MINUTE)
    await skew.look(database)
    jobs = Jobs(database, database.replica_id)
    clock.move(2 * MINUTE)
    assert [one.job.key for one in await jobs.claim(clock.now(), 10) if one.job.kind != PUT_BACK] == []
    clock.move(MINUTE)
    (early,) = await jobs.claim(clock.now(), 10)
    await jobs.finish(early, Outcome.NOOP)
    assert await jobs.next_due() == due
