"""Flags on real databases: what a command changes is served at once, by another replica as well."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.core.command import Call
from bot.flag_serving.flag_book import FlagBook
from bot.stages.flags.model.evaluate import Asked
from bot.storage.engine.database import Database
from bot.storage.work.unit_of_work import UnitOfWork
from bot.vendors.flagd.bucketing import murmur3
from commands.release import command
from tests.fakes import ANA, TOM, FakeClock
from tests.rendered import RENDER
from tests.stages.flags.flagging import TEAM_WITH_FLAGS


class Served:
    """One replica: takes commands, and serves flags."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.clock = clock
        self.unit = UnitOfWork(database, team=TEAM_WITH_FLAGS, render=RENDER)
        self.book = FlagBook(self.unit, lambda: database.generation, TEAM_WITH_FLAGS.environments, murmur3)

    async def say(self, verb: str, by=TOM, **args: object) -> None:
        """Use a verb of /release."""
        call = Call(args, by, self.clock.now(), "")
        await self.unit.run(lambda work: command.verbs[verb].handle(call, work))

    async def shows(
        self, environment: str = "production", key: str = "checkout_v2", **traits: object
    ) -> bool | None:
        """Whether the flag is on for this user; None where there is no such flag."""
        found = (await self.book.current())[environment].one(key, Asked(traits))
        return None if found is None else json.loads(found)["variant"] == "on"


async def test_what_was_committed_is_served_at_once(database: Database, clock: FakeClock) -> None:
    served = Served(database, clock)
    seen = [await served.shows()]
    await served.say("flag-add", key="checkout_v2", service="web")
    seen.append(await served.shows())
    await served.say("flag", key="checkout_v2", on=True, environment="production")
    seen.append(await served.shows())
    await served.say("flag-approve", ANA, request="G-1")
    seen.append(await served.shows())

    assert seen == [None, False, False, True]
    assert await served.shows("staging") is False


async def test_what_failed_is_not_served(database: Database, clock: FakeClock) -> None:
    served = Served(database, clock)
    await served.say("flag-add", key="checkout_v2")
    call = Call({"key": "checkout_v2", "on": True, "environment": "staging"}, TOM, clock.now(), "")

    async def fail_at_the_end(work: Any) -> None:
        await command.verbs["flag"].handle(call, work)
        raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        await served.unit.run(fail_at_the_end)

    assert await served.shows("staging") is False


async def test_another_replica_serves_it_as_soon_as_it_hears_of_it(
    database: Database, database_url: str, clock: FakeClock, open_database: Callable[..., Awaitable[Database]]
) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one process")
    one, other = Served(database, clock), Served(await open_database(database_url), clock)
    await one.say("flag-add", key="checkout_v2")
    await one.say("flag", key="checkout_v2", on=True, environment="staging")

    async with asyncio.timeout(5):
        while not await other.shows("staging"):
            await asyncio.sleep(0.01)
