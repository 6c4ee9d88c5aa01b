"""What happens when much fires at once, or the same again and again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.events import AlertFired, AlertResolved
from bot.core.messages import Band, Message
from bot.stages.monitor import act, alerts, storms
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.route import Alerting, Route
from bot.stages.monitor.model.storm import QUIET
from commands.monitor import command as monitor
from tests.fakes import ANA, TEAM, World

MINUTE = timedelta(minutes=1)
JOBS = (storms.redraw, storms.list_groups, storms.end, alerts.redraw, alerts.newcomers, alerts.calm)


def a_world(storm: int = 5, **route: Any) -> World:
    return World(team=TEAM.with_parts(Alerting(default=Route("default", storm=storm, **route))))


def fired(world: World, name: str, severity: str = "warning", group: str = "") -> AlertFired:
    labels = {"alertname": "HighLoad", "severity": severity, "instance": name, "service": "web"}
    now = world.clock.now()
    return AlertFired("alertmanager", name, group or name, labels, {"summary": f"load on {name}"}, now, now)


def resolved(world: World, name: str, group: str = "") -> AlertResolved:
    event = fired(world, name, group=group)
    return AlertResolved(
        event.source, name, event.group, event.labels, {}, None, event.received_at, event.received_at
    )


async def take(world: World, *events: AlertFired | AlertResolved) -> None:
    await world.unit.run(lambda work: alerts.happened(work, events))


def cards(world: World) -> list[str]:
    return [key for key, message in world.said.items() if message.template == "monitor/card"]


def thread(world: World, group: str) -> list[str]:
    return [message.template for message in world.said.values() if message.thread_of == f"alert:{group}"]


def summary(world: World) -> Message:
    return next(message for message in world.said.values() if message.template == "monitor/storm")


async def test_beyond_the_threshold_one_message_stands_for_all_and_its_thread_lists_them() -> None:
    world = a_world()
    for number in range(45):
        await take(world, fired(world, f"web-{number}"))
    assert len(cards(world)) == 5

    await world.later(timedelta(seconds=15), *JOBS)
    assert summary(world).band is Band.NOW

    assert summary(world).context["summary"].groups == 40
    pages = [m for m in world.said.values() if m.template == "monitor/storm_page"]
    assert [len(page.context["groups"]) for page in pages] == [20, 20]
    assert {page.thread_of for page in pages} == {summary(world).key}
    assert world.kinds.count("alert.storm_began") == 1


async def test_the_summary_is_drawn_at_most_once_in_four_seconds_however_much_comes() -> None:
    world = a_world()
    for number in range(100):
        await take(world, fired(world, f"web-{number}"))
        await world.later(timedelta(milliseconds=100), *JOBS)

    drawn = [m for m in world.log if isinstance(m, Message) and m.template == "monitor/storm"]
    assert len(drawn) <= 4


async def test_critical_ones_keep_their_messages_up_to_as_many_as_make_a_storm() -> None:
    world = a_world()
    for number in range(10):
        await take(world, fired(world, f"web-{number}"))
    for number in range(8):
        await take(world, fired(world, f"pay-{number}", "critical"))

    critical = [m for m in world.said.values() if m.template == "monitor/card" and m.band is Band.NOW]
    assert len(critical) == 5
    storm = await world.find(AlertGroup, storm="default #alerts#1")
    assert len(storm) == 5 + 8


async def test_what_a_person_acts_on_gets_a_message_of_its_own() -> None:
    world = a_world()
    for number in range(8):
        await take(world, fired(world, f"web-{number}"))
    assert "alert:A-8" not in world.said
    await world.use(monitor, "ack", by=ANA, alert="A-8")

    assert "alert:A-8" in world.said
    assert thread(world, "A-8") == ["monitor/acknowledged"]


async def test_single_messages_resume_once_it_is_quiet() -> None:
    world = a_world()
    for number in range(8):
        await take(world, fired(world, f"web-{number}"))
    await take(world, resolved(world, "web-7"))
    await world.later(QUIET + MINUTE, *JOBS)

    over = summary(world).context["summary"]
    assert over.storm.ended_at is not None
    assert (over.groups, over.firing) == (3, 2)
    await take(world, fired(world, "late"))
    assert "alert:A-9" in world.said
    await take(world, resolved(world, "web-6"))
    await world.later(MINUTE, *JOBS)
    assert summary(world).context["summary"].firing == 1
    assert summary(world).context["summary"].storm.ended_at == over.storm.ended_at


async def test_two_routes_have_storms_of_their_own() -> None:
    web = Route("web", storm=3, channel="#web")
    team = TEAM.with_parts(Alerting((web,)))
    world = World(team=team)
    for number in range(6):
        await take(world, fired(world, f"web-{number}"))
    await world.later(timedelta(seconds=15), *JOBS)

    assert summary(world).to == "#web"
    assert {message.to for message in world.said.values()} == {"#web"}


async def test_flapping_is_said_once_and_then_the_thread_is_quiet_until_it_holds_still() -> None:
    world = a_world(storm=100)
    await take(world, fired(world, "web-1"))
    for _ in range(6):
        world.clock.move(4 * MINUTE)
        await take(world, resolved(world, "web-1"))
        world.clock.move(4 * MINUTE)
        await take(world, fired(world, "web-1"))

    told = thread(world, "A-1")
    assert told == ["monitor/resolved", "monitor/fired_again"] * 3 + ["monitor/resolved", "monitor/flaps"]
    assert world.said["alert:A-1"].context["group"].flaps

    await world.later(timedelta(hours=1), *JOBS)
    assert not world.said["alert:A-1"].context["group"].flaps


async def test_others_that_join_are_named_together_in_one_line() -> None:
    world = a_world()
    await take(world, fired(world, "web-1", group="g"))
    for number in range(2, 9):
        await take(world, fired(world, f"web-{number}", group="g"))
        await world.later(timedelta(milliseconds=200), *JOBS)
    assert thread(world, "A-1") == []
    await world.later(timedelta(seconds=16), *JOBS)

    assert thread(world, "A-1") == ["monitor/joined"]
    joined = next(m for m in world.said.values() if m.template == "monitor/joined")
    assert len(joined.context["joined"]) == 7


async def test_many_deliveries_of_a_group_are_few_edits_and_the_newest_wins() -> None:
    world = a_world()
    await take(world, fired(world, "web-1", group="g"))
    for number in range(40):
        event = fired(world, "web-1", group="g")
        await take(world, replace(event, annotations={"summary": f"load {number}"}))
        await world.later(timedelta(milliseconds=100), *JOBS)
    await world.later(timedelta(seconds=2), *JOBS)

    drawn = [m for m in world.log if m.key == "alert:A-1"]
    assert len(drawn) <= 4
    assert world.said["alert:A-1"].context["group"].summary == "load 39"


async def test_one_body_of_5000_alerts_is_one_group_read_and_written_once() -> None:
    world = a_world()
    events = [fired(world, f"web-{number}", group="g") for number in range(5_000)]
    await take(world, *events)
    await take(world, *[resolved(world, f"web-{number}", group="g") for number in range(4_999)])

    group = await world.get(AlertGroup, "A-1")
    assert [alert.where for alert in group.firing] == ["web-4999"]
    assert sum(bool(alert.labels) for alert in group.alerts) == 1 + 100
    assert world.kinds == ["alert.fired"]


async def test_the_route_says_whether_news_is_shown_in_the_channel_too() -> None:
    world = a_world(broadcast=True)
    await take(world, fired(world, "web-1"))
    await world.unit.run(lambda work: act.acknowledge(work, "A-1", ANA))
    await take(world, resolved(world, "web-1"))

    broadcast = {m.template: m.broadcast for m in world.said.values()}
    assert broadcast == {"monitor/card": False, "monitor/acknowledged": False, "monitor/resolved": True}
