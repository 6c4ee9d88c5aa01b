"""A source that has gone quiet raises an alert of our own, and its next word ends it."""

from datetime import timedelta

from bot.core.events import AlertFired
from bot.core.jobs import Outcome
from bot.stages.monitor import alerts, silent_source
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.matchers import read
from bot.stages.monitor.model.route import Alerting, Watch
from tests.fakes import TEAM, World

MINUTE = timedelta(minutes=1)
WATCHDOG = Watch("Watchdog", "alertmanager", 5 * MINUTE, read('alertname="Watchdog"'))
ANYTHING = Watch("sentry", "sentry", 60 * MINUTE)


async def a_world(*watches: Watch) -> World:
    world = World(team=TEAM.with_parts(Alerting(watches=watches)))
    await world.unit.run(silent_source.begin)
    await world.unit.run(silent_source.begin)
    return world


async def hear(world: World, source: str = "alertmanager", name: str = "Watchdog") -> None:
    now = world.clock.now()
    event = AlertFired(source, name, name, {"alertname": name}, {}, None, now)
    await world.unit.run(lambda work: alerts.happened(work, (event,)))


async def test_while_it_is_heard_of_nothing_is_said_and_the_sign_of_life_is_no_alert() -> None:
    world = await a_world(WATCHDOG)
    for _ in range(10):
        assert await world.later(4 * MINUTE, silent_source.quiet) == []
        await hear(world)

    assert world.said == {}
    assert await world.find(AlertGroup) == []


async def test_silence_raises_an_alarm_that_the_next_sign_of_life_ends() -> None:
    world = await a_world(WATCHDOG)
    await hear(world)
    assert await world.later(6 * MINUTE, silent_source.quiet) == [Outcome.DONE]
    card = world.said["alert:A-1"].context["group"]
    assert (card.source, card.name, card.severity.value, card.state) == (
        "eightbells",
        "SourceQuiet",
        "critical",
        "firing",
    )
    await hear(world, name="Other")
    assert (await world.get(AlertGroup, "A-1")).state == "firing"

    await hear(world)
    assert (await world.get(AlertGroup, "A-1")).state == "resolved"
    await world.later(6 * MINUTE, silent_source.quiet)
    assert (await world.get(AlertGroup, "A-1")).state == "firing"


async def test_a_source_that_was_never_heard_of_is_quiet_too() -> None:
    world = await a_world(WATCHDOG)

    assert await world.later(6 * MINUTE, silent_source.quiet) == [Outcome.DONE]


async def test_any_delivery_of_a_source_is_a_sign_of_life_and_still_an_alert() -> None:
    world = await a_world(ANYTHING)
    await world.later(59 * MINUTE, silent_source.quiet)
    await hear(world, "sentry", "TypeError")

    assert await world.later(59 * MINUTE, silent_source.quiet) == []
    assert world.said["alert:A-1"].context["group"].name == "TypeError"


async def test_after_a_time_in_which_we_were_down_the_source_gets_its_interval_first() -> None:
    world = await a_world(WATCHDOG)
    world.clock.move(120 * MINUTE)

    assert await world.later(MINUTE, silent_source.quiet) == [Outcome.NOOP]
    assert world.said == {}
    assert await world.later(5 * MINUTE, silent_source.quiet) == [Outcome.DONE]


async def test_a_watch_that_the_team_file_has_lost_alarms_nobody() -> None:
    world = await a_world(WATCHDOG)
    world.unit._team = TEAM  # pyright: ignore[reportPrivateUsage]

    assert await world.later(6 * MINUTE, silent_source.quiet) == [Outcome.NOOP]
