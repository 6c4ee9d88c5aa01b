"""Silences in a real Alertmanager: written, seen, moved and ended over its API; and what it may answer instead."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from bot.stages.monitor.model.matchers import Matcher, Op
from bot.stages.monitor.model.ports import AlertmanagerRefused, AlertmanagerUnreachable
from bot.stages.monitor.model.silence import Silence
from bot.vendors.alertmanager.silences import AlertmanagerApi
from tests.example_team import ANA
from tests.needs import needs, path_of

CONFIG = """
route: {receiver: nobody}
receivers: [{name: nobody}]
"""
WANTED = (Matcher("alertname", "DiskFull"), Matcher("team", "a|b", Op.LIKE), Matcher("env", "test", Op.IS_NOT))


def silence(until: timedelta = timedelta(hours=2)) -> Silence:
    now = datetime.now(UTC)
    return replace(Silence.place(WANTED, ANA, now, now + until, 'disk "swap"', is_remote=True), id="Q-3")


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


@pytest.fixture
async def alertmanager(tmp_path: Path, session: ClientSession, unused_tcp_port: int) -> AsyncIterator[str]:
    """The address of one that was just started."""
    (tmp_path / "alertmanager.yml").write_text(CONFIG, encoding="utf-8")
    program = path_of("alertmanager")
    assert program
    url = f"http://127.0.0.1:{unused_tcp_port}"
    running = subprocess.Popen(
        [
            program,
            f"--config.file={tmp_path / 'alertmanager.yml'}",
            f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{unused_tcp_port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await _ready(session, url)
        yield url
    finally:
        running.terminate()
        running.wait(10)


async def _ready(session: ClientSession, url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with session.get(f"{url}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.05)


async def there(session: ClientSession, url: str) -> list[dict[str, Any]]:
    """Silences as Alertmanager itself tells them, without those that ended."""
    async with session.get(f"{url}/api/v2/silences") as answer:
        every = json.loads(await answer.text())
    return [one for one in every if one["status"]["state"] != "expired"]


@needs("alertmanager")
async def test_a_silence_is_written_once_moved_and_ended(session: ClientSession, alertmanager: str) -> None:
    api = AlertmanagerApi(session, alertmanager)
    wanted = silence()
    id = await api.keep(wanted)
    again = await api.keep(wanted)  # as after a crash between its answer and our note of it
    [kept] = await there(session, alertmanager)

    assert id == again == kept["id"]
    assert kept["createdBy"] == "Ana (Eightbells)"
    assert kept["comment"].startswith('disk "swap" [Q-3 ')
    assert {(m["name"], m["value"], m["isRegex"], m["isEqual"]) for m in kept["matchers"]} == {
        ("alertname", "DiskFull", False, True),
        ("team", "a|b", True, True),
        ("env", "test", False, False),
    }

    longer = wanted.extend(wanted.until + timedelta(hours=1), wanted.at)
    await api.keep(longer)
    [moved] = await there(session, alertmanager)
    assert abs(datetime.fromisoformat(moved["endsAt"]) - longer.until) < timedelta(seconds=1)

    await api.end(longer)
    await api.end(longer)
    assert await there(session, alertmanager) == []


@needs("alertmanager")
async def test_what_fires_there_is_known_silenced_or_not(session: ClientSession, alertmanager: str) -> None:
    api = AlertmanagerApi(session, f"{alertmanager}/")
    assert await api.firing() == frozenset()
    await api.keep(silence())
    labels = {"alertname": "DiskFull", "team": "a", "env": "live"}
    async with session.post(f"{alertmanager}/api/v2/alerts", json=[{"labels": labels}]) as answer:
        assert answer.status == 200
    async with session.get(f"{alertmanager}/api/v2/alerts") as answer:
        [alert] = json.loads(await answer.text())

    assert alert["status"]["state"] == "suppressed"
    assert await api.firing() == {alert["fingerprint"]}


@needs("alertmanager")
async def test_matchers_mean_there_what_they_mean_here(session: ClientSession, alertmanager: str) -> None:
    await AlertmanagerApi(session, alertmanager).keep(silence())
    for team, env in (("a", "live"), ("ab", "live"), ("b", "test")):
        labels = {"alertname": "DiskFull", "team": team, "env": env}
        async with session.post(f"{alertmanager}/api/v2/alerts", json=[{"labels": labels}]) as answer:
            assert answer.status == 200
    async with session.get(f"{alertmanager}/api/v2/alerts") as answer:
        alerts = json.loads(await answer.text())

    assert len(alerts) == 3
    for alert in alerts:
        assert (alert["status"]["state"] == "suppressed") is silence().mutes(alert["labels"])


async def test_nobody_there_is_said_without_secrets(session: ClientSession, unused_tcp_port: int) -> None:
    api = AlertmanagerApi(session, f"http://127.0.0.1:{unused_tcp_port}", "s3cret-token")
    with pytest.raises(AlertmanagerUnreachable, match="does not answer") as told:
        await api.keep(silence())
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (503, "down", AlertmanagerUnreachable, "answers 503"),
        (429, "", AlertmanagerUnreachable, "answers 429"),
        (401, "", AlertmanagerRefused, "does not take our token"),
        (400, '"bad matcher"', AlertmanagerRefused, "400.*bad matcher"),
        (302, "", AlertmanagerRefused, "answers 302"),
        (200, "<html>", AlertmanagerRefused, "not its API"),
        (200, "null", AlertmanagerRefused, "not its API"),
        (200, "[7]", AlertmanagerRefused, "not its API"),
        (200, '{"error": "odd"}', AlertmanagerRefused, "not its API"),
        (200, "[" + "[]," * 60_000 + "[]]", AlertmanagerRefused, "not read: it holds more than"),
    ],
)
async def test_what_it_may_answer_instead(
    session: ClientSession, status: int, body: str, kind: type[Exception], says: str, unused_tcp_port: int
) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(status=status, text=body)

    server = web.Application()
    server.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    try:
        with pytest.raises(kind, match=says):
            await AlertmanagerApi(session, f"http://127.0.0.1:{unused_tcp_port}", "s3cret-token").keep(silence())
    finally:
        await runner.cleanup()
    assert seen == ["Bearer s3cret-token"]
