"""Letting go of database connections, whatever became of their server meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger(__name__)


async def give_back(conn: AsyncConnection) -> None:
    """Roll back what was not committed and return the connection to its pool, even if the caller is cancelled."""
    if conn.dialect.name == "sqlite":
        await _close(conn)  # which does not wait for anything
    else:
        await asyncio.shield(asyncio.ensure_future(_close(conn)))


async def _close(conn: AsyncConnection) -> None:
    if not await _has_let_go(conn.close) and not await _has_let_go(conn.invalidate):
        log.warning("storage.connection_not_returned")  # the pool makes a new one


async def throw_away(conn: AsyncConnection) -> None:
    """Close a connection whose state is not known any more."""
    await _has_let_go(conn.invalidate)
    await _has_let_go(conn.close)


async def _has_let_go(way: Callable[[], Awaitable[None]]) -> bool:
    """Whether letting go of a connection so went well.

    When a server goes away in the middle, SQLAlchemy and asyncpg raise here what they please, each other time something
    else ("This Connection is closed"). The error that matters is on its way already; none may end a worker.
    """
    try:
        await way()
    except Exception as problem:  # noqa: BLE001 - see above
        log.info("storage.connection_lost", problem=f"{type(problem).__name__}: {problem}")
        return False
    return True
