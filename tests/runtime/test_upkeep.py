"""What has served its time is forgotten; what has not is kept."""

from datetime import timedelta

from bot.core.retention import Retention
from bot.runtime.upkeep import tidy
from bot.storage.engine.database import Database
from bot.storage.outbox.outbox import Outbox
from bot.storage.work.unit_of_work import UnitOfWork
from tests.example_team import TEAM


async def test_receipts_are_forgotten_after_a_day(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    unit = UnitOfWork(database, team=TEAM, render=lambda template, context: None)  # pyright: ignore
    outbox = Outbox(database, database.replica_id)

    async def repeated() -> bool:
        async with unit.for_call("slash:1") as work:
            return work.repeated

    assert not await repeated()
    await tidy(database, outbox, Retention())
    assert await repeated()
    clock.move(timedelta(hours=25))
    await tidy(database, outbox, Retention())
    assert not await repeated()
