"""The database's files are for their owner alone, from the first moment on and where they were open before."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from tests.fakes import FakeClock


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0o000)  # whatever is not asked for is open to all
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    found = {path.name: path for path in (folder, *folder.iterdir())}
    return {name: f"{stat.S_IMODE(path.stat().st_mode):o}" for name, path in found.items()}


async def opened(path: Path) -> Database:
    database = await Database.open(f"sqlite:///{path}", clock=FakeClock(), replica_id="r")
    await migrate(database)
    return database


async def test_new_files_and_their_folder_are_the_owners_alone(tmp_path: Path):
    database = await opened(tmp_path / "data" / "bot.db")
    try:
        assert modes(tmp_path / "data") == {
            "data": "700",
            "bot.db": "600",
            "bot.db-wal": "600",
            "bot.db-shm": "600",
            "bot.db.lock": "600",
            "bot.db.lock-journal": "600",
        }
    finally:
        await database.close()


async def test_files_that_were_open_are_tightened_at_the_start_and_it_is_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "data"
    await (await opened(folder / "bot.db")).close()
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    capsys.readouterr()

    await (await opened(folder / "bot.db")).close()

    assert modes(folder) == {"data": "700", "bot.db": "600", "bot.db.lock": "600"}
    logged = capsys.readouterr().out
    assert "storage.made_private" in logged
    assert "0644" in logged


async def test_who_reads_flagds_files_within_still_reaches_them(tmp_path: Path):
    folder = tmp_path / "data"
    (folder / "flagd").mkdir(parents=True, mode=0o755)

    await (await opened(folder / "bot.db")).close()

    assert modes(folder) == {"data": "711", "flagd": "755", "bot.db": "600", "bot.db.lock": "600"}


async def test_a_folder_that_others_write_to_is_not_ours_to_close(tmp_path: Path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)

    await (await opened(folder / "bot.db")).close()

    assert modes(folder) == {"shared": "1777", "bot.db": "600", "bot.db.lock": "600"}
