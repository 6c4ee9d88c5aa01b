"""Views that many people look at, kept until the ledger grows."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Memory:
    """What was made at which generation of the database; ``generation`` tells the present one."""

    def __init__(self, generation: Callable[[], int]) -> None:
        self._generation = generation
        self._kept: dict[str, tuple[int, Any]] = {}

    async def remember(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """What ``make`` gave, if nothing was recorded since; else what it gives now."""
        # Asked before making: what is committed meanwhile makes the result old at once, never wrongly new.
        now = self._generation()
        known = self._kept.get(key)
        if known is not None and known[0] == now:
            return known[1]
        made = await make()
        self._kept[key] = (now, made)
        return made
