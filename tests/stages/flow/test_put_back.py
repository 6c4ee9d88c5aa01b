"""After the clock was put back, nobody who should be called or missed waits for the hours that come again."""

from datetime import timedelta

import pytest

from bot.core.jobs import PUT_BACK, Due, Job
from bot.stages.flow import clock_put_back
from bot.stages.monitor import escalate, silent_source
from bot.stages.monitor.model.escalation import Escalation, Escalations, EscalationState, Policy, Step
from bot.stages.monitor.model.heartbeat import Vigil
from bot.stages.monitor.model.route import Alerting, Watch
from bot.stages.monitor.model.storm import Traffic
from tests.fakes import NOON, TEAM, World

MINUTE = timedelta(minutes=1)
BACK = timedelta(hours=2)
SILENT = Watch("sentry", "sentry", 10 * MINUTE)
POLICY = Policy("p", (Step(timedelta(), "UMEI"), Step(15 * MINUTE, "UTOM"), Step(15 * MINUTE, "UMEI")))


async def goes_back(world: World, by: timedelta = BACK) -> None:
    """The clock is put back, and twice told of."""
    world.clock.move(-by)
    told = Due(Job(PUT_BACK, "told", world.clock.now(), {"seconds": by.total_seconds()}), timedelta(), 1)
    for _ in range(2):
        await world.unit.run(lambda work: clock_put_back.shorten(work, told))


async def test_a_source_that_went_quiet_before_the_clock_was_put_back_is_missed_when_it_would_have_been() -> None:
    world = World(team=TEAM.with_parts(Alerting(watches=(SILENT,))))
    await world.unit.run(silent_source.begin)
    world.clock.move(4 * MINUTE)
    await goes_back(world)
    await world.later(5 * MINUTE, silent_source.quiet)
    assert world.said == {}
    await world.later(MINUTE, silent_source.quiet)
    assert "alert:A-1" in world.said


def test_a_sign_of_life_after_the_clock_was_put_back_counts() -> None:
    vigil = Vigil("sentry", NOON)
    assert vigil.hears(NOON - BACK, SILENT.every).heard_at == NOON - BACK
    assert vigil.hears(NOON + timedelta(seconds=1), SILENT.every) is vigil


@pytest.mark.parametrize("by", [timedelta(minutes=20), BACK, timedelta(days=1)])
def test_the_next_step_of_an_escalation_waits_as_long_as_it_says(by: timedelta) -> None:
    begun = Escalation.begin("A-1/1", "A-1", POLICY, NOON).take_step("UMEI", NOON)
    now = NOON + 5 * MINUTE - by
    after = begun.put_back(now, by)
    assert after.due_at == now + 10 * MINUTE
    assert after.put_back(now, by) == after


def test_a_step_that_waits_for_the_end_of_a_silence_or_that_is_over_keeps_its_instant() -> None:
    begun = Escalation.begin("A-1/1", "A-1", POLICY, NOON)
    quiet = begun.wait_until(NOON + BACK)
    assert quiet.put_back(NOON - BACK, BACK) is quiet
    over = begun.end(EscalationState.ANSWERED, NOON)
    assert over.put_back(NOON - BACK, BACK) is over


async def test_the_step_comes_as_a_job_at_its_new_instant() -> None:
    world = World(team=TEAM.with_parts(Escalations({"p": POLICY})))
    async with world.unit() as work:
        escalation = await work.add(Escalation.begin("A-1/1", "A-1", POLICY, NOON).take_step("UMEI", NOON))
        escalate.owe_step(work, escalation)
    await goes_back(world)
    owed = [job for job in world.jobs.values() if job.kind == "escalate.step"]
    assert NOON - BACK + 15 * MINUTE in [job.due for job in owed]


@pytest.mark.parametrize("by", [timedelta(minutes=10), BACK])
def test_what_began_before_the_clock_was_put_back_makes_no_storm_of_what_begins_after(by: timedelta) -> None:
    traffic = Traffic("route #ops")
    for _ in range(3):
        traffic = traffic.admit(NOON, 3)
    assert traffic.admit(NOON - by, 3).storm is None
    raging = traffic.admit(NOON, 3)
    assert raging.storm is not None
    assert raging.is_quiet(NOON - by)
