"""Examples of what is said about changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.core.people import Person
from bot.core.stages import Stage
from bot.stages.code.model.blocker import Blocker
from bot.stages.plan.model.change import Change, ChangeState

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANA = Person("U0ANA", "Ana")

PLANNED = Change(
    id="C-41",
    title="Faster checkout",
    goal="One step instead of three.",
    benefit="checkout drop-off 31 % → 25 % by 31 Dec",
    owner_id="U0TOM",
    due=date(2026, 12, 31),
    service="web",
    created_by="U0ANA",
    created_at=NOON,
    reached_at=NOON,
    channel="#plan",
)
BARE = Change(id="C-42", title="Prices in <yen> & *won*", created_by="U0ANA", created_at=NOON, channel="#plan")
CODED = replace(PLANNED, stage=Stage.CODE, prs=("org/web#801", "org/web#809"), came_from="F-3")
LIVE = replace(CODED, stage=Stage.MANAGE)
DONE = LIVE.end(ChangeState.DONE, ANA, NOON + timedelta(days=2))
BLOCKER = Blocker(
    id="B-7",
    what="staging database is read-only",
    owner_id="U0LUIS",
    unblocker_id="U0MEI",
    change_id="C-41",
    opened_at=NOON,
    channel="#code",
)
TODAY = date(2026, 11, 24)
MANY = {"total": 17, "today": date(2027, 1, 4), "held_up": {"C-41"}}

CONTEXTS = {
    "plan/card": {"change": PLANNED, "blockers": []},
    "plan/card#bare": {"change": BARE, "blockers": []},
    "plan/card#blocked": {"change": CODED, "blockers": [BLOCKER]},
    "plan/card#live": {"change": LIVE, "blockers": []},
    "plan/card#done": {"change": DONE, "blockers": []},
    "plan/moved": {"change": CODED, "before": Stage.PLAN, "by": "U0TOM"},
    "plan/added": {"change": PLANNED},
    "plan/added#bare": {"change": BARE},
    "plan/edited": {"change": PLANNED, "same": False},
    "plan/ended": {"change": DONE, "blockers": []},
    "plan/ended#blocked": {"change": DONE, "blockers": [BLOCKER]},
    "plan/list": {"changes": [CODED, BARE], "which": "", **MANY},
    "plan/list#none": {"changes": [], "total": 0, "which": "mine", "today": TODAY, "held_up": set()},
    "plan/show": {"change": CODED, "blockers": [BLOCKER], "overdue": False},
    "plan/show#done": {"change": DONE, "blockers": [], "overdue": False},
    "plan/show#bare": {"change": BARE, "blockers": [], "overdue": False},
}
