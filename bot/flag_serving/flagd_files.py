"""Keeps flagd's files like the flags: written anew, as a whole, whenever one of them has changed."""

import asyncio
from pathlib import Path

import structlog

from bot.flag_serving.flag_book import FlagBook
from bot.storage.engine.errors import StorageUnavailable
from bot.vendors.flagd import file as flagd_file

LOOK_SECONDS = 0.5  # flagd's own clients look at the file as often

log = structlog.get_logger(__name__)


async def keep_writing(book: FlagBook, folder: Path, *, look_seconds: float = LOOK_SECONDS) -> None:
    """Until cancelled. A folder that cannot be written to is logged once, and tried again."""
    written, failing = 0, False
    while True:
        try:
            shelves = await book.current()
            if book.edition != written:
                edition, flags = book.edition, book.flags
                for environment in shelves:
                    content = flagd_file.document(flags, environment)
                    await asyncio.to_thread(flagd_file.write, folder, environment, content)
                written, failing = edition, False
        except (OSError, StorageUnavailable) as problem:
            if not failing:
                log.warning("flags.file_not_written", folder=str(folder), why=str(problem))
            failing = True
        await asyncio.sleep(look_seconds)
