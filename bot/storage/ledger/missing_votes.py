"""Votes that the ledger tells of and that nothing took back by the rules: whoever removes one is named by the audit."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.approvals import Vote, digest_of
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.flags.model.rollout import Rollout
from bot.stages.release.model.release import Release
from bot.storage.ledger.ledger import ledger_table, subject_table
from bot.storage.work.nouns import folded, kept

PAGE = 200  # votes
_VOTES = (
    *("deployment.approved", "deployment.refused", "release.approved"),
    *("flag.approved", "flag.refused", "flag.rollout_approved", "flag.rollout_refused"),
)
# What ends every vote so far: another commit, a request that passes more, other words.
_ENDS_ALL = ("deployment.moved", "deployment.override_asked", "release.edited", "release.customer_lines_written")
_ENDS_SOME = ("deployment.votes_fell_away", "release.votes_fell_away", "flag.votes_fell_away")
_USER_ID = re.compile(r"[UW][A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class _Thing:
    """What was voted on, and by which subject its entries are found."""

    noun: type[Any]
    id: str
    subject: str


async def check(conn: AsyncConnection, note: Callable[[str], None]) -> None:
    """Note every vote of which the ledger tells, that counts still by what else it tells, and that is gone.

    Votes from before they were recorded with their digest are left out.
    """
    entry, last = ledger_table.c, 0
    while True:
        page = select(entry.id, entry.kind, entry.by, entry.subjects, entry.facts)
        page = page.where(entry.kind.in_(_VOTES), entry.id > last).order_by(entry.id).limit(PAGE)
        rows = (await conn.execute(page)).all()
        votes = [(row, thing) for row in rows if "vote" in row.facts and (thing := _about(row)) is not None]
        things = list(dict.fromkeys(thing for _, thing in votes))
        ends, states = await _ends(conn, things), await _states(conn, things)
        standing: dict[_Thing, dict[str, str]] = defaultdict(dict)
        for row, thing in votes:
            if not any(id > row.id and row.by in who for id, who in ends[thing]):
                standing[thing][row.by] = row.facts["vote"]
        for thing, counted in standing.items():
            for by in _gone(counted, states.get(thing), thing.id):
                note(f"the vote of {by} on {thing.id}, of which the ledger tells, was taken away")
        if len(rows) < PAGE:
            return
        last = rows[-1].id
        await asyncio.sleep(0)  # others' turn


def _gone(standing: Mapping[str, str], state: Any, id: str) -> Iterable[str]:
    """Whose vote is missing; one that was changed is named as it stands now, and not again as what it was."""
    counted: Sequence[Vote] = state.approval.votes if state is not None and state.approval else ()
    known = {digest_of(vote, id, getattr(state, "artifact", "")): vote.by for vote in counted}
    missing = [by for by, digest in standing.items() if digest not in known]
    changed = len(known.keys() - set(standing.values())) if missing else 0
    voters = {vote.by for vote in counted}
    named = [by for by in missing if by not in voters]
    # A vote under another name took the place of one of these, and is named as unknown.
    instead = max(0, changed - (len(missing) - len(named)))
    return sorted(named)[instead:]


class _Everybody:
    def __contains__(self, by: object) -> bool:
        return True


async def _ends(conn: AsyncConnection, things: Sequence[_Thing]) -> dict[_Thing, list[tuple[int, Any]]]:
    """When votes on these things ended by the rules, as ids of entries, and whose."""
    entry, found = ledger_table.c, defaultdict[_Thing, list[tuple[int, Any]]](list)
    subjects = {thing.subject for thing in things}
    of_them = select(subject_table.c.entry_id).where(subject_table.c.subject.in_(subjects))
    query = select(entry.id, entry.kind, entry.by, entry.subjects, entry.facts)
    query = query.where(entry.kind.in_((*_ENDS_ALL, *_ENDS_SOME)), entry.id.in_(of_them))
    for row in await conn.execute(query):
        if (thing := _about(row)) is not None:
            whose = str(row.facts.get("of", "")).split()
            # An older version wrote names there, which may be anybody's.
            by_id = row.kind in _ENDS_SOME and all(map(_USER_ID.fullmatch, whose))
            found[thing].append((row.id, frozenset(whose) if by_id else _Everybody()))
    return found


async def _states(conn: AsyncConnection, things: Sequence[_Thing]) -> dict[_Thing, Any]:
    """These things as they are now; none that is not there."""
    by_noun: dict[type[Any], dict[str, _Thing]] = defaultdict(dict)
    for thing in things:
        by_noun[thing.noun][folded(thing.id)] = thing
    found: dict[_Thing, Any] = {}
    for noun, wanted in by_noun.items():
        how = kept(noun)
        for row in await conn.execute(select(how.table).where(how.table.c.folded_id.in_(wanted))):
            found[wanted[row.folded_id]] = how.thing(row)
    return found


def _about(row: Any) -> _Thing | None:
    """What an entry is about; nothing where that does not stand in it."""
    noun, _, what = row.kind.partition(".")
    subject = next((one for one in row.subjects if one.startswith(f"{noun}:")), "")
    if noun != "flag":
        return _Thing(Deployment if noun == "deployment" else Release, subject.partition(":")[2], subject)
    id = str(row.facts.get("rollout") or row.facts.get("request") or row.facts.get("asked") or "")
    is_rollout = what.startswith("rollout_") or id.startswith(f"{Rollout.PREFIX}-")
    return _Thing(Rollout if is_rollout else FlagChange, id, subject) if id and subject else None
