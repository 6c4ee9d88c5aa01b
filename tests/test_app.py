"""The whole bot in this process: it ends by itself where a part of it has ended by a bug of ours."""

import asyncio
import errno
from pathlib import Path

import pytest

from bot.app import serve
from bot.config import load
from bot.playground.options import Options
from bot.playground.server import serving
from bot.slack.rendering.render import Rendering
from bot.storage.ledger.seals import Sealer
from bot.try_out.demo import make_demo
from tests.needs import needs


@pytest.fixture(autouse=True)
def logs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests in this process read the log as pytest has set it up."""
    monkeypatch.setattr("bot.app.logs.configure", lambda *args: None)


async def _served(tmp_path: Path, stop: asyncio.Event) -> None:
    async with serving(Options()) as page:
        environ = {
            "SLACK_BOT_TOKEN": "xoxb-playground-token",
            "SLACK_SIGNING_SECRET": "playground-signing-secret",
            "SLACK_API_URL": f"{page.url}/api/",
            "DATABASE_URL": f"sqlite:///{tmp_path}/bot.db",
            "EIGHTBELLS_CONFIG": str(await asyncio.to_thread(make_demo, tmp_path / "demo")),
            "EIGHTBELLS_LOG_LEVEL": "error",
            "PORT": "0",
        }
        settings, team = load(environ)
        await serve(settings, team, stop=stop)


@needs("git")
async def test_a_bot_whose_part_has_broken_ends_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: Sealer) -> None:
        raise RuntimeError("the sealer has a bug")

    monkeypatch.setattr(Sealer, "keep_sealing", broken)

    with pytest.raises(RuntimeError, match="the sealer has a bug"):
        await _served(tmp_path, asyncio.Event())


@needs("git")
async def test_a_bot_that_cannot_be_warmed_works_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = asyncio.Event()

    async def no_descriptors(self: Rendering) -> None:
        asyncio.get_running_loop().call_later(0.1, stop.set)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Rendering, "warm_meanwhile", no_descriptors)

    await _served(tmp_path, stop)


@needs("git")
async def test_a_bot_that_is_stopped_ends_quietly(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()

    await _served(tmp_path, stop)
