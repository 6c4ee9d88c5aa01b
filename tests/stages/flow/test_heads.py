"""When the ledger's head is posted, what the post says, and who hears that it could not be posted."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.core.jobs import DIED, Due, Job, Outcome
from bot.core.ledger_heads import Head, HeadPosts
from bot.stages.flow import ledger_heads
from bot.stages.standup import undelivered
from tests.fakes import ANA, NOON, TEAM, FakeUnit, World
from tests.rendered import RENDER, shown

BERLIN = HeadPosts("#audit", time(9), "Europe/Berlin")
DIGEST = "9f3c" * 16


def world(posts: HeadPosts | None = BERLIN) -> World:
    return World(at=NOON, render=RENDER, team=replace(TEAM, head_posts=posts))


async def begun(there: World) -> None:
    async with there.unit() as work:
        await ledger_heads.begin(work)


@pytest.mark.parametrize(
    ("now", "at"),
    [
        ("2026-11-24T07:59", "2026-11-24T08:00"),
        ("2026-11-24T08:00", "2026-11-25T08:00"),
        ("2026-03-28T12:00", "2026-03-29T07:00"),  # the clocks went forward that night
    ],
)
def test_the_next_post_is_at_the_hour_of_its_zone(now: str, at: str):
    def utc(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert BERLIN.next_at(utc(now)) == utc(at)


async def test_a_restart_owes_nothing_twice_and_another_hour_moves_what_is_owed():
    there = world()
    await begun(there)
    owed = dict(there.jobs)
    await begun(there)
    assert there.jobs == owed
    assert [job.due.hour for job in owed.values()] == [8, 8]
    later = FakeUnit(there.clock, replace(TEAM, head_posts=replace(BERLIN, at=time(18))), there.store)
    async with later() as work:
        await ledger_heads.begin(work)
    hours = {key[-10:]: job.due.hour for key, job in there.jobs.items()}
    assert hours == {"2026-11-24": 17, "2026-11-25": 17, "2026-11-26": 8}
    there.clock.move(timedelta(days=1, hours=5))
    async with later() as work:  # the 25th's own post owes the 26th at the new hour, before its old one comes
        await ledger_heads.post_when_due(work, due())
    assert next(job.due.hour for key, job in there.jobs.items() if key.endswith("26")) == 17


async def test_nothing_is_owed_or_posted_where_nobody_wants_it():
    there = world(None)
    await begun(there)
    assert there.jobs == {}
    async with there.unit() as work:
        assert await ledger_heads.post_when_due(work, due()) is Outcome.NOOP
    assert there.log == []


def due(day: int = 25, late_by: timedelta = timedelta()) -> Due:
    return Due(Job(ledger_heads.POST, f"{ledger_heads.POST}:2026-11-{day}", NOON), late_by, 1)


async def test_each_post_is_a_message_of_its_own_and_tells_what_is_new():
    there = world()
    there.store.head = Head(40, DIGEST)
    async with there.unit() as work:
        assert await ledger_heads.post_when_due(work, due()) is Outcome.DONE
    there.store.head = Head(52, "0" * 64)
    async with there.unit() as work:
        assert await ledger_heads.post_when_due(work, due(26, timedelta(hours=2))) is Outcome.DONE

    first, second = there.log
    assert first.key != second.key
    assert f"40:{DIGEST}" in shown(first)
    assert "12 entries new since the last post" in shown(second)
    assert "2 h late" in shown(second)


async def test_an_empty_ledger_has_no_head_to_post():
    there = world()
    async with there.unit() as work:
        assert await ledger_heads.post_when_due(work, due()) is Outcome.NOOP
    assert list(there.jobs)


async def test_the_admins_are_told_where_the_channel_is_gone():
    there = world()
    there.directory.known[ANA.id] = replace(ANA, is_admin=True)
    args = {"key": "ledger.head:audit.head:2026-11-25", "to": "#audit", "reason": "it is archived (is_archived)"}
    async with there.unit() as work:
        assert await undelivered.tell_of_died(work, Due(Job(DIED, "d", NOON, args), timedelta(), 1)) is Outcome.DONE
    (job,) = there.jobs.values()
    assert await ledger_heads.tell_admins_when_due(there.tools, Due(job, timedelta(), 1)) is Outcome.DONE
    (told,) = there.log
    assert told.to == ANA.id
    assert "cannot be posted in #audit" in shown(told)
