"""Examples of what is said of silences, and of what people do about alerts."""

from dataclasses import replace
from datetime import timedelta

from bot.stages.monitor.model.incident import Noted
from bot.stages.monitor.model.silence import Kept
from bot.stages.monitor.silences import Reach
from bot.stages.plan.model.change import Change
from tests.example_team import ANA, MEI, NOON
from tests.golden.contexts.monitor import ACKNOWLEDGED, BARE, MANY, OVER, SILENCE, SILENCED, THREE

HOUR = timedelta(hours=1)
THERE = replace(SILENCE, kept=Kept.THERE, remote_id="0b5e")
UNREACHABLE = replace(SILENCE, kept=Kept.UNREACHABLE, trouble="it does not answer")
REJECTED = replace(SILENCE, kept=Kept.REJECTED, trouble="401: it does not know our token", because="")
GIVEN = THREE.assign(MEI, ANA, NOON, NOON + HOUR)
NOTE = Noted(id="A-9/1", about="A-9", by="U0MEI", by_name="Mei", at=NOON, text="The replica is behind by 4 min.")
CHANGE = replace(Change.plan("Faster checkout", ANA, NOON), id="C-41")
REACH = Reach((replace(MANY, id="A-11"), BARE), (replace(OVER, id="A-4"),))

CONTEXTS = {
    "monitor/silence": {"group": SILENCED, "silence": SILENCE, "also": ()},
    "monitor/silence#there": {"group": SILENCED, "silence": THERE, "also": (BARE,)},
    "monitor/silence#unreachable": {"group": SILENCED, "silence": UNREACHABLE, "also": ()},
    "monitor/silence#rejected": {"group": SILENCED, "silence": REJECTED, "also": ()},
    "monitor/silence#lifted": {"group": THREE, "silence": SILENCE.lift("U0MEI", NOON + HOUR), "also": ()},
    "monitor/silence#over": {"group": THREE, "silence": SILENCE.expire(SILENCE.until), "also": ()},
    "monitor/silence_ends": {"silence": SILENCE},
    "monitor/silence_ends#known": {"silence": SILENCE.let_end(NOON)},
    "monitor/silence_ended": {"group": THREE, "silence": SILENCE, "by": "U0ANA", "late_by": timedelta()},
    "monitor/silence_ended#late": {"group": THREE, "silence": SILENCE, "by": "", "late_by": timedelta(minutes=7)},
    "monitor/silence_set": {"group": SILENCED, "silence": SILENCE},
    "monitor/silence_lifted": {"group": THREE, "silence": SILENCE},
    "monitor/silence_extended": {"silence": SILENCE.extend(NOON + 5 * HOUR, NOON)},
    "monitor/silence_reach": {"group": THREE, "also": REACH},
    "monitor/silence_reach#nothing": {"group": THREE, "also": Reach()},
    "monitor/assigned": {"group": GIVEN},
    "monitor/still_on_it": {"group": ACKNOWLEDGED, "by": "U0MEI", "late_by": timedelta()},
    "monitor/still_on_it#late": {"group": ACKNOWLEDGED, "by": "U0MEI", "late_by": timedelta(minutes=5)},
    "monitor/let_go": {"group": THREE, "was": "U0MEI", "by": ""},
    "monitor/let_go#by": {"group": THREE, "was": "U0MEI", "by": "U0ANA"},
    "monitor/note": {"group": THREE, "note": NOTE},
    "monitor/linked": {"group": THREE, "change": CHANGE, "by": "U0ANA"},
    "monitor/link_made": {"group": THREE, "change": CHANGE},
    "monitor/resolved_by_hand": {"group": OVER, "by": "U0MEI", "note": ""},
    "monitor/resolved_by_hand#note": {"group": OVER, "by": "U0MEI", "note": "The disk was replaced."},
}
