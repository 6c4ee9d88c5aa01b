"""Writes a revision: ``python -m bot.storage.migrations "what changed"``.

Before a first release, ``--initial`` writes the only revision anew instead.
"""

import asyncio
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from bot.storage.engine.database import Database
from bot.storage.migrations import FOLDER, config, migrate, newest


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def _write(message: str, number: str, *, from_scratch: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite:///{folder}/compare.db", clock=_Clock(), replica_id="migrations")
        try:
            if not from_scratch:
                await migrate(database)
            async with database.write() as conn:
                await conn.run_sync(_compare, message, number)
        finally:
            await database.close()


def _compare(connection: Connection, message: str, number: str) -> None:
    alembic = config()
    alembic.attributes["connection"] = connection
    alembic.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    command.revision(alembic, message, autogenerate=True, rev_id=number)


def main(arguments: list[str]) -> None:
    """Write the revision and format it."""
    if arguments == ["--initial"]:
        for path in (FOLDER / "versions").glob("[0-9]*.py"):
            path.unlink()
        message, number, from_scratch = "initial", "0001", True
    elif len(arguments) == 1:
        message, number, from_scratch = arguments[0], f"{int(newest()) + 1:04}", False
    else:
        sys.exit(__doc__)
    asyncio.run(_write(message, number, from_scratch=from_scratch))
    written = [str(path) for path in Path(FOLDER / "versions").glob(f"{number}_*.py")]
    for step in (
        ["check", "--fix", "--quiet", "--select", "I,F401,W"],
        ["format", "--quiet"],
        ["check", "--add-noqa", "--quiet"],
    ):
        subprocess.run([sys.executable, "-m", "ruff", *step, *written], check=True)  # noqa: S603


if __name__ == "__main__":
    main(sys.argv[1:])
