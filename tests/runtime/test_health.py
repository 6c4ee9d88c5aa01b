"""What an orchestrator and Prometheus are told."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Gauge

from bot.runtime import health
from bot.runtime.health import Check, public_routes, routes


async def well() -> str | None:
    return None


async def held() -> str | None:
    return "held until 12:01 by Slack"


async def broken() -> str | None:
    raise OSError("postgresql://bot:hunter22@db is away")


async def hanging() -> str | None:
    await asyncio.Event().wait()
    return None


@pytest.fixture
async def ask() -> AsyncIterator[object]:
    servers: list[TestClient] = []

    async def get(path: str, checks: Mapping[str, Check], **more: object) -> tuple[int, dict[str, object]]:
        app = web.Application()
        app.add_routes(routes(checks, **more))  # type: ignore[arg-type]
        client = TestClient(TestServer(app))
        await client.start_server()
        servers.append(client)
        async with client.get(path) as response:
            return response.status, await response.json()

    yield get
    for server in servers:
        await server.close()


async def test_a_living_process_is_healthy_whatever_else_is_broken(ask) -> None:
    assert await ask("/healthz", {"database": broken}) == (200, {"alive": True})


async def test_it_is_ready_when_everything_is_well(ask) -> None:
    assert await ask("/readyz", {"database": well, "slack": well}) == (
        200,
        {"ready": True, "checks": {"database": "ok", "slack": "ok"}},
    )


async def test_what_is_not_well_is_told_in_a_sentence(ask, monkeypatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    checks = {"database": broken, "slack": hanging, "messenger": held, "hooks": well}
    status, report = await ask("/readyz", checks)
    assert status == 503
    assert report == {
        "ready": False,
        "checks": {
            "database": "cannot be checked (OSError; the log says more)",
            "slack": "no answer within 0.05 s",
            "messenger": "held until 12:01 by Slack",
            "hooks": "ok",
        },
    }


async def test_metrics_are_brought_up_to_date_before_they_are_read() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("waiting", "what waits", registry=registry)

    async def refresh() -> None:
        gauge.set(7)

    app = web.Application()
    app.add_routes(routes({}, registry, refresh=refresh))
    async with TestClient(TestServer(app)) as client, client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/plain")
        assert "waiting 7.0" in await response.text()


@pytest.mark.parametrize(
    ("path", "token", "given", "status", "told"),
    [
        ("/healthz", "", "", 200, '{"alive": true}'),
        ("/readyz", "", "", 503, '{"ready": false}'),
        ("/readyz", "sesame-sesame", "", 503, '{"ready": false}'),
        ("/readyz", "sesame-sesame", "Bearer other", 503, '{"ready": false}'),
        ("/readyz", "sesame-sesame", "Bearer sesame-sesame", 503, "held until 12:01"),
        ("/metrics", "", "", 404, ""),
        ("/metrics", "", "Bearer ", 404, ""),
        ("/metrics", "sesame-sesame", "", 401, ""),
        ("/metrics", "sesame-sesame", "Basic sesame-sesame", 401, ""),
        ("/metrics", "sesame-sesame", "Bearer other", 401, ""),
        ("/metrics", "sesame-sesame", "bearer sesame-sesame", 200, "waiting 0.0"),
    ],
)
async def test_strangers_learn_whether_it_works_and_nothing_more(
    path: str, token: str, given: str, status: int, told: str
) -> None:
    registry = CollectorRegistry()
    Gauge("waiting", "what waits", registry=registry)
    app = web.Application()
    app.add_routes(public_routes({"messenger": held}, registry, token=token))
    headers = {"Authorization": given} if given else {}
    async with TestClient(TestServer(app)) as client, client.get(path, headers=headers) as response:
        text = await response.text()

    assert response.status == status
    assert told in text
    assert ("held" in text) == ("held" in told)
    assert ("waiting" in text) == ("waiting" in told)


async def test_strangers_who_ask_at_once_cost_one_look() -> None:
    looks: list[int] = []

    async def counted() -> str | None:
        looks.append(1)
        await asyncio.sleep(0)
        return None

    app = web.Application()
    app.add_routes(public_routes({"database": counted}))
    async with TestClient(TestServer(app)) as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(20)))

    assert {answer.status for answer in answers} == {200}
    assert len(looks) == 1
