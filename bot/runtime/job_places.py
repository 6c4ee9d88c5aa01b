"""A bulkhead by kind of job: how many of each may be under way, so that what hangs stops nothing but its own kind."""

from collections import Counter
from collections.abc import Iterable, Mapping

from bot.core.handlers import Inside, Outside
from bot.core.ports import Clock
from bot.runtime.clock import SteadyClock

OF_A_KIND = 16  # jobs under way
WAITING_OUTSIDE = 4  # of a kind that waits for a code host, a Prometheus, Slack: each may hang until its time-out
FOLLOWED = 256  # programs on this machine, which may take hours each
IN_ALL = 32  # in transactions of ours; what is urgent, waits outside or follows a program does not count


class Places:
    """The places of one worker; each kind has its own, and no other kind can fill them.

    What works inside one transaction shares ``IN_ALL`` as well, except for kinds that are marked urgent.
    What is lasting has none while every other clock says that the bot's own is wrong.
    """

    def __init__(
        self, inside: Mapping[str, Inside], outside: Mapping[str, Outside], clock: Clock | None = None
    ) -> None:
        self._inside = inside
        self._outside = outside
        self._clock = clock if isinstance(clock, SteadyClock) else None

    def left(self, under_way: Iterable[str]) -> tuple[dict[str, int], int]:
        """How many more of each kind may begin (full kinds are left out), and how many may be begun together."""
        taken = Counter(under_way)
        shared = IN_ALL - sum(taken[kind] for kind, handler in self._inside.items() if not _is(handler, "urgent"))
        rooms = {kind: _of(handler) - taken[kind] for kind, handler in self._outside.items()}
        for kind, handler in self._inside.items():
            if _is(handler, "urgent") or shared > 0:
                rooms[kind] = OF_A_KIND - taken[kind]
        if self._clock is not None and self._clock.is_doubted:
            every = {**self._inside, **self._outside}
            rooms = {kind: room for kind, room in rooms.items() if not _is(every[kind], "lasting")}
        return {kind: room for kind, room in rooms.items() if room > 0}, shared if shared > 0 else IN_ALL

    def all_have_room(self, rooms: Mapping[str, int]) -> bool:
        """Whether no kind was left out."""
        return len(rooms) == len(self._inside) + len(self._outside)


def _of(handler: Outside) -> int:
    return FOLLOWED if _is(handler, "follows") else WAITING_OUTSIDE


def _is(handler: Inside | Outside, mark: str) -> bool:
    return bool(getattr(handler, mark, False))
