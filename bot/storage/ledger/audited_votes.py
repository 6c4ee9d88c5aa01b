"""Votes against the ledger: what is counted as somebody's yes or no must be what was recorded when they decided."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.approvals import Vote, digest_of
from bot.core.ledger import Subject
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.flags.model.rollout import Rollout
from bot.stages.release.model.release import Release
from bot.storage.ledger.ledger import ledger_table, subject_table
from bot.storage.work.nouns import kept

PAGE = 200  # nouns; each may hold the words of a whole release
_SUBJECTS: dict[type[Any], Callable[[Any], Subject]] = {
    Deployment: lambda one: Subject("deployment", one.id),
    FlagChange: lambda one: Subject("flag", one.flag),
    Release: lambda one: Subject("release", one.id),
    Rollout: lambda one: Subject("flag", one.flag),
}


async def check(conn: AsyncConnection, note: Callable[[str], None]) -> tuple[int, int]:
    """Note every vote that the ledger does not know so; gives how many there are, and how many it cannot tell of.

    Entries from before votes were recorded with their digest only say who decided, and when.
    """
    votes = old = 0
    async for thing in _decided(conn):
        subject = _SUBJECTS[type(thing)](thing)
        for vote in thing.approval.votes:
            votes += 1
            known = await _recorded(conn, subject, vote)
            if digest_of(vote, thing.id, getattr(thing, "artifact", "")) in known:
                continue
            if "" in known:
                old += 1
            else:
                note(f"the ledger does not know the vote of {vote.by} on {thing.id} ({vote.decision}) as it stands")
    return votes, old


async def _decided(conn: AsyncConnection) -> AsyncIterator[Any]:
    """Everything that somebody has voted on."""
    for noun in _SUBJECTS:
        how, last = kept(noun), 0
        number, body = how.table.c.number, how.table.c.body
        while True:
            # The pattern leaves out most of what nobody decided; what it lets through is read properly.
            query = select(how.table).where(number > last, body.like('%"votes":[{%')).order_by(number).limit(PAGE)
            rows = (await conn.execute(query)).all()
            for row in rows:
                thing: Any = how.thing(row)
                if thing.approval is not None:
                    yield thing
            if len(rows) < PAGE:
                break
            last = rows[-1].number
            await asyncio.sleep(0)  # others' turn


async def _recorded(conn: AsyncConnection, subject: Subject, vote: Vote) -> set[str]:
    """Digests of this person's votes that are on the ledger; "" for one of the same instant that has none."""
    query = (
        select(ledger_table.c.kind, ledger_table.c.at, ledger_table.c.facts)
        .join(subject_table, subject_table.c.entry_id == ledger_table.c.id)
        .where(subject_table.c.subject == str(subject), ledger_table.c.by == vote.by)
    )
    found = [row for row in await conn.execute(query) if row.kind.endswith(("approved", "refused"))]
    return {row.facts["vote"] for row in found if "vote" in row.facts} | {
        "" for row in found if "vote" not in row.facts and row.at == vote.at
    }
