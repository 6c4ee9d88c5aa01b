"""A merged pull request, a click and a step of its own meet at one blocker at the same moment, on real databases."""

import asyncio
from typing import Any

from bot.core.events import PullRequestChanged, PullRequestState
from bot.core.jobs import Due, Job
from bot.core.ledger import Subject
from bot.core.ports import Charts, Tools
from bot.core.refusals import Stale
from bot.stages.code import blocker_links, blockers, ideas
from bot.stages.code.ask_unblocker import go_on
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.code.model.idea import Idea
from bot.storage.engine.database import Database
from bot.storage.work.unit_of_work import UnitOfWork
from bot.team.people.model.ports import Holidays
from tests.fakes import LUIS, NOON, PEOPLE, TEAM, TOM, FakeCharts, FakeClock, FakeDirectory, FakeHolidays
from tests.rendered import RENDER

MERGED = PullRequestChanged(
    "github", "org/web", 812, PullRequestState.MERGED, "t", "", "b", "0" * 40, "tomh", "tomh", NOON
)


def tools_on(unit: UnitOfWork) -> Tools:
    """What a job gets."""
    return Tools(
        unit,
        FakeClock(),
        FakeDirectory(),
        TEAM,
        {Holidays: FakeHolidays(), Charts: FakeCharts()},
    )


async def test_whoever_comes_first_closes_it_and_it_is_closed_once(database: Database):
    unit = UnitOfWork(database, team=TEAM, render=RENDER)
    for _ in range(4):
        await unit.run(lambda work: blockers.air(work, "review of web#812", LUIS.id, unblocker=TOM.id))

    def stepping(number: int) -> Any:
        job = Job("blocker.next", "x", NOON, {"blocker": f"B-{number}", "step": 1})
        return go_on(tools_on(unit), Due(job, NOON - NOON, 1))

    results = await asyncio.gather(
        *(stepping(n) for n in (1, 2, 3, 4)),
        *(unit.run(lambda work, n=n: blockers.close(work, f"B-{n}", TOM)) for n in (1, 2)),
        unit.run(lambda work: blocker_links.pull_request_moved(work, MERGED)),
        return_exceptions=True,
    )

    assert [one for one in results if isinstance(one, BaseException) and not isinstance(one, Stale)] == []
    async with unit() as work:
        assert await work.find(Blocker, state=BlockerState.OPEN) == []
        for n in (1, 2, 3, 4):
            told = [one.entry.kind for one in await work.history(Subject("blocker", f"B-{n}"))]
            assert told.count("blocker.closed") == 1
            assert told.count("blocker.asked") <= 1


async def test_everybody_who_votes_at_once_is_counted(database: Database):
    unit = UnitOfWork(database, team=TEAM, render=RENDER)
    await unit.run(lambda work: ideas.share(work, "cache the price list", LUIS))
    await asyncio.gather(*(unit.run(lambda work, by=by: ideas.vote(work, "I-1", by)) for by in PEOPLE))

    async with unit() as work:
        idea = await work.get(Idea, "I-1")
        assert idea
        assert {vote.by for vote in idea.votes} == {person.id for person in PEOPLE}
