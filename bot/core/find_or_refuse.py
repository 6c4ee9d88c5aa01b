"""Finds the thing that a person named, or says which ones there are; and all of those that are so, however many."""

from collections.abc import AsyncIterator
from typing import Any, TypeVar

from bot.core.ports import Noun, Work
from bot.core.refusals import Unknown

N = TypeVar("N", bound=Noun)

AT_FIRST = 50  # rows; each look further back reads four times as many


async def found(work: Work, noun: type[N], id: str, what: str, *, field: str) -> N:
    """The thing with this id. Raises ``Unknown``, with the newest ones as suggestions, where there is none."""
    thing = await work.get(noun, id)
    if thing is None:
        newest = await work.find(noun, limit=3)
        raise Unknown(what, id, tuple(each.id for each in newest), field=field)
    return thing


async def every(work: Work, noun: type[N], *, newest_first: bool = True, **where: Any) -> list[N]:
    """All of these, for what is open now: a total, a worst or an oldest of the newest 1,000 would be none."""
    there = await work.count(noun, **where)
    return await work.find(noun, limit=there, newest_first=newest_first, **where) if there else []


async def looking_back(work: Work, noun: type[N], **where: Any) -> AsyncIterator[N]:
    """These, the newest first, as far back as is asked for: for what no lookup says, such as the last one that passed.

    Ask for it by what leaves few rows, since whoever finds nothing has read them all.
    """
    looked, limit = 0, AT_FIRST
    while True:
        there = await work.find(noun, limit=limit, **where)
        for one in there[looked:]:
            yield one
        if len(there) < limit:
            return
        looked, limit = len(there), 4 * limit
