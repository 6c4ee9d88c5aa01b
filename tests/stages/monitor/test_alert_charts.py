"""The last hour of what fires, drawn in its thread; and what happens where Prometheus is not there."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, ClientTimeout, web
from hypothesis import given
from hypothesis import strategies as st

from bot.core.curves import Curve
from bot.core.events import AlertFired
from bot.core.messages import File
from bot.stages.monitor import alerts, charts
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.drawn import Drawn
from bot.stages.monitor.model.ports import Measurements, PrometheusUnreachable
from bot.stages.monitor.model.route import Alerting
from bot.vendors.prometheus import measurements
from bot.vendors.prometheus.measurements import Prometheus
from tests.fakes import NOON, TEAM, World

SECOND = timedelta(seconds=1)
URL = "https://prometheus.example/graph?g0.expr=" + quote('rate(http_5xx{job="web"}[5m]) > 0.01') + "&g0.tab=1"


class Measured:
    """Gives these curves, or none but a reason."""

    def __init__(self, curves: Sequence[Curve] = (), trouble: str = "") -> None:
        self.curves, self.trouble, self.asked = curves, trouble, ""

    async def over_time(self, query: str, since: datetime, until: datetime) -> Sequence[Curve]:
        self.asked = f"{query} for {until - since}"
        if self.trouble:
            raise PrometheusUnreachable(self.trouble)
        return self.curves


def a_world(measured: Measured) -> World:
    world = World(team=TEAM.with_parts(Alerting(prometheus="http://prometheus")))
    world.tools = world.tools.with_ports({Measurements: measured})
    return world


async def fire(world: World, url: str = URL) -> None:
    event = AlertFired("am", "f", "g", {"alertname": "HighErrorRate"}, {}, None, world.clock.now(), url)
    await world.unit.run(lambda work: alerts.happened(work, (event,)))
    await world.later(SECOND, charts.draw)


def files(world: World) -> list[File]:
    return [message for message in world.log if isinstance(message, File)]


async def test_a_chart_with_its_limit_and_its_words_stands_in_the_thread() -> None:
    measured = Measured([Curve("web-1", ((NOON, 0.02), (NOON + SECOND, 0.072)))])
    world = a_world(measured)
    await fire(world)

    (chart,) = files(world)
    assert measured.asked == 'rate(http_5xx{job="web"}[5m]) for 1:00:00'
    assert (chart.to, chart.thread_of) == ("#alerts", "alert:A-1")
    assert chart.alt == "The last hour of HighErrorRate. web-1: now 0.072, at most 0.072; the limit is 0.01."
    assert b"0.01" in chart.content


async def test_where_prometheus_is_not_there_the_card_says_so_and_the_next_time_it_is_drawn() -> None:
    measured = Measured([Curve("web-1", ((NOON, 1.0),))], trouble="it does not answer")
    world = a_world(measured)
    await fire(world)

    assert files(world) == []
    card = world.said["alert:A-1"].context["group"]
    assert card.chart_trouble == "no chart: Prometheus was asked, and it does not answer"

    measured.trouble = ""
    group = await world.get(AlertGroup, "A-1")
    async with world.unit() as work:
        held = await work.get(AlertGroup, "A-1")
        assert held is not None
        await work.save(replace(held, times_fired=2))
        charts.draw_soon(work, replace(group, times_fired=2))
    await world.later(SECOND, charts.draw)
    assert len(files(world)) == 1
    assert world.said["alert:A-1"].context["group"].chart_trouble == ""


async def test_without_an_expression_or_without_values_nothing_is_said() -> None:
    world = a_world(Measured([Curve("web-1", ())]))
    await fire(world)
    await fire(a_world(Measured(trouble="never asked")), url="https://sentry.example/issues/1")

    assert files(world) == []
    assert world.said["alert:A-1"].context["group"].chart_trouble == ""


@pytest.mark.parametrize(
    ("expression", "query", "limit"),
    [
        ("up == 0", "up", 0.0),
        ("a / b >= 1e-3", "a / b", 0.001),
        ("sum(rate(x[5m])) by (job) > bool 5", "sum(rate(x[5m])) by (job)", 5.0),
        ("a > b", "a > b", None),
        ("absent(up)", "absent(up)", None),
        ("(a > 1) and (b > 2)", "(a > 1) and (b > 2)", None),
    ],
)
def test_what_is_measured_and_what_it_is_held_against(expression: str, query: str, limit: float | None) -> None:
    assert Drawn.of(f"http://p/graph?g0.expr={quote(expression)}") == Drawn(query, limit)


@given(st.text(max_size=200))
def test_no_link_breaks_it(url: str) -> None:
    found = Drawn.of(f"http://p/graph?g0.expr={url}"), Drawn.of(url)
    assert all(one is None or isinstance(one.query, str) for one in found)


async def answers(body: Any, status: int = 200) -> tuple[web.AppRunner, str]:
    async def query_range(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    server = web.Application()
    server.router.add_post("/p/api/v1/query_range", query_range)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/p/"


async def over_time(body: Any, status: int = 200) -> Sequence[Curve]:
    runner, url = await answers(body, status)
    try:
        async with ClientSession() as session:
            return await Prometheus(session, url).over_time("up", NOON - timedelta(hours=1), NOON)
    finally:
        await runner.cleanup()


async def test_prometheus_answer_is_read_without_what_is_no_number() -> None:
    at = NOON.timestamp()
    series = {"metric": {"__name__": "up", "instance": "web-1"}, "values": [[at, "0.5"], [at + 30, "NaN"]]}
    assert await over_time({"data": {"result": [series]}}) == [Curve("web-1", ((NOON, 0.5),))]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"status": "error"}, 422, "answers 422"),
        ({"data": None}, 200, "cannot be read"),
        ([], 200, "cannot be read"),
        ({"data": {"result": [{"metric": {}, "values": [["x", "y"]]}]}}, 200, "cannot be read"),
    ],
)
async def test_any_other_answer_is_a_sentence(body: Any, status: int, says: str) -> None:
    with pytest.raises(PrometheusUnreachable, match=says):
        await over_time(body, status)


async def test_nobody_there_is_a_sentence() -> None:
    async with ClientSession() as session:
        with pytest.raises(PrometheusUnreachable, match="does not answer"):
            await Prometheus(session, "http://127.0.0.1:9").over_time("up", NOON - SECOND, NOON)


async def test_a_prometheus_that_hangs_is_left_alone_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = asyncio.Event()

    async def query_range(request: web.Request) -> web.Response:
        asked.append(request.path)
        await answers.wait()
        return web.json_response({"data": {"result": []}})

    server = web.Application()
    server.router.add_post("/api/v1/query_range", query_range)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr(measurements, "PATIENCE", ClientTimeout(total=0.05))
    seconds = 0.0
    try:
        async with ClientSession() as session:
            measured = Prometheus(session, f"http://127.0.0.1:{runner.addresses[0][1]}", lambda: seconds)
            for _ in range(3):
                with pytest.raises(PrometheusUnreachable, match="did not answer in time"):
                    await measured.over_time("up", NOON - SECOND, NOON)
            assert len(asked) == 1

            answers.set()
            seconds = measurements.REST_SECONDS + 1
            assert await measured.over_time("up", NOON - SECOND, NOON) == []
            assert len(asked) == 2
    finally:
        answers.set()
        await runner.cleanup()
