"""A clock that is put back: nothing that was due in a moment waits for the hours that come a second time."""

from datetime import timedelta

import pytest

from bot.domain.jobs import Job
from bot.runtime.clock_skew import ClockSkew
from bot.storage.inbox import Inbox
from bot.storage.jobs import Jobs
from bot.storage.unit_of_work import UnitOfWork

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
    return [one.job.key for one in await Jobs(database, database.replica_id).claim(clock.now(), 10)]


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
