"""Alerts from their delivery to the channel: one message, one thread, every decision told once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import AlertFired, Event
from bot.core.messages import Band
from bot.core.refusals import Stale, Unknown
from bot.stages.monitor import alerts
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.vendors.alertmanager.webhook import source
from commands.monitor import command as monitor
from tests.fakes import ANA, NOON, TOM, World
from tests.vendors import captured

HOUR = timedelta(hours=1)


async def deliver(world: World, name: str) -> None:
    await take(world, source.parse(captured.delivery("alertmanager", name, world.clock.now())))


async def happen(world: World, event: Event) -> None:
    await take(world, [event])


async def take(world: World, events: Sequence[Any]) -> None:
    """As one delivery."""
    await world.unit.run(lambda work: alerts.happened(work, events))


async def test_a_group_is_one_message_in_the_alerts_channel() -> None:
    world = World()
    await deliver(world, "firing_grouped_3")

    assert list(world.said) == ["alert:A-1"]
    card = world.said["alert:A-1"]
    assert (card.to, card.template, card.band) == ("#alerts", "monitor/card", Band.NOW)
    assert len(card.context["group"].alerts) == 3
    assert (await world.get(AlertGroup, "A-1")).environment == "production"


async def test_a_repeated_delivery_says_nothing() -> None:
    world = World()
    await deliver(world, "firing_grouped_3")
    said = len(world.log)
    await deliver(world, "firing_grouped_3")

    assert len(world.log) == said


async def test_fire_acknowledge_resolve_is_one_card_and_two_lines_in_its_thread() -> None:
    world = World()
    await deliver(world, "firing_one")
    await world.use(monitor, "ack", by=ANA, alert="A-1")
    world.clock.move(timedelta(minutes=21))
    await deliver(world, "firing_one_resolved")

    thread = [key for key, message in world.said.items() if message.thread_of == "alert:A-1"]
    assert thread == ["alert:A-1:acknowledged:1:U0ANA", "alert:A-1:resolved:1"]
    assert world.kinds == ["alert.fired", "alert.acknowledged", "alert.resolved"]
    assert world.said["alert:A-1"].context["group"].state == "resolved"
    assert world.entries[-1].facts == {"minutes": 21}


async def test_a_second_acknowledgement_is_answered_with_who_was_first() -> None:
    world = World()
    await deliver(world, "firing_one")
    await world.use(monitor, "ack", by=ANA, alert="A-1")

    with pytest.raises(Stale, match="U0ANA"):
        await world.use(monitor, "ack", by=TOM, alert="A-1")


async def test_an_unknown_alert_is_refused_with_what_fires() -> None:
    world = World()
    await deliver(world, "firing_one")

    with pytest.raises(Unknown, match="A-1"):
        await world.use(monitor, "ack", alert="A-7")


async def test_firing_again_within_the_hour_keeps_its_thread_and_later_does_not() -> None:
    world = World()
    await deliver(world, "firing_one")
    world.clock.move(timedelta(minutes=5))
    await deliver(world, "firing_one_resolved")
    world.clock.move(timedelta(minutes=5))
    await deliver(world, "firing_one")
    assert world.said["alert:A-1:again:2"].template == "monitor/fired_again"
    world.clock.move(timedelta(minutes=1))
    await deliver(world, "firing_one_resolved")
    world.clock.move(2 * HOUR)
    await deliver(world, "firing_one")

    assert world.said["alert:A-2"].context["group"].state == "firing"


async def test_an_end_that_comes_before_its_beginning_tells_nobody() -> None:
    world = World()
    firing = captured.delivery("alertmanager", "firing_one", world.clock.now())
    world.clock.move(timedelta(minutes=5))
    await deliver(world, "firing_one_resolved")
    for event in source.parse(firing):
        await happen(world, event)

    assert world.said == {}


async def test_the_worst_is_listed_first() -> None:
    world = World()
    await deliver(world, "firing_one")
    await deliver(world, "firing_grouped_3")
    answer = await world.use(monitor)

    assert [group.id for group in answer.context["groups"]] == ["A-2", "A-1"]  # pyright: ignore


async def test_a_rise_in_severity_is_told_in_the_thread_and_a_fall_is_not() -> None:
    world = World()
    for severity in ("warning", "critical", "warning"):
        event = next(iter(source.parse(captured.delivery("alertmanager", "firing_one", world.clock.now()))))
        assert isinstance(event, AlertFired)
        labels = {**event.labels, "severity": severity}
        changed = AlertFired(
            event.source, event.fingerprint, event.group, labels, event.annotations, event.starts_at, NOON
        )
        await happen(world, changed)

    assert [key for key in world.said if ":worse:" in key] == ["alert:A-1:worse:1:critical"]
