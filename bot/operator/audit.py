"""``eightbells audit``: the ledger read beside the running bot, and what to tell of it."""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from bot.config import Settings
from bot.runtime.clock import SystemClock
from bot.storage.engine.snapshot import snapshot
from bot.storage.ledger import audits, exports
from bot.storage.ledger.audits import Report
from bot.storage.ledger.seals import Head, head_of


async def audit(settings: Settings, *, known: str = "", since: str = "") -> tuple[bool, str]:
    """Whether the ledger is whole, and what to tell; ``known`` and ``since`` are heads that were kept, or "".

    Raises ``ValueError`` where one of them is none.
    """
    kept = {name: Head.parse(text) if text else None for name, text in (("known", known), ("since", since))}
    async with snapshot(settings.database_url.get_secret_value()) as conn:
        report = await audits.audit(conn, SystemClock().now(), **kept)
    return not report.faults, _told(report, kept["known"], kept["since"])


async def head(settings: Settings) -> str:
    """The head of the chain as it is now, without checking anything."""
    async with snapshot(settings.database_url.get_secret_value()) as conn:
        return str(await head_of(conn))


async def export(settings: Settings, path: Path) -> str:
    """Write the sealed entries as JSON lines; gives what to tell."""
    async with snapshot(settings.database_url.get_secret_value()) as conn:
        with _opened(path) as file:
            written = 0
            async for line in exports.lines(conn):
                file.write(line + "\n")
                written += 1
    return f"{written - 2} entries written. `python3 docs/verify.py` checks them, with the heads that you kept."


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if str(path) == "-":
        yield sys.stdout
        return
    # It names who did what: for whoever asked for it alone, also where a file is written over that others may read.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            os.fchmod(handle, 0o600)
        yield file


def _told(report: Report, known: Head | None, since: Head | None) -> str:
    lines: list[str] = []
    if report.faults:
        lines += ["The ledger is not as it was written:", *(f"- {fault}" for fault in report.faults)]
        lines += [f"- and {report.more} more"] if report.more else []
    elif known is not None:
        lines.append(
            f"The ledger is whole: {report.head.place} entries, the first {known.place} as the kept head says."
        )
    elif since is not None:
        lines.append(f"The chain goes on from the kept head: {report.read} entries after place {since.place} fit.")
        lines.append("Those up to it were not read; `eightbells audit <head>` reads them too.")
    else:
        lines.append(f"The chain is whole in itself: {report.head.place} entries.")
        lines.append(
            "Whoever can write to the database could have made it anew; only a head that was kept elsewhere tells: "
            "`eightbells audit <head>`."
        )
    if report.unsealed:
        lines.append(
            f"{report.unsealed} entries are not sealed yet, so nothing is proven of them; the bot seals soon."
        )
    lines.append(f"Votes compared with the ledger: {report.votes}.")
    if report.old_votes:
        lines.append(
            f"{report.old_votes} of them are from before the ledger kept their digest: who and when is all."
        )
    if not report.faults:
        lines.append(f"Keep this head elsewhere: {report.head}")
    return "\n".join(lines)
