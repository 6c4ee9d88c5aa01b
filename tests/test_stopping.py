"""SIGTERM ends a real process within the documented time, whatever hangs: a job, Slack, a client, all at once."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientSession, web

from bot.core.jobs import Job
from bot.playground.options import Options
from bot.playground.server import serving
from bot.runtime.clock import SystemClock
from bot.runtime.draining import STOPPED_WITHIN
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.outbox.outbox import Put, put
from bot.storage.queues.jobs import Jobs, owed, write_steps
from bot.try_out.demo import make_demo
from tests.needs import needs
from tests.stopping_driver import HANGS

ROOT = Path(__file__).resolve().parents[1]
SECRET = "a-hook-secret"
GENEROUS = STOPPED_WITHIN.total_seconds() * 1.5  # a busy machine starts timers late


@asynccontextmanager
async def slow_slack(behind: str) -> AsyncIterator[str]:
    """The playground's Slack, but what posts a message never answers."""

    async def answer(request: web.Request) -> web.Response:
        if request.match_info["method"] == "chat.postMessage":
            print("a message hangs", flush=True)  # noqa: T201
            await asyncio.sleep(3_600)
        headers = {
            name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers
        }
        to = behind + request.match_info["method"]
        asked = session.request(
            request.method, to, params=request.query, data=await request.read(), headers=headers
        )
        async with asked as given:
            return web.json_response(await given.json())

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    async with ClientSession() as session:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}/api/"
        finally:
            await runner.cleanup()


async def _owe(url: str, *, is_deaf: bool) -> None:
    """What hangs at once after the start: a job, and a message."""
    clock = SystemClock()
    database = await Database.open(url, clock=clock, replica_id="before")
    await migrate(database)
    async with database.write() as conn:
        await write_steps(conn, [owed(Job(HANGS, HANGS, clock.now(), {"is_deaf": is_deaf}), clock.now())])
        await put(conn, [Put("hello", "C0GENERAL", "hello")], clock.now())
    await database.close()


@asynccontextmanager
async def _bot(folder: Path, *, is_deaf: bool) -> AsyncIterator[tuple[asyncio.subprocess.Process, Path]]:
    """A bot in which a job hangs and a message is being sent to a Slack that does not answer."""
    url, log = f"sqlite:///{folder}/bot.db", folder / "log"
    await _owe(url, is_deaf=is_deaf)
    async with serving(Options()) as page, slow_slack(f"{page.url}/api/") as slack:
        environ = {
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": Options().bot_token,
            "SLACK_SIGNING_SECRET": Options().signing_secret,
            "SLACK_API_URL": slack,
            "DATABASE_URL": url,
            "EIGHTBELLS_CONFIG": str(await asyncio.to_thread(make_demo, folder / "demo")),
            "EIGHTBELLS_HOOK_SECRET_ALERTMANAGER": SECRET,
            "PORT": "0",
        }
        with log.open("w") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.stopping_driver", "run", cwd=ROOT, env=environ, stdout=out, stderr=out
            )
        try:
            yield process, log
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _until(log: Path, *wanted: str) -> str:
    async with asyncio.timeout(90):
        while True:
            text = log.read_text()
            if all(one in text for one in wanted):
                return text
            await asyncio.sleep(0.05)


async def _half_a_body(text: str) -> asyncio.StreamWriter:
    found = re.search(r'"address": "([^"]+)"', text)
    assert found, text
    address = urlsplit(found[1])
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    head = (
        f"POST /hooks/alertmanager HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 900\r\n"
    )
    writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n{")
    await writer.drain()
    return writer


def _events(log: Path) -> list[Any]:
    return [json.loads(line)["event"] for line in log.read_text().splitlines() if line.startswith("{")]


@needs("git")
async def test_a_hanging_job_a_slow_slack_and_a_half_sent_body_do_not_keep_it_from_ending(tmp_path: Path) -> None:
    async with _bot(tmp_path, is_deaf=False) as (process, log):
        text = await _until(log, "bot.ready", "the job hangs")
        client = await _half_a_body(text)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), GENEROUS) == 0, log.read_text()
        client.close()
    events = _events(log)
    assert events.index("bot.draining") < events.index("worker.stopped")
    assert "bot.ended_hard" not in events
    assert time.monotonic() - began < GENEROUS
    # What hung is owed as before.
    database = await Database.open(f"sqlite:///{tmp_path}/bot.db", clock=SystemClock(), replica_id="after")
    try:
        assert await Jobs(database, "after").outcome(HANGS) is None
        assert [one.job.key for one in await Jobs(database, "after").claim(SystemClock().now(), 100)].count(
            HANGS
        ) == 1
    finally:
        await database.close()


@needs("git")
async def test_what_will_not_end_is_ended_hard_and_owed_as_before(tmp_path: Path) -> None:
    async with _bot(tmp_path, is_deaf=True) as (process, log):
        await _until(log, "bot.ready", "the job hangs")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), GENEROUS) == -signal.SIGKILL, log.read_text()
    assert _events(log)[-1] == "bot.ended_hard"
    database = await Database.open(f"sqlite:///{tmp_path}/bot.db", clock=SystemClock(), replica_id="after")
    try:
        assert [one.job.key for one in await Jobs(database, "after").claim(SystemClock().now(), 100)].count(
            HANGS
        ) == 1
    finally:
        await database.close()
