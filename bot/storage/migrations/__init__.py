"""Brings a database to the tables that this version needs."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from bot.storage.engine.database import Database
from bot.storage.succession import TOPIC, newest

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["FOLDER", "TablesTooNew", "config", "current", "migrate", "newest", "refuse_newer"]

FOLDER = Path(__file__).parent
_LOCK = 0x8BE115  # any number, the same for every version of ours


async def migrate(database: Database) -> None:
    """Create or change the tables in one transaction, under a lock, so that replicas may start together.

    Raises ``StorageUnavailable``, ``TablesTooNew``.
    """
    async with database.write() as conn:
        if database.dialect == "postgresql":
            await conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if await conn.run_sync(_upgrade):
            database.wake(TOPIC)  # an older replica that still runs must stop working on them


class TablesTooNew(Exception):
    """A newer version has already changed the tables; this one would misread them."""


def current(connection: Connection) -> str | None:
    """The revision of a database, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def refuse_newer(found: str | None) -> None:
    """Raises ``TablesTooNew`` for a revision that this version does not know yet."""
    if found is not None and found > newest():
        raise TablesTooNew(
            f"The database is at revision {found}, this version knows {newest()}. Run the newer one."
        )


def config() -> "Config":
    """Alembic, pointed at this folder."""
    from alembic.config import Config  # noqa: PLC0415 -- a quarter of a second that most starts do not need

    alembic = Config()
    alembic.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return alembic


def _upgrade(connection: Connection) -> bool:
    """Whether there was anything to change."""
    found, needed = current(connection), newest()
    if found == needed:
        return False
    refuse_newer(found)
    from alembic import command  # noqa: PLC0415 -- see above

    alembic = config()
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, "head")
    return True
