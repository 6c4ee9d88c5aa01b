"""What an orchestrator and Prometheus are told."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Gauge

from bot.runtime import health
from bot.runtime.health import Check, routes


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
