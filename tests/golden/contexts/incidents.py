"""Examples of what is said of incidents, and of what may have caused an alert."""

from dataclasses import replace
from datetime import timedelta

from bot.stages.monitor.incidents import Moment
from bot.stages.monitor.model.suspect import Answer, CauseQuestion, Suspect
from tests.example_team import LUIS, MEI, NOON
from tests.golden.contexts.monitor import OVER, THREE
from tests.golden.contexts.oncall import INCIDENT

MINUTE = timedelta(minutes=1)
LIVE = Suspect("payments v2.8.1", "went live", NOON - 5 * MINUTE, LUIS.id, "production", "D-12", True, "v2.8.0")
MERGED = Suspect("org/payments#812", "was merged", NOON - 30 * MINUTE)
FLAG = Suspect(
    "flag checkout_v2", "went from 10 % to 50 %", NOON - 12 * MINUTE, MEI.id, "production", flag="checkout_v2"
)
EARLIER = Suspect("payments v2.8.0", "went live", NOON - 90 * MINUTE, MEI.id, "production", "D-11")
ENDED = INCIDENT.resolve(MEI, NOON + 42 * MINUTE, "payments v2.8.0 is live again.")
QUESTION = CauseQuestion(
    id="A-9/1", group_id="A-9", who=MEI.id, service="payments", suspects=(LIVE, EARLIER), asked_at=NOON
)
NOT_THE_FIRST = QUESTION.answer(Answer.NO, MEI.id, "D-12", NOON)
MOMENTS = [
    Moment(NOON, "A-9 fired", "alertmanager"),
    Moment(NOON + MINUTE, "INC-3 opened", MEI.id),
    Moment(NOON + 2 * MINUTE, "noted", MEI.id, "Switched payments to the second provider."),
]

CONTEXTS = {
    "monitor/incident": {"incident": INCIDENT},
    "monitor/incident#resolved": {"incident": ENDED},
    "monitor/incident_of": {"incident": INCIDENT, "group": THREE},
    "monitor/incident_opened": {"incident": INCIDENT},
    "monitor/incidents": {"incidents": [INCIDENT, replace(INCIDENT, id="INC-4", service=None)]},
    "monitor/incidents#none": {"incidents": []},
    "monitor/timeline": {"incident": INCIDENT, "moments": MOMENTS},
    "monitor/timeline#long": {"incident": INCIDENT, "moments": MOMENTS * 10},
    "monitor/suspects": {"group": THREE, "suspects": (LIVE, FLAG, MERGED, EARLIER)},
    "monitor/suspects#no-way-back": {"group": THREE, "suspects": (MERGED,)},
    "monitor/was_it_this": {"group": OVER, "question": QUESTION},
    "monitor/was_it_this#next": {"group": OVER, "question": NOT_THE_FIRST},
    "monitor/was_it_this#yes": {"group": OVER, "question": QUESTION.answer(Answer.YES, MEI.id, "D-12", NOON)},
    "monitor/was_it_this#no": {"group": OVER, "question": NOT_THE_FIRST.answer(Answer.NO, MEI.id, "D-11", NOON)},
    "monitor/was_it_this#unknown": {
        "group": OVER,
        "question": QUESTION.answer(Answer.UNKNOWN, MEI.id, "D-12", NOON),
    },
    "monitor/cause": {"group": THREE, "suspect": LIVE, "by": MEI.id},
}
