"""A step of the machine's clock counts once another clock confirms it; until then time goes on as it did."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot import discovery
from bot.core.jobs import PUT_BACK, Job
from bot.core.team import Team
from bot.runtime.clock import SteadyClock
from bot.runtime.clock_skew import DATABASE, SLACK, ClockSkew
from bot.runtime.job_places import Places
from bot.storage.engine.database import Database
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork
from tests.storage.things import Rendering

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
STEPS = [2 * HOUR, 24 * HOUR, -2 * HOUR, timedelta(days=-365)]


class Machine:
    """A machine whose clock can be moved, and whose monotonic one only goes on; ``true`` is everybody else's time."""

    def __init__(self) -> None:
        self.at = self.true = NOON
        self.tick = 1000.0
        self.clock = SteadyClock(lambda: self.at, lambda: self.tick)
        self.skew = self.compares("https://slack.com/api/")

    def compares(self, slack: str) -> ClockSkew:
        return ClockSkew(slack, now=lambda: self.at, ticks=lambda: self.tick, clock=self.clock)

    def passes(self, by: timedelta) -> None:
        self.at += by
        self.true += by
        self.tick += by.total_seconds()

    def hears(self, who: str = SLACK, wrong_by: timedelta = timedelta()) -> None:
        said = (self.true + wrong_by).replace(microsecond=0)
        self.skew.heard(who, said, said + SECOND, self.tick)


@pytest.mark.parametrize("by", STEPS)
def test_a_step_that_nobody_confirms_is_not_believed(by: timedelta) -> None:
    machine = Machine()
    machine.at += by
    assert machine.clock.now() == NOON
    machine.passes(HOUR)
    assert machine.clock.now() == NOON + HOUR
    assert machine.clock.held == by
    machine.hears()
    assert machine.clock.now() == machine.true
    machine.at -= by
    assert (machine.clock.now(), machine.clock.held) == (machine.true, timedelta())
    machine.passes(HOUR)
    assert machine.clock.now() == machine.true
    assert machine.clock.went_back() == timedelta()


@pytest.mark.parametrize("by", STEPS)
def test_a_step_that_another_clock_confirms_is_believed(by: timedelta) -> None:
    machine = Machine()
    machine.at += by  # a machine that slept, or was put right
    machine.true = machine.at
    machine.hears()
    assert (machine.clock.now(), machine.clock.held) == (machine.at, timedelta())
    assert machine.clock.went_back() == max(-by, timedelta())
    assert machine.clock.went_back() == timedelta()


def test_a_clock_that_is_slewed_or_off_by_less_than_a_second_is_followed() -> None:
    machine = Machine()
    for _ in range(100):
        machine.passes(MINUTE)
        machine.at += timedelta(milliseconds=30)  # NTP slews by 500 ppm at most
        assert machine.clock.now() == machine.at


def test_another_clock_never_sets_ours() -> None:
    machine = Machine()
    machine.hears(DATABASE, -3 * HOUR)
    machine.hears(DATABASE, 3 * HOUR)
    assert machine.clock.now() == NOON
    machine.at += 2 * HOUR
    machine.hears(DATABASE, 5 * HOUR)  # nearer to what the machine says now: as far as it goes
    assert machine.clock.now() == NOON + 2 * HOUR


def test_what_is_not_believed_is_said() -> None:
    machine = Machine()
    machine.at += 2 * HOUR + SECOND
    said = "this machine's clock was moved by 2 h, which no other clock confirms yet: have it set by NTP"
    assert machine.skew.trouble == said
    assert machine.skew.findings()[0].what in said
    machine.hears()
    assert machine.skew.trouble == "this machine's clock is 2 h ahead of that of Slack: have it set by NTP"


@pytest.mark.parametrize("is_right", [True, False])
async def test_slack_is_asked_for_the_time_where_nobody_tells_it(is_right: bool) -> None:
    machine = Machine()

    async def answers(_: web.Request) -> web.Response:
        return web.json_response({"ok": True}, headers={"Date": format_datetime(machine.true, usegmt=True)})

    app = web.Application()
    app.router.add_get("/api/api.test", answers)
    async with TestServer(app) as server, ClientSession() as session:
        skew = machine.compares(str(server.make_url("/api/"))).hearing(session)
        machine.at += 2 * HOUR
        if is_right:
            machine.true = machine.at
        await skew.look()
    assert machine.clock.now() == machine.true


