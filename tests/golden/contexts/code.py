"""Examples of what is said about code and blockers; ideas are in code_ideas."""

from dataclasses import replace
from datetime import timedelta

from bot.core.ledger import Subject
from bot.core.people import Person
from bot.stages.code.model.unblock_times import UnblockTime
from tests.golden.contexts.plan import BLOCKER, CODED, NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MEI = Person("U0MEI", "Mei")
TOM = Person("U0TOM", "Tom")
LUIS = Person("U0LUIS", "Luis")
PR, ALERT = Subject("pr", "org/web#812"), Subject("alert", "A-9")

ASKED = BLOCKER.asked(NOON, NOON + DAY)
CLOSED = ASKED.close(MEI, NOON + timedelta(hours=2, minutes=10), "made it writable again")
ALONE = replace(BLOCKER, id="B-8", what="no idea why <tests> fail", unblocker_id=None, change_id=None)
LINKED = replace(BLOCKER, what="review of #812, and A-9").link((PR, ALERT), (PR, ALERT))
BY_ITSELF = LINKED.close_itself(NOON + HOUR, "org/web#812 is merged", "U0TOM")
QUOTED = replace(ALONE, answer_id="S-1/U0LUIS").quote("C0GENERAL", "1700000000.000100")
TWICE = ASKED.asked(NOON + DAY + HOUR, NOON + 2 * DAY)
SNOOZED = ASKED.snooze("U0MEI", NOON + 4 * HOUR, NOON + HOUR)
BACK = replace(ASKED.hand_back("U0MEI", NOON + HOUR), asked_id="U0LUIS", asks=2)
ELSEWHERE = ASKED.ask(TOM, LUIS, NOON + HOUR)
NIGHT = BLOCKER.wait_for_morning(NOON + 12 * HOUR)
RAISED = ASKED.plan(NOON + 2 * DAY).raised("U0ANA", NOON + 2 * DAY)
RAISED_LATE = replace(RAISED, raised_late_by=3 * HOUR, unblocker_id=None)
UNRAISED = ASKED.plan(NOON + 2 * DAY).raised("", NOON + 2 * DAY)

CONTEXTS = {
    "code/blocker": {"blocker": BLOCKER, "change": CODED},
    "code/blocker#closed": {"blocker": CLOSED, "change": CODED},
    "code/blocker#alone": {"blocker": ALONE, "change": None},
    "code/blocker#linked": {"blocker": LINKED, "change": None},
    "code/blocker#by-itself": {"blocker": BY_ITSELF, "change": None},
    "code/blocker#quoted": {"blocker": QUOTED, "change": None},
    "code/blocker#snoozed": {"blocker": SNOOZED, "change": None},
    "code/blocker#raised": {"blocker": RAISED, "change": None},
    "code/asked": {"blocker": ASKED, "asked": "U0MEI", "asked_again": False},
    "code/asked#closed": {"blocker": CLOSED, "asked": "U0MEI", "asked_again": False},
    "code/asked#by-itself": {"blocker": BY_ITSELF, "asked": "U0MEI", "asked_again": False},
    "code/asked#no-longer": {"blocker": ELSEWHERE, "asked": "U0MEI", "asked_again": False},
    "code/asked#older": {"blocker": ASKED, "asked": "U0MEI", "asked_again": True},
    "code/asked#again-late": {"blocker": TWICE, "asked": "U0MEI", "asked_again": False},
    "code/asked#snoozed": {"blocker": SNOOZED, "asked": "U0MEI", "asked_again": False},
    "code/asked#owner": {"blocker": ALONE, "asked": "U0LUIS", "asked_again": False},
    "code/asked#handed-back": {"blocker": BACK, "asked": "U0LUIS", "asked_again": False},
    "code/waits": {"blocker": NIGHT, "waits_for": "U0MEI"},
    "code/waits#asked": {"blocker": NIGHT.asked(NOON + 12 * HOUR, NOON + 36 * HOUR), "waits_for": "U0MEI"},
    "code/waits#elsewhere": {"blocker": NIGHT.ask(TOM, LUIS, NOON), "waits_for": "U0MEI"},
    "code/waits#closed": {"blocker": NIGHT.close(MEI, NOON), "waits_for": "U0MEI"},
    "code/raised": {"blocker": RAISED},
    "code/raised#late": {"blocker": RAISED_LATE},
    "code/raised#closed": {"blocker": RAISED.close(MEI, NOON + 3 * DAY)},
    "code/told": {"blocker": CLOSED},
    "code/told#by-itself": {"blocker": BY_ITSELF},
    "code/told#reopened": {"blocker": CLOSED.reopen(NOON + 3 * HOUR)},
    "code/story#closed": {"blocker": BY_ITSELF, "what": "closed"},
    "code/story#moved": {"blocker": LINKED.without(PR), "what": "moved", "how": "org/web#812 is merged"},
    "code/story#raised": {"blocker": RAISED, "what": "raised"},
    "code/story#raised-to-nobody": {"blocker": UNRAISED, "what": "raised"},
    "code/story#passed-on": {"blocker": ELSEWHERE, "what": "passed_on", "who": "U0TOM", "by": "U0LUIS"},
    "code/story#taken": {"blocker": ELSEWHERE, "what": "passed_on", "who": "U0TOM", "by": "U0TOM"},
    "code/story#handed-back": {"blocker": BACK, "what": "handed_back", "who": "U0MEI"},
    "code/story#unreachable": {"blocker": BACK, "what": "unreachable", "who": "U0MEI", "why": "is no longer here"},
    "code/story#snoozed": {"blocker": SNOOZED, "what": "snoozed", "who": "U0MEI"},
    "code/story#reopened": {"blocker": CLOSED.reopen(NOON + 3 * HOUR), "what": "reopened", "by": "U0ANA"},
    "code/started": {"change": CODED},
    "code/linked": {"change": CODED, "pr": "org/web#801"},
    "code/aired": {"blocker": BLOCKER, "ask_at": None},
    "code/aired#night": {"blocker": BLOCKER, "ask_at": NOON + 12 * HOUR},
    "code/aired#linked": {"blocker": LINKED, "ask_at": None},
    "code/aired#alone": {"blocker": ALONE, "ask_at": None},
    "code/unblocked": {"blocker": CLOSED, "age": timedelta(hours=2, minutes=10)},
    "code/reopened": {"blocker": BLOCKER},
    "code/passed_on": {"blocker": ELSEWHERE, "ask_at": None},
    "code/passed_on#night": {"blocker": ELSEWHERE, "ask_at": NOON + 12 * HOUR},
    "code/snoozed": {"blocker": SNOOZED},
    "code/handed_back": {"blocker": BACK},
    "code/blockers": {
        "blockers": [LINKED, ALONE],
        "titles": {"C-41": "Faster checkout"},
        "times": (UnblockTime("payments", 2 * DAY, 9), UnblockTime("web", timedelta(hours=5, minutes=20), 14)),
    },
    "code/blockers#none": {"blockers": [], "titles": {}, "times": ()},
}
