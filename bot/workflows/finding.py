"""Finds the thing that a person named, or says which ones there are."""

from typing import TypeVar

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
