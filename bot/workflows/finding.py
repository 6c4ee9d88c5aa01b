"""Finds the thing that a person named, or says which ones there are; and all of those that are so, however many."""

from typing import Any, TypeVar

from bot.domain.ports import Noun, Work
from bot.domain.refusals import Unknown

N = TypeVar("N", bound=Noun)


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
