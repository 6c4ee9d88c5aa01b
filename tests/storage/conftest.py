"""What the storage tests share: a unit of work over tables with two nouns of their own."""

import pytest

from bot.core.team import Team
from bot.storage.engine.database import Database
from bot.storage.outbox.outbox import Outbox, Put, put
from bot.storage.work.unit_of_work import UnitOfWork
from tests.storage.things import TABLES, Rendering


@pytest.fixture
def render() -> Rendering:
    return Rendering()


@pytest.fixture
async def unit(database: Database, render: Rendering) -> UnitOfWork:
    """A unit of work on ``database``; its claims are the database's."""
    async with database.write() as conn:
        await conn.run_sync(TABLES.create_all)
    return UnitOfWork(database, team=Team(), render=render)


@pytest.fixture
def outbox(database):
    """The outbox of one replica."""
    return Outbox(database, "me")


@pytest.fixture
def say(database, clock):
    """Puts messages, in a transaction of their own."""

    async def say(*puts: Put) -> None:
        async with database.write() as conn:
            await put(conn, puts, clock.now())

    return say
