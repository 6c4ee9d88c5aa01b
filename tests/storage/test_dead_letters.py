"""One list of what was given up, whatever it was, and one way to try it again; views that are remembered."""

from datetime import timedelta

import pytest

from bot.core.dead_letters import LetterKind
from bot.core.jobs import Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Rendered
from bot.storage.engine.database import Database
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork
from tests.example_team import NOON, TEAM


def unit_on(database: Database) -> UnitOfWork:
    return UnitOfWork(database, team=TEAM, render=lambda template, context: Rendered(template))


async def test_dead_jobs_and_deliveries_are_listed_and_tried_again(database: Database) -> None:
    unit, owner = unit_on(database), database.replica_id
    jobs, inbox = Jobs(database, owner), Inbox(database, owner)
    async with unit() as work:
        work.owe(Job("deploy.run", "run:D-1", database.clock.now()))
    (claimed,) = await jobs.claim(database.clock.now(), 10)
    await jobs.finish(claimed, Outcome.DEAD, "it failed 8 times")
    await inbox.receive("github", "d-1", {}, b"{}", NOON)
    (delivery,) = await inbox.claim(database.clock.now(), 10)
    await inbox.dead(delivery, "repository.full_name", "Field required")

    async with unit.reading() as work:
        letters = {one.kind: one for one in await work.dead_letters()}
        assert await work.dead_letter_counts() == {
            LetterKind.MESSAGE: 0,
            LetterKind.JOB: 1,
            LetterKind.DELIVERY: 1,
        }
    assert letters[LetterKind.JOB].why == "it failed 8 times"
    assert letters[LetterKind.DELIVERY].why == "repository.full_name: Field required"
    async with unit() as work:
        assert await work.revive(LetterKind.JOB, "run:D-1")
        assert await work.revive(LetterKind.DELIVERY, letters[LetterKind.DELIVERY].id)
        assert not await work.revive(LetterKind.MESSAGE, "nothing of ours")
        assert not await work.revive(LetterKind.DELIVERY, "not a number")
    async with unit() as work:
        assert await work.dead_letters() == []
        assert not await work.revive(LetterKind.JOB, "run:D-1")
    assert [one.job.key for one in await jobs.claim(database.clock.now(), 10)] == ["run:D-1"]


async def test_more_than_a_list_holds_are_counted(database: Database) -> None:
    unit, inbox = unit_on(database), Inbox(database, database.replica_id)
    for number in range(25):
        await inbox.receive("github", f"d-{number}", {}, b"{}", NOON)
    for delivery in await inbox.claim(database.clock.now(), 25):
        await inbox.dead(delivery, "a", "b")
    async with unit() as work:
        work.owe(Job("deploy.run", "run:D-1", database.clock.now() - timedelta(hours=1)))

    async with unit.reading() as work:
        assert len(await work.dead_letters(limit=20)) == 20
        counts = await work.dead_letter_counts()
    assert counts == {LetterKind.MESSAGE: 0, LetterKind.JOB: 1, LetterKind.DELIVERY: 25}


async def test_a_work_that_only_reads_revives_nothing(database: Database) -> None:
    async with unit_on(database).reading() as work:
        with pytest.raises(TypeError):
            await work.revive(LetterKind.JOB, "run:D-1")


async def test_a_view_is_made_anew_only_once_the_ledger_has_grown(database: Database) -> None:
    unit = unit_on(database)
    made: list[int] = []

    async def look() -> int:
        async def make() -> int:
            made.append(1)
            return len(made)

        async with unit.reading() as work:
            return await work.remember("board", make)

    first, again = await look(), await look()
    async with unit() as work:
        work.record(Entry("change.planned", (Subject("change", "C-1"),)))
    after = await look()

    assert first == again
    assert after > again


async def test_subjects_are_found_by_their_beginning(database: Database) -> None:
    unit = unit_on(database)
    async with unit() as work:
        for name in ("9f3c2a1b", "9f3c2a1c", "aaaa", "9f3%2a"):
            work.record(Entry("commit.pushed", (Subject("sha", name), Subject("service", "9f3"))))
    async with unit.reading() as work:
        assert [one.name for one in await work.named("sha", "9f3c")] == ["9f3c2a1b", "9f3c2a1c"]
        assert [one.name for one in await work.named("sha", "9f3%")] == ["9f3%2a"]
        assert len(await work.named("sha", "9", limit=2)) == 2
