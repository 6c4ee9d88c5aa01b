"""Alerts that fire and end before the worker looks: in the ledger and in the statistics, and nobody is told."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.events import AlertFired, AlertResolved
from bot.stages.monitor import alerts
from bot.stages.monitor.model.alert_group import AlertGroup
from commands.monitor import command as monitor
from tests.fakes import ANA, World

MINUTE = timedelta(minutes=1)
LABELS = {"alertname": "HighLoad", "severity": "critical", "service": "web"}


def fired(began: datetime, name: str = "a") -> AlertFired:
    return AlertFired("am", name, "g", LABELS, {}, began, began)


def ended(began: datetime, at: datetime, name: str = "a") -> AlertResolved:
    return AlertResolved("am", name, "g", LABELS, {}, began, at, at)


async def take(world: World, *events: AlertFired | AlertResolved) -> None:
    await world.unit.run(lambda work: alerts.happened(work, events))


async def test_what_fires_and_ends_in_one_batch_is_recorded_and_not_said() -> None:
    world = World()
    now = world.clock.now()
    await take(world, fired(now - 3 * MINUTE), ended(now - 3 * MINUTE, now - MINUTE))

    [entry] = world.entries
    assert (entry.kind, entry.by) == ("alert.passed", "am")
    assert entry.facts == {
        "alerts": 1,
        "severity": "critical",
        "began": (now - 3 * MINUTE).isoformat(),
        "ended": (now - MINUTE).isoformat(),
    }
    assert {str(subject) for subject in entry.subjects} >= {"alert:A-1", "service:web"}
    assert not world.said
    assert not world.jobs


async def test_an_end_whose_beginning_was_never_heard_is_recorded_once() -> None:
    world = World()
    now = world.clock.now()
    over = ended(now - MINUTE, now)
    await take(world, over)
    await take(world, over)
    await take(world, fired(now - MINUTE))  # overtaken on its way

    assert world.kinds == ["alert.passed"]
    assert not world.said


async def test_a_known_group_that_fires_and_ends_in_one_batch_is_recorded_too() -> None:
    world = World()
    began = world.clock.now()
    await take(world, fired(began))
    world.clock.move(5 * MINUTE)
    await take(world, ended(began, world.clock.now()))
    world.clock.move(5 * MINUTE)
    again, said = world.clock.now(), dict(world.said)
    await take(world, fired(again), ended(again, again + MINUTE))

    assert world.kinds == ["alert.fired", "alert.resolved", "alert.passed"]
    assert world.entries[-1].facts["began"] == again.isoformat()
    assert world.said == said


async def test_a_group_that_ends_and_fires_again_in_one_batch_is_told_as_one_that_fired_again() -> None:
    world = World()
    began = world.clock.now()
    await take(world, fired(began))
    await world.use(monitor, "ack", by=ANA, alert="A-1")
    world.clock.move(5 * MINUTE)
    again = world.clock.now()
    await take(world, ended(began, again - MINUTE), fired(again))

    assert world.kinds == ["alert.fired", "alert.acknowledged", "alert.resolved", "alert.fired"]
    assert world.entries[2].facts == {"ended": (again - MINUTE).isoformat()}
    assert "alert:A-1:again:2" in world.said
    group = await world.get(AlertGroup, "A-1")
    assert (group.state, group.acknowledged) == ("firing", None)
    assert world.said["alert:A-1"].context["group"] == replace(group, untold=())


async def test_noise_counts_what_passed_beside_the_messages() -> None:
    world = World()
    now = world.clock.now()
    await take(world, fired(now), ended(now, now + MINUTE))
    answer = await world.use(monitor, "noise", by=ANA)

    [default] = answer.context["routes"]  # pyright: ignore
    assert (default.route, default.messages, default.passed, default.rate) == ("default", 0, 1, 0)
