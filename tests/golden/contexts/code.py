"""Examples of what is said about code and blockers."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.people import Person
from tests.golden.contexts.plan import BLOCKER, CODED, NOON

MEI = Person("U0MEI", "Mei")
CLOSED = BLOCKER.close(MEI, NOON + timedelta(hours=2, minutes=10), "made it writable again")
ALONE = replace(BLOCKER, id="B-8", what="no idea why <tests> fail", unblocker_id=None, change_id=None)

CONTEXTS = {
    "code/blocker": {"blocker": BLOCKER, "change": CODED},
    "code/blocker#closed": {"blocker": CLOSED, "change": CODED},
    "code/blocker#alone": {"blocker": ALONE, "change": None},
    "code/asked": {"blocker": BLOCKER, "asked": "U0MEI"},
    "code/asked#closed": {"blocker": CLOSED, "asked": "U0MEI"},
    "code/asked#no-longer": {"blocker": BLOCKER, "asked": "U0TOM"},
    "code/told": {"blocker": CLOSED},
    "code/started": {"change": CODED},
    "code/linked": {"change": CODED, "pr": "org/web#801"},
    "code/aired": {"blocker": BLOCKER},
    "code/aired#alone": {"blocker": ALONE},
    "code/unblocked": {"blocker": CLOSED, "age": timedelta(hours=2, minutes=10)},
    "code/blockers": {"blockers": [BLOCKER, ALONE], "titles": {"C-41": "Faster checkout"}},
    "code/blockers#none": {"blockers": [], "titles": {}},
}
