"""Incremental vacuum: gives pages that are not used any more back to the system, a few at a time; SQLite only.

PostgreSQL's autovacuum keeps free space for what comes next, which is all that a bot of steady size needs.
"""

import asyncio
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import make_url

from bot.storage.engine.database import Database
from bot.storage.engine.errors import translated
from bot.storage.engine.sqlite import give_back_all
from bot.storage.engine.writers import Block

PAGES = 64  # a transaction: each is moved to where there is room, some 20 µs (benchmarks/size.py)
PAUSE_SECONDS = 0.02  # between two, in which everybody else has their turn
SPARE = 10  # a page of ten stays free: tomorrow's rows need them again
INCREMENTAL = 2  # https://www.sqlite.org/pragma.html#pragma_auto_vacuum

log = structlog.get_logger(__name__)


async def shrink(database: Database) -> int:
    """Give back what is free beyond what the next days need; gives how many bytes.

    A file that was made before there was this keeps its size until ``eightbells vacuum``; that is logged.
    """
    if database.dialect != "sqlite":
        return 0
    before = await _pages(database)
    while True:
        async with database.block() as block:
            free, all_pages, mode = (
                _value(block, name) for name in ("freelist_count", "page_count", "auto_vacuum")
            )
            wanted = min(PAGES, free - all_pages // SPARE)
            if mode == INCREMENTAL and wanted > 0:
                block.guard()
                for _ in range(wanted):
                    # A page for each step of the statement, and Python takes one step where there is no column.
                    _raw(block).execute("PRAGMA incremental_vacuum(1)")
        if mode != INCREMENTAL and free > all_pages // 2:
            log.info("storage.cannot_shrink", free_pages=free, pages=all_pages, todo="stop it, eightbells vacuum")
        if mode != INCREMENTAL or wanted <= 0:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.to_thread(database.truncate_log)  # the file ends where it should once the log is in it
    after = await _pages(database)
    return (before[0] - after[0]) * after[1]


def write_anew(url: str) -> tuple[Path, int, int]:
    """Make SQLite's file as small as what is in it, while the bot is stopped; gives it, its size before and after.

    Raises ``AlreadyRunning``, ``StorageUnavailable``, and ``ValueError`` where there is no such file.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError("PostgreSQL clears its tables by itself; a whole file back is its own VACUUM FULL.")
    path = Path(parsed.database or "").absolute()
    if not path.is_file():
        raise ValueError(f"There is no database at {path}.")
    with translated(connecting=True):
        before, after = give_back_all(path)
    return path, before, after


async def _pages(database: Database) -> tuple[int, int]:
    async with database.block() as block:
        return _value(block, "page_count"), _value(block, "page_size")


def _value(block: Block, pragma: str) -> int:
    (value,) = _raw(block).execute(f"PRAGMA {pragma}").fetchone()
    return value


def _raw(block: Block) -> Any:
    driver = block.group.driver
    if driver is None:
        raise TypeError("pages are SQLite's")
    return driver.raw
