"""Alerts take the team's routes: to their channels, in their groups, and stay where they are once they fire."""

from dataclasses import replace
from datetime import timedelta

from bot.core.events import AlertFired, AlertResolved
from bot.stages.monitor import alerts
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.matchers import read
from bot.stages.monitor.model.route import Alerting, Route
from tests.fakes import NOON, TEAM, World

PAGER = Route("pager", read('severity="critical"'), "#pager")
AUDIT = Route("audit", read('service="payments"'), "#audit", goes_on=True)
BY_SERVICE = Route("by service", read('cluster="eu-1"'), "#eu", group_by=("cluster", "service"))


def fired(name: str, group: str = "g", **labels: str) -> AlertFired:
    return AlertFired("sentry", name, group, {"alertname": name, **labels}, {}, NOON, NOON)


def over(event: AlertFired, **labels: str) -> AlertResolved:
    at = NOON + timedelta(minutes=9)
    return AlertResolved(event.source, event.fingerprint, event.group, {**event.labels, **labels}, {}, None, at, at)


async def take(world: World, *events: AlertFired | AlertResolved) -> None:
    await world.unit.run(lambda work: alerts.happened(work, events))


def with_routes(*routes: Route) -> World:
    return World(team=TEAM.with_parts(Alerting(routes)))


def where(world: World) -> dict[str, str]:
    return {key: message.to for key, message in world.said.items() if message.template == "monitor/card"}


async def test_each_route_has_its_channel_and_the_rest_goes_where_it_always_went() -> None:
    world = with_routes(PAGER)
    await take(world, fired("a", severity="critical"), fired("b", severity="info"))

    assert where(world) == {"alert:A-1": "#pager", "alert:A-2": "#alerts"}


async def test_a_route_that_goes_on_makes_a_message_in_both_places() -> None:
    world = with_routes(AUDIT, PAGER)
    event = fired("a", severity="critical", service="payments")
    await take(world, event)
    await take(world, over(event))

    assert where(world) == {"alert:A-1": "#audit", "alert:A-2": "#pager"}
    assert [group.state for group in await world.find(AlertGroup)] == ["resolved", "resolved"]


async def test_the_routes_labels_group_what_the_source_does_not() -> None:
    world = with_routes(BY_SERVICE)
    eu = {"cluster": "eu-1", "service": "web"}
    await take(world, fired("a", "1", **eu), fired("b", "2", **eu), fired("c", "3", cluster="eu-1", service="pay"))

    groups = await world.find(AlertGroup)
    assert [len(group.alerts) for group in groups] == [2, 1]
    await take(world, over(fired("b", "2", **eu)))
    assert len((await world.get(AlertGroup, "A-1")).firing) == 1


async def test_an_alert_whose_labels_change_stays_in_its_thread_and_ends_there() -> None:
    world = with_routes(PAGER)
    event = fired("a", severity="warning")
    await take(world, event)
    await take(world, replace(event, labels={**event.labels, "severity": "critical"}))
    assert where(world) == {"alert:A-1": "#alerts"}
    assert "alert:A-1:worse:1:critical" in world.said

    await take(world, over(event, severity="critical"))
    assert [group.state for group in await world.find(AlertGroup)] == ["resolved"]


async def test_a_changed_team_file_leaves_open_alerts_in_their_threads() -> None:
    world = with_routes()
    event = fired("a", severity="critical")
    await take(world, event)
    world.unit._team = TEAM.with_parts(Alerting((PAGER,)))  # pyright: ignore[reportPrivateUsage]
    await take(world, over(event))

    assert where(world) == {"alert:A-1": "#alerts"}
    assert (await world.get(AlertGroup, "A-1")).state == "resolved"
