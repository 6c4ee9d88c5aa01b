"""The ledger's head is posted every day by the whole bot, and what the post shows is what the audit takes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import Bot, running
from bot.config import Settings, load
from bot.core.ledger import Entry, Subject
from bot.core.ledger_heads import HeadPosts
from bot.core.team import Team
from bot.operator import audit
from bot.playground.options import Options
from bot.playground.server import serving
from bot.storage.ledger.seals import Sealer
from bot.try_out.demo import make_demo
from tests.fakes import NOON, FakeClock
from tests.needs import needs
from tests.slack.workspace import Workspace

POSTED = re.compile(r"\d+:[0-9a-f]{64}")
NINE = NOON.replace(hour=8) + timedelta(days=1)  # in Berlin, in November


class Running:
    """A bot that is started and stopped on one database, in a workspace of the playground."""

    def __init__(self, settings: Settings, team: Team, workspace: Workspace, clock: FakeClock) -> None:
        self.settings, self.team, self.workspace, self.clock = settings, team, workspace, clock

    @asynccontextmanager
    async def run(self, at: datetime) -> AsyncIterator[Bot]:
        """The bot from this instant on, with something recorded and sealed."""
        self.clock.at = at
        async with running(self.settings, self.team, clock=self.clock) as bot:
            async with bot.unit() as work:
                work.record(Entry("thing.changed", (Subject("thing", "1"),), "U0TOM", {}))
            while await Sealer(bot.database).seal():
                pass
            bot.wake()
            yield bot

    async def posts(self, at_least: int) -> list[str]:
        """What stands in the workspace of heads, once there are so many."""
        async with asyncio.timeout(20):
            while len(found := await self._posts()) < at_least:
                await asyncio.sleep(0.05)
        return found

    async def _posts(self) -> list[str]:
        return [text for text in await self.workspace.texts() if "Ledger head" in text]


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Any]:
    clock = FakeClock(NOON)
    async with serving(Options()) as page, aiohttp.ClientSession() as session:
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
        posts = HeadPosts(team.default_channel, NINE.time().replace(hour=9), "Europe/Berlin")
        yield Running(settings, replace(team, head_posts=posts), Workspace(page, session, clock), clock)


@needs("git")
async def test_the_head_is_posted_daily_late_where_need_be_and_the_audit_takes_it_as_it_is_shown(there: Running):
    async with there.run(NOON):
        assert await there.posts(0) == []
    async with there.run(NINE + timedelta(hours=2)):
        (first,) = await there.posts(1)
        assert "this comes" in first or "late" in first
    async with there.run(NINE + timedelta(hours=3)):  # a restart posts nothing twice
        assert await there.posts(1) == [first]
    async with there.run(NINE + timedelta(days=1)):
        posts = await there.posts(2)
    assert posts[0] == first  # it is not edited: a history of heads can be read
    heads = [found[0] for post in posts if (found := POSTED.search(post))]
    assert len(set(heads)) == 2

    for head in heads:
        whole, told = await audit.audit(there.settings, since=head)
        assert whole, told
    forged = heads[0][:-1] + ("0" if heads[0][-1] != "0" else "1")
    assert not (await audit.audit(there.settings, since=forged))[0]
