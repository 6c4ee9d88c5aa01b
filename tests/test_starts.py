"""A start while Slack has a bad day: what is sent to us is stored at once and worked on once Slack answers."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from slack_sdk.errors import SlackApiError
from sqlalchemy import select

from bot import app
from bot.app import Bot, running, serve
from bot.config import load
from bot.playground.options import Options
from bot.playground.server import serving
from bot.runtime.clock import SteadyClock
from bot.slack import reaching
from bot.slack.outbound import Patience
from bot.storage.queues.inbox import inbox_table
from bot.try_out.demo import make_demo
from tests.needs import needs
from tests.playground.conftest import Browser

pytestmark = needs("git")

SECRET = "secret-of-github"
TOKEN = "token-of-metrics-and-readiness"
MOMENT = timedelta(seconds=0.02)
BAD_DAYS = {
    "429": {"kind": "status", "status": 429, "retry_after": 0},
    "503": {"kind": "status", "status": 503},
    "reset": {"kind": "reset_before_write"},
    "no answer": {"kind": "timeout_after_write"},
    "unsure": {"kind": "error", "error": "internal_error"},
}
OVER_HTTP = ("auth.test", "bots.info", "users.list", "users.conversations")


@pytest.fixture(autouse=True)
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks again after a moment, gives up an unanswered call soon, and never gives up what it can do without."""
    monkeypatch.setattr("bot.app.logs.configure", lambda *args: None)
    patience = Patience(first=MOMENT, longest=MOMENT, call=timedelta(seconds=2))
    monkeypatch.setattr(reaching, "Patience", lambda: patience)
    monkeypatch.setattr(reaching, "TRIES", 100_000)
    monkeypatch.setattr("bot.outside_ports.CALL_SECONDS", 0.3)


class Start:
    """A bot that starts beside a workspace that can be told to have a bad day."""

    def __init__(self, page: Any, environ: dict[str, str]) -> None:
        self.page, self.environ = page, environ

    def arm(self, method: str, day: str) -> None:
        self.page.play.faults.arm({"method": method, "times": 100_000, **BAD_DAYS[day]})

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[Bot]:
        settings, team = load(self.environ)
        async with running(settings, team, until_ready=False) as bot:
            yield bot


@asynccontextmanager
async def a_start(tmp_path: Path, *, socket_mode: bool = False) -> AsyncIterator[Start]:
    options = Options()
    async with serving(options) as page:
        speaks = (
            {"SLACK_APP_TOKEN": options.app_token}
            if socket_mode
            else {"SLACK_SIGNING_SECRET": options.signing_secret}
        )
        environ = {
            "SLACK_BOT_TOKEN": options.bot_token,
            "SLACK_API_URL": f"{page.url}/api/",
            "DATABASE_URL": f"sqlite:///{tmp_path}/bot.db",
            "EIGHTBELLS_CONFIG": str(await asyncio.to_thread(make_demo, tmp_path / "demo")),
            "EIGHTBELLS_HOOK_SECRET_GITHUB": SECRET,
            "EIGHTBELLS_METRICS_TOKEN": TOKEN,
            "EIGHTBELLS_LOG_LEVEL": "error",
            "PORT": "0",
            **speaks,
        }
        yield Start(page, environ)


async def push(session: ClientSession, bot: Bot, id: str) -> int:
    body = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1}).encode()
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-Hub-Signature-256": f"sha256={signed}",
        "X-GitHub-Event": "ping",
        "X-GitHub-Delivery": id,
        "Content-Type": "application/json",
    }
    async with session.post(f"{bot.address}/hooks/github", data=body, headers=headers) as answer:
        return answer.status


