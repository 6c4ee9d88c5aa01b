"""Examples of what is said of who is on call, of calls and escalations."""

from dataclasses import replace
from datetime import date, time, timedelta

from bot.core.flow import LooseEnd
from bot.core.incident_severity import IncidentSeverity
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.flow.handover_brief import Brief
from bot.stages.monitor.calling import Called
from bot.stages.monitor.model.escalation import Escalation, Policy, Step
from bot.stages.monitor.model.incident import Incident
from bot.stages.monitor.model.page import Page
from bot.team.oncall.model.rotation import Cover, Rota, Rotation
from commands.monitor.oncall import Standing
from tests.example_team import ANA, LUIS, MEI, NOON, TEAM, TOM
from tests.golden.contexts.monitor import ACKNOWLEDGED, THREE

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
ROTA = Rota(people=(ANA.id, TOM.id, MEI.id), at=time(9), zone="Europe/Berlin", starts_on=date(2026, 11, 2))
ROTATION = Rotation(id="payments", rota=replace(ROTA, services=("payments",)), from_file=True, on_call=ANA.id)
COVER = replace(Cover.arrange("payments", MEI, NOON + HOUR, NOON + 5 * HOUR, ANA.id, NOON, asks=False), id="W-3")
ASKED = replace(Cover.arrange("payments", TOM, NOON + HOUR, NOON + WEEK, ANA.id, NOON, asks=True), id="W-4")
TURNS = tuple(ROTA.turn(ROTA.turn_at(NOON).number + n) for n in (1, 2, 3))
STANDING = Standing(ROTATION, ANA.id, ROTA.turn_at(NOON).ends, TURNS, (COVER,))
PLAIN = Standing(Rotation(id="web", rota=ROTA), TOM.id, NOON + HOUR, TURNS, ())

INCIDENT = replace(
    Incident.open("Checkout fails", IncidentSeverity.CRITICAL, MEI, ANA, NOON, "#alerts", service="payments"),
    id="INC-3",
    alerts=("A-9",),
)
DEPLOYMENT = replace(Deployment.ask("web", "v1.4.0", TEAM.environments["production"], TOM, NOON), id="D-12")
SILENCE = LooseEnd("silence", "Q-3", "silence on DiskFull (disk swap)", ANA.id, NOON, NOON + 2 * HOUR)
LOCK = LooseEnd("lock", "L-2", "lock on production (sale)", LUIS.id, NOON, NOON + 4 * HOUR)
DUE = LooseEnd("blocker", "B-7", "blocked: no access to the vault", TOM.id, NOON, NOON + 3 * HOUR)
BRIEF = Brief((INCIDENT,), (THREE, ACKNOWLEDGED), (SILENCE,), (DEPLOYMENT,), (LOCK,) * 7, (DUE,))
HANDED = {"rotation": ROTATION, "before": MEI.id, "until": NOON + WEEK, "brief": BRIEF, "late_by": timedelta()}
QUIET = {**HANDED, "brief": Brief(), "late_by": timedelta(minutes=40)}

PAGE = replace(Page.call("payments", "The checkout hangs for everybody.", TOM, NOON, "#payments"), id="P-2")
CALLED = PAGE.calls(ANA.id).calls(MEI.id)
POLICY = Policy("payments", (Step(timedelta(), "payments"), Step(10 * HOUR / 60, MEI.id), Step(HOUR, "#ops")))
ESCALATION = Escalation.begin("A-9/1", "A-9", POLICY, NOON)
ONE_ON = ESCALATION.take_step(ANA.id, NOON)
TO_ANA = Called(person=ANA.id, rotation="payments")


def _step(called: Called, **also: object) -> dict[str, object]:
    return {
        "group": THREE,
        "page": CALLED,
        "called": called,
        "by": "",
        "again": False,
        "escalation": ONE_ON,
        "late_by": timedelta(),
        "last": False,
        **also,
    }


CONTEXTS = {
    "monitor/oncall": {"standings": [STANDING, PLAIN]},
    "monitor/oncall#nobody": {"standings": []},
    "monitor/cover": {"cover": COVER},
    "monitor/cover_made": {"cover": COVER},
    "monitor/cover_gone": {"cover": COVER},
    "monitor/swap": {"cover": ASKED},
    "monitor/swap#agreed": {"cover": ASKED.answer(TOM.id, NOON, agrees=True)},
    "monitor/swap#declined": {"cover": ASKED.answer(TOM.id, NOON, agrees=False)},
    "monitor/swap#taken-back": {"cover": ASKED.take_back(NOON)},
    "monitor/swap_asked": {"cover": ASKED, "who": TOM.id},
    "monitor/swap_answer": {"cover": ASKED.answer(TOM.id, NOON, agrees=True)},
    "monitor/swap_answer#no": {"cover": ASKED.answer(TOM.id, NOON, agrees=False)},
    "monitor/rotation_gone": {"rotation": ROTATION},
    "monitor/handover": HANDED,
    "monitor/handover#quiet": QUIET,
    "monitor/you_are_on": HANDED,
    "monitor/you_are_on#quiet": QUIET,
    "monitor/group_trouble": {"rotation": ROTATION, "group": "S0ONCALL", "trouble": "no_such_subteam"},
    "monitor/group_dropped": {"rotation": PLAIN.rotation, "group": "S0ONCALL"},
    "monitor/group_kept": {
        "rotation": ROTATION,
        "group": "S0ONCALL",
        "cover": COVER,
        "names": ("the role on-call",),
    },
    "monitor/page": {"page": CALLED},
    "monitor/page#answered": {"page": CALLED.answer(MEI, NOON + HOUR)},
    "monitor/page#unheard": {"page": CALLED.unheard(NOON + HOUR)},
    "monitor/page#taken-back": {"page": CALLED.take_back(TOM, NOON + HOUR)},
    "monitor/paged": _step(TO_ANA),
    "monitor/paged#again": _step(TO_ANA, again=True, late_by=timedelta(minutes=9)),
    "monitor/page_step": _step(Called(person=MEI.id)),
    "monitor/page_step#channel": _step(Called(channel="#ops"), last=True),
    "monitor/page_heard": {"page": CALLED.answer(MEI, NOON + HOUR)},
    "monitor/page_made": {"page": PAGE},
    "monitor/escalated": _step(TO_ANA),
    "monitor/escalated#by": _step(Called(person=MEI.id), by=TOM.id),
    "monitor/escalated#again": _step(TO_ANA, again=True, last=True, late_by=timedelta(minutes=9)),
    "monitor/escalated#channel": _step(Called(channel="#ops")),
    "monitor/escalated#nobody": _step(Called(rotation="gone")),
    "monitor/escalated_there": _step(Called(channel="#ops")),
    "monitor/escalation_late": {"escalation": ONE_ON, "late_by": timedelta(minutes=7)},
    "monitor/escalate_done": {"called": TO_ANA},
    "monitor/escalate_done#channel": {"called": Called(channel="#ops")},
    "monitor/escalate_done#nobody": {"called": Called(rotation="gone")},
}
