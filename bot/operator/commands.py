"""What an operator does beside running the bot: migrate, look at what is dead, try it again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from aiohttp import ClientError
from slack_sdk.errors import SlackClientError

from bot.config import Settings
from bot.core.dead_letters import LetterKind
from bot.core.messages import Rendered
from bot.core.team import Team
from bot.discovery import NotDiscoverable
from bot.runtime.clock import SystemClock
from bot.storage.engine.database import Database
from bot.storage.engine.errors import AlreadyRunning, StorageUnavailable
from bot.storage.engine.shrinking import write_anew
from bot.storage.engine.snapshot import snapshot
from bot.storage.migrations import TablesTooNew, migrate, newest
from bot.storage.queues import dead_letters
from bot.storage.work.unit_of_work import UnitOfWork

LETTERS_SHOWN = 100  # lines of what is dead

# What a person can mend; said in a sentence, without a traceback.
MENDABLE = (
    AlreadyRunning,
    NotDiscoverable,
    OSError,
    SlackClientError,
    ClientError,
    StorageUnavailable,
    TablesTooNew,
    ValueError,
)


async def migrate_now(settings: Settings) -> str:
    """Bring the tables up to date; gives what to tell."""
    async with _database(settings):
        return f"The database is at revision {newest()}."


async def list_dead(settings: Settings) -> str:
    """What could not be said or done, one line each; read beside the running bot."""
    async with snapshot(settings.database_url.get_secret_value()) as conn:
        now = SystemClock().now()
        letters = await dead_letters.listed(conn, LETTERS_SHOWN, now)
        more = sum((await dead_letters.counted(conn, now)).values()) - len(letters)
    rows = [f"{one.kind.value:9} {one.id:30} {one.at:%Y-%m-%d %H:%M}  {one.what}: {one.why}" for one in letters]
    if more > 0:
        rows.append(f"… and {more} more.")
    return "\n".join(rows) or "Nothing is dead: everything that was to be said or done has been."


async def revive(settings: Settings, kind: str, letter: str) -> str:
    """Give one of it another chance. Raises ``ValueError`` where there is no such thing."""
    if kind not in list(LetterKind):
        raise ValueError(f"{kind} is no kind; it is one of {', '.join(LetterKind)}")
    async with _unit(settings) as unit, unit() as work:
        if not await work.revive(LetterKind(kind), letter):
            raise ValueError(f"no {kind} {letter} is dead; `eightbells replay` lists what is")
    return f"The {kind} {letter} will be tried again by the bot."


async def vacuum(settings: Settings) -> str:
    """Give back what SQLite's file does not need any more; gives what to tell. Raises ``ValueError`` for PostgreSQL."""
    path, before, after = await asyncio.to_thread(write_anew, settings.database_url.get_secret_value())
    return f"{path} had {before / 1e6:.1f} MB and has {after / 1e6:.1f} MB now."


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    url = settings.database_url.get_secret_value()
    database = await Database.open(url, clock=SystemClock(), replica_id=uuid4().hex)
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _unit(settings: Settings) -> AsyncIterator[UnitOfWork]:
    async with _database(settings) as database:
        yield UnitOfWork(database, team=Team(), render=_nothing_is_said)


def _nothing_is_said(template: str, context: object) -> Rendered:
    raise AssertionError(f"an operator's command says nothing in Slack, but wanted {template}: {context}")