async def test_a_silent_slack_leaves_it_open() -> None:
    machine = Machine()
    async with ClientSession() as session:
        skew = machine.compares("http://127.0.0.1:9/api/").hearing(session)
        machine.at += 2 * HOUR
        await skew.look()
    assert machine.clock.now() == NOON


@pytest.fixture
async def machine(database_url):
    """A machine with a database on its steady clock."""
    made = Machine()
    database = await Database.open(database_url, clock=made.clock, replica_id="steady")
    made.database = database
    yield made
    await database.close()


async def due(machine: Machine) -> list[str]:
    """What a worker would begin now, given back."""
    jobs = Jobs(machine.database, "steady")
    claimed = await jobs.claim(machine.clock.now(), 10)
    keys = [one.job.key for one in claimed if one.job.kind != PUT_BACK]
    await jobs.release_all()
    return keys


@pytest.mark.parametrize("by", [2 * HOUR, 24 * HOUR])
async def test_a_clock_that_is_ahead_for_a_moment_ends_nothing_early(machine: Machine, by: timedelta) -> None:
    unit = UnitOfWork(machine.database, team=Team(), render=Rendering())
    async with unit() as work:
        work.owe(Job("standup.close", "close", NOON + HOUR))
        work.owe(Job("deploy.expire", "lapse", NOON + HOUR))
    machine.at += by
    async with unit() as work:
        assert work.now == NOON
        work.owe(Job("note", "at once", work.now))
    assert await due(machine) == ["at once"]
    machine.at -= by
    machine.passes(HOUR)
    assert sorted(await due(machine)) == ["at once", "close", "lapse"]


async def test_what_was_owed_by_a_clock_that_was_ahead_is_brought_forward_when_it_is_put_right(
    machine: Machine,
) -> None:
    unit = UnitOfWork(machine.database, team=Team(), render=Rendering())
    async with unit() as work:
        work.owe(Job("note", "at once", work.now))
    machine.at -= 2 * HOUR
    machine.true = machine.at
    await machine.skew.look(None)  # not confirmed yet
    assert await due(machine) == ["at once"]
    machine.hears()
    assert await due(machine) == []
    await machine.skew.look(machine.database)
    assert await due(machine) == ["at once"]


LASTING = {
    *("alert.lapse", "deploy.expire", "deploy.lapse", "deploy.look", "flag.end", "flag.expire", "lock.expire"),
    *("rollout.expire", "rollout.step", "silence.end", "standup.close", "standup.open", "standup.plan"),
    *(
        "standup.prompt",
        "standup.ask_again",
        "standup.remind",
        "standup.digest",
        "release.publish",
    ),
}


def left_out(machine: Machine) -> set[str]:
    """The kinds of jobs that wait."""
    found = discovery.workflows()
    rooms, _ = Places(found.inside, found.outside, machine.clock).left([])
    return {*found.inside, *found.outside} - set(rooms)


@pytest.mark.parametrize("wrong_by", [24 * HOUR, -2 * HOUR])
def test_what_cannot_be_taken_back_waits_while_the_clock_that_it_began_with_is_wrong(wrong_by: timedelta) -> None:
    machine = Machine()
    machine.true -= wrong_by
    assert left_out(machine) == set()
    machine.hears()
    assert left_out(machine) == LASTING
    machine.at -= wrong_by
    machine.hears()
    assert left_out(machine) == set()


def test_one_other_clock_that_agrees_is_enough() -> None:
    machine = Machine()
    machine.hears(DATABASE, -3 * HOUR)
    assert left_out(machine) == LASTING
    machine.hears(SLACK)
    assert left_out(machine) == set()


def test_nothing_waits_while_a_step_is_not_believed() -> None:
    machine = Machine()
    machine.hears()
    machine.at += 24 * HOUR
    machine.hears()
    assert left_out(machine) == set()