async def readiness(session: ClientSession, bot: Bot) -> tuple[int, str]:
    async with session.get(f"{bot.address}/readyz", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        return answer.status, (await answer.json())["checks"]["slack"]


async def inbox(bot: Bot) -> list[tuple[str, str, int]]:
    columns = inbox_table.c.delivery_id, inbox_table.c.state, inbox_table.c.attempt
    async with bot.database.read() as conn:
        return [tuple(row) for row in await conn.execute(select(*columns).order_by(inbox_table.c.id))]


async def until(look: Any) -> None:
    async with asyncio.timeout(20):
        while not await look():
            await asyncio.sleep(0.01)


async def stored_and_then_worked_on(start: Start, method: str) -> None:
    """The whole story, with the fault armed: taken at once, not ready, and done once when Slack is well again."""
    async with start.begun() as bot, ClientSession() as session:

        async def asked() -> bool:
            return any(one["what"] == method for one in start.page.play.traffic.after(0))

        await until(asked)
        assert await push(session, bot, "d-1") == 202
        assert await push(session, bot, "d-1") == 202  # GitHub's button "Redeliver"
        status, sentence = await readiness(session, bot)
        assert status == 503
        assert sentence.startswith("Slack does not answer yet")
        async with session.get(f"{bot.address}/healthz") as answer:
            assert answer.status == 200
        assert not bot.ready.done()

        start.page.play.faults.clear()
        async with asyncio.timeout(30):
            await bot.ready
        assert await readiness(session, bot) == (200, "ok")

        async def worked_on() -> bool:
            return await inbox(bot) == [("d-1", "done", 1)]

        await until(worked_on)


@pytest.mark.parametrize("day", BAD_DAYS)
@pytest.mark.parametrize("method", OVER_HTTP)
async def test_a_hiccup_of_slack_delays_the_work_and_loses_nothing(tmp_path: Path, method: str, day: str) -> None:
    async with a_start(tmp_path) as start:
        start.arm(method, day)
        await stored_and_then_worked_on(start, method)


@pytest.mark.parametrize("day", BAD_DAYS)
async def test_a_socket_that_slack_does_not_open_yet_delays_the_rest_only(tmp_path: Path, day: str) -> None:
    async with a_start(tmp_path, socket_mode=True) as start:
        start.arm("apps.connections.open", day)
        async with start.begun() as bot, ClientSession() as session:

            async def told() -> bool:
                return "apps.connections.open" in (await readiness(session, bot))[1]

            await until(told)
            assert await push(session, bot, "d-1") == 202
            start.page.play.faults.clear()
            async with asyncio.timeout(30):
                await bot.ready
            assert bot.edge.connected == 2
            assert await readiness(session, bot) == (200, "ok")


async def test_retry_after_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def noted(seconds: float) -> None:
        waits.append(seconds)

    async def refused_once() -> str:
        if not waits:
            response = type("Answer", (), {"status_code": 429, "headers": {"Retry-After": "17"}, "data": {}})()
            raise SlackApiError("ratelimited", response)
        return "fine"

    monkeypatch.setattr(reaching.asyncio, "sleep", noted)
    assert await reaching.Reaching().must("auth.test", refused_once) == "fine"
    assert waits == [17.0]


@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "token_revoked", "not_authed"])
async def test_a_refused_token_ends_the_start_with_slacks_word(tmp_path: Path, error: str) -> None:
    async with a_start(tmp_path) as start:
        start.page.play.faults.arm({"method": "auth.test", "kind": "error", "error": error})
        settings, team = load(start.environ)
        with pytest.raises(SlackApiError, match=error):
            await serve(settings, team, stop=asyncio.Event())


async def test_a_refused_app_token_ends_the_start_too(tmp_path: Path) -> None:
    async with a_start(tmp_path, socket_mode=True) as start:
        start.environ["SLACK_APP_TOKEN"] = "xapp-wrong"
        settings, team = load(start.environ)
        with pytest.raises(SlackApiError, match="invalid_auth"):
            async with asyncio.timeout(20), running(settings, team):
                pass


async def test_a_bot_that_waits_for_slack_can_be_stopped(tmp_path: Path) -> None:
    async with a_start(tmp_path) as start:
        start.arm("auth.test", "503")
        settings, team = load(start.environ)
        stop = asyncio.Event()
        served = asyncio.ensure_future(serve(settings, team, stop=stop))

        async def asked() -> bool:
            return any(one["what"] == "auth.test" for one in start.page.play.traffic.after(0))

        await until(asked)
        stop.set()
        async with asyncio.timeout(20):
            await served


async def test_a_replica_with_a_successor_says_so_and_takes_no_gesture_and_stores_what_comes(
    tmp_path: Path,
) -> None:
    async with a_start(tmp_path) as start, start.begun() as bot, ClientSession() as session:
        async with asyncio.timeout(30):
            await bot.ready
        start.page.play.options.bot_url = bot.address
        bot.database.successor = "9999"  # as on PostgreSQL: ``tests/storage/test_succession.py``
        bot.database.wake("revision")

        async def closed() -> bool:
            return bool(bot.edge.doors.closed)

        await until(closed)
        browser = Browser(start.page.url, session)
        assert (await browser.send("/flow"))["ok"]
        assert "A newer version of me has taken over" in (await browser.messages())[-1]["text"]
        assert await push(session, bot, "d-1") == 202
        assert await inbox(bot) == [("d-1", "waiting", 0)]
        async with session.get(f"{bot.address}/readyz", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            assert answer.status == 503
            assert "brought the tables to 9999" in (await answer.json())["checks"]["version"]
        assert not bot.broken.done()


async def test_gestures_are_told_so_and_events_sent_again_until_we_know_who_is_who(tmp_path: Path) -> None:
    async with a_start(tmp_path) as start:
        start.arm("users.list", "503")
        async with start.begun() as bot, ClientSession() as session:
            start.page.play.options.bot_url = bot.address
            browser = Browser(start.page.url, session)

            async def asked() -> bool:
                return any(one["what"] == "users.list" for one in start.page.play.traffic.after(0))

            await until(asked)
            assert (await browser.send("/flow"))["ok"]
            assert app.STARTING in (await browser.messages())[-1]["text"]

            start.page.play.faults.clear()
            async with asyncio.timeout(30):
                await bot.ready
            assert (await browser.send("/flow"))["ok"]
            assert app.STARTING not in (await browser.messages())[-1]["text"]


async def test_all_of_it_goes_by_one_clock_whose_steps_are_confirmed_by_others(tmp_path: Path) -> None:
    async with a_start(tmp_path) as start, start.begun() as bot:
        clock = bot.tools.clock
        assert isinstance(clock, SteadyClock)
        assert bot.database.clock is clock
        guard = bot.edge._guard
        assert guard is not None
        assert guard._now == clock.timestamp
