"""A year of stand-ups: every prompt that is to be, exactly once, at its minute, and none besides."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.jobs import Job, Outcome
from bot.stages.standup.model.setup import Standup
from bot.stages.standup.plan_day import PLAN, PROMPT, plan_when_due
from bot.stages.standup.replan import REPLAN, follow, replan_when_due
from bot.vendors.holidays.public_holidays import PublicHolidays
from tests.fakes import World
from tests.stages.standup.standup_year import SETUPS, YEAR, Oracle, Workspace, workspace

FIRST, LAST = date(YEAR, 1, 2), date(YEAR + 1, 1, 1)
START = datetime(YEAR, 1, 1, 6, tzinfo=UTC)  # before the second of January has begun anywhere
HANDLERS = {PLAN: plan_when_due, REPLAN: replan_when_due}


class Year:
    """A world in which nothing is done but planning; of the prompts it is noted when they would be sent."""

    def __init__(self, there: Workspace) -> None:
        self.world = World(people=there.people, at=START, holidays=PublicHolidays())
        self.sent: list[tuple[str, str, datetime]] = []
        self._names: dict[str, str] = {}

    async def begin(self, there: Workspace) -> None:
        """Set the stand-ups up."""
        async with self.world.unit() as work:
            for presence in there.presences:
                await work.add(presence)
            for setup in SETUPS:
                standup = await work.add(Standup.make(setup, "U000", work.now))
                self._names[standup.id] = setup.name
                follow(work, standup)

    async def go_on(self, until: datetime, up_late: timedelta = timedelta()) -> None:
        """Do what is due, each job at its instant; ``up_late``: only so much later."""
        while planning := [job for job in self.world.jobs.values() if job.kind in HANDLERS]:
            job = min(planning, key=lambda each: each.due)
            at = job.due + up_late if job.kind == PLAN else job.due
            self._send_before(min(at, until))
            if at >= until:
                break
            self.world.clock.at = max(self.world.clock.at, at)
            await self.world.do(job, HANDLERS[job.kind])
        self._send_before(until)
        self.world.clock.at = until

    def _send_before(self, end: datetime) -> None:
        for job in [job for job in self.world.jobs.values() if job.due < end and job.kind not in HANDLERS]:
            self._end(job)
            if job.kind == PROMPT:
                self.sent.append((self._names[job.args["standup"]], job.args["user"], job.due))

    def _end(self, job: Job) -> None:
        del self.world.jobs[job.key]
        self.world.store.ended[job.key] = Outcome.DONE


def in_days(prompts: list[tuple[str, str, datetime]], end: datetime) -> list[tuple[str, str, datetime]]:
    """Those before an instant: the last days of the year end at different instants in different zones."""
    return sorted(prompt for prompt in prompts if prompt[2] < end)


@pytest.mark.parametrize("seed", [1])
async def test_every_prompt_of_a_year_comes_once_at_its_minute(seed):
    there = workspace(seed)
    year = Year(there)
    await year.begin(there)
    end = datetime(YEAR, 12, 31, 6, tzinfo=UTC)
    await year.go_on(end)

    expected = in_days(Oracle(FIRST, LAST).expected(there, SETUPS), end)
    assert len(expected) > 25_000
    twice = [prompt for prompt, times in Counter(year.sent).items() if times > 1]
    assert twice == []
    assert sorted(year.sent) == expected
    assert year.world.kinds.count("standup.missed") == 0
