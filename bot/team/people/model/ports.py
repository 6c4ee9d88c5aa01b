"""Public holidays, as the domain and the workflows ask for them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol

from bot.team.people.model.presence import Place


class Holidays(Protocol):
    """Public holidays of the world."""

    async def place(self, text: str) -> Place:
        """The country (and part of it) that somebody means: "DE", "Germany", "DE-BY", "Germany, Bayern".

        Raises ``Unknown`` with the nearest ones.
        """
        ...

    async def of(self, place: Place, years: Iterable[int]) -> Mapping[date, str]:
        """The public holidays of a place in these years, by name; none of a place that is not known (any more)."""
        ...
