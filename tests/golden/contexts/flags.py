"""Examples of flags: made, listed, changed with approval, for a while, for a segment; rolled out, paused, reverted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.approvals import Decision
from bot.core.people import Person
from bot.core.team import Environment
from bot.stages.deploy.model.obstacles import Kind, Obstacle
from bot.stages.flags.model.flag import OFF, Flag, Place, Serving
from bot.stages.flags.model.flag import Kind as FlagKind
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.flags.model.rollout import Rollout
from bot.stages.flags.model.segment import read_segment
from bot.stages.plan.model.change import Change

AT = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA, TOM = (Person(f"U0{name.upper()}", name) for name in ("Ana", "Tom"))
PRODUCTION = Environment("production", 1, approvals=1)
STAGING = Environment("staging", 0)
CHANGE = Change(title="Faster <!channel> checkout", created_by="U0ANA", created_at=AT, id="C-41")
FLAG = Flag.make(
    "checkout_v2", TOM, AT, about="The checkout in one step", service="web", change="C-41", release="R-4"
)
BUTTON = Flag.make(
    "buy_button", TOM, AT, kind=FlagKind.STRING, on="Buy `now` & <!here>", off="Buy", about=None, service=None
)
BETA = replace(read_segment("country in DE, AT and email ends with @example.com", {}), name="beta")
TEN = Serving(1_000)

WAITING = replace(
    FlagChange.ask(
        "checkout_v2", PRODUCTION, TEN, None, TOM, AT, service="web", because="Priya & Mei want to see it"
    ),
    id="G-7",
)
IN_FORCE = WAITING.decide(Decision.APPROVE, ANA, AT + timedelta(minutes=5)).come(AT + timedelta(minutes=5))
SHORT = replace(
    FlagChange.ask("buy_button", STAGING, Serving(10_000, BETA), Place(OFF, AT), TOM, AT, lasts=2 * HOUR).come(AT),
    id="G-8",
)
OVER = SHORT.take_back("", "", AT + 2 * HOUR)

PLAN = replace(Rollout.ask(FLAG, PRODUCTION, TOM, AT), id="P-2")
STARTED = PLAN.decide(Decision.APPROVE, ANA, AT + timedelta(minutes=5)).step(AT + timedelta(minutes=5))
TENTH = STARTED.step(AT + HOUR, timedelta(minutes=25))
ALERTED = TENTH.pause("", "HighErrorRate <!channel>", AT + HOUR * 1.5)
DONE = TENTH.step(AT + HOUR * 2).step(AT + HOUR * 3)


FROZEN = Obstacle(
    Kind.FREEZE,
    "environments.production.freezes (weekend)",
    "production is frozen (weekend)",
    AT + 40 * HOUR,
    stops_votes=True,
    key="weekend",
)
BROKEN = Obstacle(
    Kind.INCIDENT, "environments.production.incidents", "INC-7 Slow <checkout> is open (major)", is_warning=True
)
LEFT = "Luis <!here> approved it and left since, so that counts no more. The card shows what it needs now; click again."
HELD = STARTED.hold("production is frozen (weekend)", AT + 40 * HOUR, AT + HOUR)


def _change(change: FlagChange, flag: Flag, *around: Obstacle, is_last: bool = False) -> dict[str, object]:
    carried = CHANGE if flag.change else None
    return {"change": change, "flag": flag, "carries": carried, "is_last": is_last, "around": around}


def _plan(rollout: Rollout, *around: Obstacle) -> dict[str, object]:
    return {"rollout": rollout, "flag": FLAG, "plan": rollout.told, "carries": CHANGE, "around": around}


CONTEXTS = {
    "release/flag_added": {"flag": FLAG},
    "release/flag_added#string": {"flag": BUTTON},
    "release/flag_retired": {"flag": FLAG},
    "release/flag_asked": {"change": WAITING, "channel": "#releases"},
    "release/flag_asked#at-once": {"change": SHORT, "channel": "#releases"},
    "release/flag_change": _change(WAITING, FLAG),
    "release/flag_change#frozen": _change(WAITING, FLAG, FROZEN, BROKEN),
    "release/flag_change#override": _change(replace(WAITING, overrides="weekend"), FLAG, BROKEN),
    "release/flag_change#in-force": _change(IN_FORCE, FLAG, is_last=True),
    "release/flag_change#replaced": _change(IN_FORCE, FLAG),
    "release/flag_change#for-a-while": _change(SHORT, BUTTON, is_last=True),
    "release/flag_change#over": _change(OVER, BUTTON),
    "release/flag_change#refused": _change(WAITING.decide(Decision.REFUSE, ANA, AT + HOUR), FLAG),
    "release/flag_change#overtaken": _change(WAITING.overtake(AT + HOUR), FLAG),
    "release/flag_ended": {"change": OVER, "late_by": timedelta()},
    "release/flag_ended#late": {"change": OVER, "late_by": timedelta(minutes=40)},
    "release/flag_not_done": {"asked": WAITING, "why": LEFT},
    "release/flag_not_done#rollout": {"asked": PLAN, "why": LEFT},
    "release/flags": {
        "rows": [
            (FLAG, [("staging", Serving(10_000), None), ("production", TEN, Place(TEN, AT, "P-2"))]),
            (
                BUTTON,
                [
                    ("staging", SHORT.wanted, SHORT.place()),
                    ("production", OFF, None),
                ],
            ),
        ],
        "service": None,
    },
    "release/flags#none": {"rows": [], "service": "web"},
    "release/rollout": _plan(PLAN),
    "release/rollout#running": _plan(STARTED),
    "release/rollout#frozen": _plan(STARTED, FROZEN, BROKEN),
    "release/rollout#held": _plan(HELD, FROZEN),
    "release/rollout#late": _plan(TENTH),
    "release/rollout#alert": _plan(ALERTED),
    "release/rollout#paused": _plan(TENTH.pause("U0TOM", "Tom", AT + HOUR * 1.5)),
    "release/rollout#done": _plan(DONE),
    "release/rollout#reverted": _plan(ALERTED.revert(ANA, AT + HOUR * 2)),
    "release/rollout#ended": _plan(TENTH.end(ANA, AT + HOUR * 2)),
    "release/rollout_ended": {"rollout": PLAN.end(ANA, AT + HOUR), "channel": "#releases"},
    "release/rollout_asked": {"rollout": PLAN, "channel": "#releases"},
    "release/rollout_asked#begun": {"rollout": STARTED, "channel": "#releases"},
    "release/rollout_paused": {"rollout": ALERTED},
}
