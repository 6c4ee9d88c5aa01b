"""Migrations make exactly the tables that the code expects, once, whoever starts first."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from bot.stages.plan.model.change import Change
from bot.storage.engine.database import Database
from bot.storage.migrations import TablesTooNew, config, migrate, newest
from bot.storage.tables import metadata
from bot.storage.work.nouns import kept


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/empty.db"
    server = request.getfixturevalue("postgres_server")
    return server.address(server.empty())


def differences(connection: Connection) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection), metadata)


async def test_a_migrated_database_has_the_tables_that_the_code_expects(empty_url: str, open_database: Any):
    """When this fails: ``python -m bot.storage.migrations "what changed"``."""
    database = await open_database(empty_url)
    await migrate(database)
    async with database.read() as conn:
        assert await conn.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database):
    await migrate(database)
    async with database.read() as conn:
        assert await conn.scalar(text("SELECT version_num FROM alembic_version")) == newest()


async def test_replicas_may_start_together(postgres_server: Any, open_database: Any):
    url = postgres_server.address(postgres_server.empty())
    replicas = [await open_database(url) for _ in range(3)]
    await asyncio.gather(*(migrate(replica) for replica in replicas))
    async with replicas[0].read() as conn:
        assert await conn.run_sync(lambda connection: inspect(connection).has_table("ledger"))


async def test_tables_of_a_newer_version_are_refused_in_a_sentence(database: Database):
    async with database.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(TablesTooNew, match="revision 9999"):
        await migrate(database)


def test_the_newest_revision_is_alembics_head():
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    assert ScriptDirectory.from_config(config()).get_current_head() == newest()


def upgrade_to(connection: Connection, revision: str) -> None:
    alembic = config()
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, revision)


@pytest.mark.parametrize(("body", "due"), [('{"due":"2026-03-09"}', "2026-03-09"), ('{"due":null}', None)])
async def test_a_change_from_before_has_its_target_date_as_a_column(
    empty_url: str, open_database: Any, body: str, due: str | None
):
    database = await open_database(empty_url)
    async with database.write() as conn:
        await conn.run_sync(upgrade_to, "0002")
        insert = text(
            "INSERT INTO noun_change (id, folded_id, revision, body, created_at, updated_at) "
            "VALUES ('C-1', 'c-1', 1, :body, '2026-01-01', '2026-01-01')"
        )
        await conn.execute(insert, {"body": body})
    await migrate(database)

    async with database.read() as conn:
        assert (await conn.execute(text("SELECT id, by_due FROM noun_change"))).one() == ("C-1", due)


async def test_a_run_from_before_has_its_branch_as_a_column(empty_url: str, open_database: Any):
    database = await open_database(empty_url)
    async with database.write() as conn:
        await conn.run_sync(upgrade_to, "0008")
        insert = text(
            "INSERT INTO noun_run (id, folded_id, revision, body, created_at, updated_at) "
            "VALUES ('org/web/1', 'org/web/1', 1, :body, '2026-01-01', '2026-01-01')"
        )
        await conn.execute(insert, {"body": '{"branch":"topic/\\u00fc"}'})
    await migrate(database)

    async with database.read() as conn:
        assert (await conn.execute(text("SELECT id, by_branch FROM noun_run"))).one() == ("org/web/1", "topic/ü")


async def test_a_change_from_before_has_when_it_reached_its_stage_as_a_column(empty_url: str, open_database: Any):
    database = await open_database(empty_url)
    bodies = (
        '{"title":"a","created_by":"U1","created_at":"2026-03-09T10:00:00Z","reached_at":"2026-03-09T12:00:00+02:00"}',
        '{"title":"b","created_by":"U1","created_at":"2026-03-09T10:00:00Z","reached_at":"2026-03-09T11:00:00.5Z"}',
        '{"title":"c","created_by":"U1","created_at":"2026-03-09T10:00:00Z","reached_at":null}',
    )
    async with database.write() as conn:
        await conn.run_sync(upgrade_to, "0010")
        insert = text(
            "INSERT INTO noun_change (id, folded_id, revision, body, created_at, updated_at) "
            "VALUES (:id, :id, 1, :body, '2026-01-01', '2026-01-01')"
        )
        await conn.execute(insert, [{"id": f"c-{number}", "body": body} for number, body in enumerate(bodies)])
    await migrate(database)

    change = kept(Change)
    async with database.read() as conn:
        found = (await conn.scalars(select(change.column("reached_at")).order_by(change.table.c.number))).all()
    at_ten = datetime(2026, 3, 9, 10, tzinfo=UTC)
    assert found == [at_ten, at_ten + timedelta(hours=1, milliseconds=500), None]
