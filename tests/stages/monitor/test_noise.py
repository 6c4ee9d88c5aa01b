"""Where an alert would go and why, what a changed route would have said, and which routes nobody acts on."""

from datetime import timedelta

import pytest

from bot.core.events import AlertFired, AlertResolved
from bot.core.messages import File
from bot.core.refusals import NotUnderstood
from bot.stages.monitor import alerts, noise
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.matchers import read
from bot.stages.monitor.model.noise import Replayed
from bot.stages.monitor.model.route import Alerting, Route
from commands.monitor import command as monitor
from tests.fakes import ANA, TEAM, World

MINUTE = timedelta(minutes=1)
PAGER = Route("pager", read('severity="critical"'), "#pager")
DISKS = Route("disks", read('alertname="DiskFull"'), "#disks", pages=False)


def a_world() -> World:
    return World(team=TEAM.with_parts(Alerting((PAGER, DISKS))))


async def live(
    world: World, name: str, minutes: float, *, by_group: str = "", act: bool = False, **labels: str
) -> None:
    """An alert that fires, is perhaps acknowledged after two minutes, and ends."""
    now = world.clock.now()
    event = AlertFired("am", name, by_group or name, {"alertname": "HighLoad", **labels}, {}, now, now)
    await world.unit.run(lambda work: alerts.happened(work, (event,)))
    if act:
        world.clock.move(2 * MINUTE)
        group = (await world.find(AlertGroup))[-1]
        await world.use(monitor, "ack", by=ANA, alert=group.id)
    world.clock.move(minutes * MINUTE)
    now = world.clock.now()
    over = AlertResolved("am", name, event.group, event.labels, {}, None, now, now)
    await world.unit.run(lambda work: alerts.happened(work, (over,)))


async def test_noise_names_the_routes_that_nobody_acts_on_and_says_what_to_do() -> None:
    world = a_world()
    for number in range(6):
        await live(world, f"disk-{number}", 3, alertname="DiskFull")
        world.clock.move(5 * MINUTE)
    for number in range(4):
        await live(world, f"web-{number}", 40, act=number < 3, severity="critical")
    answer = await world.use(monitor, "noise", by=ANA)

    pager, disks, default = answer.context["routes"]  # pyright: ignore
    assert (pager.route, pager.messages, pager.rate, pager.nobody_acts) == ("pager", 4, 75, False)
    assert (pager.to_acknowledge, pager.to_resolve) == (2 * MINUTE, 42 * MINUTE)
    assert (disks.messages, disks.rate, disks.nobody_acts, disks.to_acknowledge) == (6, 0, True, None)
    assert "for: 5m" in disks.suggestion
    assert default.messages == 0

    await world.later(MINUTE, noise.draw)
    chart = next(m for m in world.log if isinstance(m, File))
    assert (chart.to, chart.alt) == (
        ANA.id,
        "Bars of how many alerts each route had and how many were acted on. "
        "pager: 3 of 4 acted on; disks: 0 of 6 acted on",
    )


async def test_where_an_alert_goes_is_what_then_happens() -> None:
    world = a_world()
    answer = await world.use(monitor, "route", labels='alertname="DiskFull" severity=warning')
    path = answer.context["path"]  # pyright: ignore
    assert path.channels == {"disks": "#disks"}
    assert str(path.tried[0].missed) == 'severity="critical"'

    await live(world, "d", 1, **path.labels)
    assert world.said["alert:A-1"].to == "#disks"


@pytest.mark.parametrize("labels", ["", "nonsense", "a=1 =2", "{}", 'a="1'])
async def test_what_are_no_labels_is_refused_with_an_example(labels: str) -> None:
    with pytest.raises(NotUnderstood, match="alertname=HighErrorRate"):
        await a_world().use(monitor, "route", labels=labels)


async def test_a_preview_shows_what_another_grouping_would_have_said() -> None:
    world = a_world()
    for number in range(6):
        await live(world, f"disk-{number}", 1, alertname="DiskFull", instance=str(number))
    answer = await world.use(monitor, "preview", route="disks", labels="alertname")
    preview = answer.context["preview"]  # pyright: ignore

    assert (preview.by_it_today, preview.by_it_then) == (Replayed(6), Replayed(1))
    assert preview.today == Replayed(6)
    assert not preview.is_new


async def test_a_preview_of_a_new_route_takes_alerts_from_the_others_and_counts_pings() -> None:
    world = a_world()
    await live(world, "a", 3, service="web", severity="critical", act=True)
    await live(world, "b", 3, service="web", severity="critical")
    answer = await world.use(monitor, "preview", route="web", matchers='service="web"', paging="no")
    preview = answer.context["preview"]  # pyright: ignore

    assert preview.is_new
    assert (preview.today.pings, preview.then.pings) == (2, 0)
    assert (preview.by_it_then.messages, preview.by_it_then.rate) == (2, 50)


async def test_a_preview_counts_storms_as_one_message() -> None:
    world = a_world()
    for number in range(10):
        await live(world, f"d{number}", 0.01, alertname="DiskFull")
    answer = await world.use(monitor, "preview", route="disks", most=3)
    preview = answer.context["preview"]  # pyright: ignore

    assert (preview.by_it_today.messages, preview.by_it_then) == (10, Replayed(4, storms=1))


async def test_a_preview_of_nothing_and_of_patterns_that_hurt_is_refused() -> None:
    world = a_world()
    with pytest.raises(NotUnderstood, match="Say what changes"):
        await world.use(monitor, "preview", route="disks")
    with pytest.raises(NotUnderstood, match="a group is repeated"):
        await world.use(monitor, "preview", route="disks", matchers='a=~"(x+)+y"')
    with pytest.raises(NotUnderstood, match="no labels to group by"):
        await world.use(monitor, "preview", route="disks", labels="a b c!")
