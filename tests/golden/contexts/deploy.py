"""Examples of deployments: asked for, decided, run, interrupted, rolled back; locks; what is live where."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.approvals import Decision
from bot.domain.changes import Change
from bot.domain.deployments import Deployment, Slot, State
from bot.domain.locks import Lock
from bot.domain.people import Person
from bot.domain.ports import Finished
from bot.domain.ships import ShippedCommit, Ships, Version
from bot.domain.team import Environment

AT = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)
ANA, TOM, LUIS, MEI = (Person(f"U0{name.upper()}", name) for name in ("Ana", "Tom", "Luis", "Mei"))
OLD = Version("v1.3.9", "b" * 40, "D-9", AT - timedelta(days=2))

SHIPS = Ships(
    7,
    (
        ShippedCommit("9f3c2a1" + "0" * 33, "feat(checkout): pay in one step (#809)", "Tom Baker"),
        ShippedCommit("4c1d0e2" + "0" * 33, "fix: <!channel> round yen & won half up (#812)", "Yuki Sato"),
    ),
    ("Ana", "Tom", "Mei"),
    ("C-41", "C-52"),
    (809, 812),
    since="v1.3.9",
)
CHANGES = [
    Change(title="Faster checkout", created_by="U0ANA", created_at=AT, id="C-41"),
    Change(title="Fix rounding", created_by="U0YUKI", created_at=AT, id="C-52"),
]
WAITING = replace(
    Deployment.ask(
        "web",
        "v1.4.0",
        Environment("production", 1, approvals=2, expires_after=timedelta(hours=2)),
        TOM,
        AT,
        sha="9f3c2a1" + "0" * 33,
        because="the sale starts tomorrow",
        ships=SHIPS,
        before=OLD,
    ),
    id="D-12",
)
HALF = WAITING.decide(Decision.APPROVE, ANA, AT + timedelta(minutes=22))
QUEUED = HALF.decide(Decision.APPROVE, LUIS, AT + timedelta(minutes=25))
RUNNING = QUEUED.start(AT + timedelta(minutes=25), OLD)
ENDED = AT + timedelta(minutes=29, seconds=12)
LIVE = RUNNING.finish(1, Finished(0), ["done"], ENDED)
LINES = ["[5/8] migrate: adds orders.currency", "[6/8] switch traffic", "error: <health check> & 3 of 5 pods"]
FAILED = RUNNING.finish(1, Finished(3), LINES, ENDED)
LOST = RUNNING.lose(AT + timedelta(minutes=40))
LOCK = replace(
    Lock.place("production", MEI, AT, until=AT + timedelta(hours=3), reason="database upgrade"), id="L-3"
)
BARE = replace(
    WAITING, ships=Ships(), sha=None, because="", before=None, state=State.WAITING, id="D-1", service="payments"
)


def _card(deployment: Deployment, **more: object) -> dict[str, object]:
    given: dict[str, object] = {
        "deployment": deployment,
        "changes": CHANGES,
        "ahead": None,
        "lock": None,
        "can_retry": False,
        "back_to": None,
        "replaced_by": None,
    }
    return given | more


CONTEXTS = {
    "deploy/card": _card(HALF),
    "deploy/card#nothing-known": _card(BARE, changes=[]),
    "deploy/card#first": _card(replace(WAITING, ships=replace(SHIPS, since_is_live=False))),
    "deploy/card#queued": _card(QUEUED, ahead=replace(RUNNING, id="D-11", version="v1.3.10")),
    "deploy/card#locked": _card(QUEUED, lock=LOCK),
    "deploy/card#running": _card(RUNNING),
    "deploy/card#stopping": _card(RUNNING.cancel("U0MEI", AT)),
    "deploy/card#live": _card(LIVE, back_to=OLD),
    "deploy/card#was-live": _card(LIVE, replaced_by=Version("v1.4.1", "c" * 40, "D-14", ENDED)),
    "deploy/card#failed": _card(FAILED, back_to=OLD, can_retry=True),
    "deploy/card#unknown": _card(LOST),
    "deploy/card#settled": _card(LOST.settle(is_live=True, by="U0ANA", at=ENDED), back_to=OLD),
    "deploy/card#refused": _card(WAITING.decide(Decision.REFUSE, MEI, AT + timedelta(minutes=3))),
    "deploy/card#cancelled": _card(WAITING.cancel("U0TOM", AT + timedelta(minutes=3))),
    "deploy/card#expired": _card(WAITING.expire(AT + timedelta(hours=2))),
    "deploy/card#rollback": _card(
        replace(RUNNING, rolls_back="D-12", version="v1.3.9", ships=replace(SHIPS, goes_back=True), id="D-13")
    ),
    "deploy/progress": {"deployment": RUNNING, "lines": LINES, "printed": 40, "took": timedelta(seconds=75)},
    "deploy/progress#failed": {"deployment": FAILED, "lines": LINES, "printed": 3, "took": timedelta(seconds=252)},
    "deploy/live": {"deployment": LIVE},
    "deploy/live#rollback": {"deployment": replace(LIVE, rolls_back="D-12", version="v1.3.9")},
    "deploy/failed": {"deployment": FAILED},
    "deploy/failed#stopped": {"deployment": replace(FAILED, stop_asked_by="U0MEI", exit_code=None)},
    "deploy/refused": {"deployment": WAITING.decide(Decision.REFUSE, MEI, AT + timedelta(minutes=3))},
    "deploy/expired": {"deployment": WAITING, "late_by": timedelta(minutes=40)},
    "deploy/interrupted": {"deployment": LOST},
    "deploy/requested": {"deployment": WAITING, "channel": "#deploys"},
    "deploy/requested#at-once": {"deployment": QUEUED, "channel": "#deploys"},
    "deploy/ships": {"deployment": WAITING},
    "deploy/status": {
        "slots": [Slot.of("web", "staging"), replace(Slot.of("web", "production"), live=OLD)],
        "coming": [HALF, QUEUED],
        "locks": [LOCK],
        "service": None,
    },
    "deploy/history": {"service": "web", "deployments": [FAILED, LIVE], "total": 12},
    "deploy/history#none": {"service": "web", "deployments": [], "total": 0},
    "deploy/lock": {"lock": LOCK},
    "deploy/lock#released": {"lock": LOCK.release("U0ANA", AT + timedelta(hours=1))},
    "deploy/lock#expired": {"lock": LOCK.expire(LOCK.until)},
    "deploy/lock_taken_off": {"lock": LOCK.release("U0ANA", AT + timedelta(hours=1))},
}
