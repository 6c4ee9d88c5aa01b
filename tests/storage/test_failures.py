"""A database that is locked, full, gone or cut off: said so before anything is acknowledged, and over by itself."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.core.ledger import Subject
from bot.core.ports import Work
from bot.core.team import Team
from bot.storage.engine import sqlite
from bot.storage.engine.database import Database
from bot.storage.engine.errors import AlreadyRunning, StorageUnavailable
from bot.storage.queues.inbox import Inbox
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON, FakeClock
from tests.storage.things import TABLES, Rendering, Thing, entry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "eightbells.db"


@pytest.fixture
async def on_file(path: Path, sqlite_template: Path, open_database: Any) -> Database:
    path.write_bytes(sqlite_template.read_bytes())
    database = await open_database(f"sqlite:///{path}")
    async with database.write() as conn:
        await conn.run_sync(TABLES.create_all)
    database._writer.patience_seconds = 0.1
    return database


@pytest.fixture
def on_file_unit(on_file: Database, render: Rendering) -> UnitOfWork:
    return UnitOfWork(on_file, team=Team(), render=render)


async def write(work: Work) -> None:
    work.record(entry())
    await work.add(Thing(title="x" * 2_000))


async def entries(unit: UnitOfWork) -> int:
    async with unit.reading() as work:
        return len(await work.history(Subject("thing", "X-1")))


async def test_a_lock_of_another_program_is_waited_for_and_then_told(
    on_file: Database, on_file_unit: UnitOfWork, path: Path
):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    results = await asyncio.gather(*(on_file_unit.run(write) for _ in range(4)), return_exceptions=True)
    assert {type(result) for result in results} == {StorageUnavailable}
    assert not await on_file.healthy()
    with pytest.raises(StorageUnavailable, match="locked"):
        await Inbox(on_file, "a").receive("github", "guid", {}, b"{}", NOON)
    assert await entries(on_file_unit) == 0  # reading goes on

    other.execute("ROLLBACK")
    other.close()
    await on_file_unit.run(write)
    assert await on_file.healthy()
    assert await entries(on_file_unit) == 1


async def test_a_short_lock_is_only_waited_for(on_file: Database, on_file_unit: UnitOfWork, path: Path):
    on_file._writer.patience_seconds = 10.0  # type: ignore[attr-defined]
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    work = asyncio.create_task(on_file_unit.run(write))
    assert await asyncio.wait({work}, timeout=0.05) == (set(), {work})
    other.execute("ROLLBACK")
    other.close()
    await work
    assert await entries(on_file_unit) == 1


async def test_a_full_database_keeps_nothing_of_what_did_not_fit(
    on_file: Database, on_file_unit: UnitOfWork, path: Path, monkeypatch: pytest.MonkeyPatch
):
    pages = sqlite3.connect(path).execute("PRAGMA page_count").fetchone()[0]
    connect = sqlite.connect_raw

    def connect_limited(*args: Any, **kw: Any) -> sqlite3.Connection:
        raw = connect(*args, **kw)
        raw.execute(f"PRAGMA max_page_count={pages + 4}")
        return raw

    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "connect_raw", connect_limited)
        await on_file._writer._forget_connection()  # type: ignore[attr-defined]
        results = await asyncio.gather(*(on_file_unit.run(write) for _ in range(40)), return_exceptions=True)
        stored = sum(result is None for result in results)
        assert {type(result) for result in results} <= {type(None), StorageUnavailable}
        assert stored < 40
        assert await entries(on_file_unit) == stored
        assert not await on_file.healthy()

    await on_file._writer._forget_connection()  # type: ignore[attr-defined]
    await on_file_unit.run(write)
    assert await on_file.healthy()
    assert await entries(on_file_unit) == stored + 1


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_commit_that_the_disk_refuses_is_told_to_everybody_in_it(
    on_file: Database, on_file_unit: UnitOfWork, path: Path
):
    await on_file_unit.run(write)
    with no_file_longer_than(path.with_name("eightbells.db-wal").stat().st_size):
        results = await asyncio.gather(*(on_file_unit.run(write) for _ in range(5)), return_exceptions=True)
        assert {type(result) for result in results} == {StorageUnavailable}
        assert not await on_file.healthy()
        assert await entries(on_file_unit) == 1

    assert await on_file.healthy()
    await on_file_unit.run(write)
    assert await entries(on_file_unit) == 2


async def test_a_file_that_is_gone_is_missed_and_welcome_back(
    on_file: Database, on_file_unit: UnitOfWork, path: Path
):
    await on_file_unit.run(write)
    path.rename(path.with_suffix(".away"))
    with pytest.raises(StorageUnavailable, match="gone"):
        await on_file_unit.run(write)
    assert not await on_file.healthy()
    path.with_suffix(".away").rename(path)
    await on_file_unit.run(write)
    assert await on_file.healthy()
    assert await entries(on_file_unit) == 2


async def test_one_process_a_file(on_file: Database, path: Path, clock: FakeClock):
    with pytest.raises(AlreadyRunning, match=r"eightbells\.db\.lock"):
        await Database.open(f"sqlite:///{path}", clock=clock, replica_id="second")
    await on_file.close()
    again = await Database.open(f"sqlite:///{path}", clock=clock, replica_id="third")
    await again.close()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, clock: FakeClock):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageUnavailable, match="cannot be reached"):
        await Database.open(f"sqlite:///{tmp_path}/file/eightbells.db", clock=clock, replica_id="a")


async def test_a_file_that_is_no_database_is_told(path: Path, clock: FakeClock):
    path.write_bytes(b"something else entirely, and long enough to be looked at" * 100)
    with pytest.raises(StorageUnavailable, match="not a database"):
        await Database.open(f"sqlite:///{path}", clock=clock, replica_id="a")


@pytest.fixture
async def on_server(postgres_server: Any, open_database: Any, render: Rendering) -> UnitOfWork:
    database = await open_database(postgres_server.fresh())
    async with database.write() as conn:
        await conn.run_sync(TABLES.create_all)
    return UnitOfWork(database, team=Team(), render=render)


def cut_off(postgres_server: Any) -> None:
    postgres_server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
        "AND pid <> pg_backend_pid()"
    )


async def test_a_work_whose_connection_is_cut_is_told_and_the_next_one_goes_on(
    on_server: UnitOfWork, postgres_server: Any
):
    async def step(work: Work) -> None:
        await write(work)
        await work.count(Thing)
        cut_off(postgres_server)

    with pytest.raises(StorageUnavailable):
        await on_server.run(step)
    await on_server.run(write)
    assert await entries(on_server) == 1
    assert await on_server._database.healthy()


async def test_connections_that_were_cut_while_nobody_used_them_are_noticed_before_use(
    on_server: UnitOfWork, postgres_server: Any
):
    used: list[Any] = []
    engine = on_server._database._readers.sync_engine
    event.listen(engine, "checkout", lambda connection, *_: used.append(connection.driver_connection))
    await asyncio.gather(*(on_server.run(write) for _ in range(5)))
    cut_off(postgres_server)
    async with asyncio.timeout(5):
        while not all(connection.is_closed() for connection in used):
            await asyncio.sleep(0)
    await asyncio.gather(*(on_server.run(write) for _ in range(5)))
    assert await entries(on_server) == 10


async def test_a_server_that_is_not_there_is_told(tmp_path: Path, clock: FakeClock):
    with pytest.raises(StorageUnavailable, match="cannot be reached"):
        await Database.open(f"postgresql://u:secret@/x?host={tmp_path}", clock=clock, replica_id="a")


async def test_a_deadlock_between_two_works_is_a_conflict_and_resolved_by_beginning_again(on_server: UnitOfWork):
    async with on_server() as work:
        first, second = await work.add(Thing(title="1")), await work.add(Thing(title="2"))
    both_hold_one = asyncio.Barrier(2)
    tries = 0

    async def step(work: Work, ids: tuple[str, str]) -> None:
        nonlocal tries
        tries += 1
        await work.get(Thing, ids[0])
        if tries <= 2:
            await both_hold_one.wait()
        await work.get(Thing, ids[1])
        await write(work)

    await asyncio.gather(
        on_server.run(lambda work: step(work, (first.id, second.id))),
        on_server.run(lambda work: step(work, (second.id, first.id))),
    )
    assert tries == 3
    assert await entries(on_server) == 2


async def test_no_error_shows_the_password(on_server: UnitOfWork, clock: FakeClock):
    assert on_server
    with pytest.raises(StorageUnavailable) as caught:
        await Database.open("postgresql://u:hunter2@127.0.0.1:1/x", clock=clock, replica_id="a")
    assert "hunter2" not in str(caught.value)
