"""Examples of what is said when people look back at stand-ups."""

from dataclasses import replace
from datetime import date, time, timedelta

from bot.core.events import AlertFired
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.standup.model.health import Health
from bot.stages.standup.model.history import Count, Participation, Told
from bot.stages.standup.model.reader_digest import News, ReaderDigest
from bot.stages.standup.privacy import Held
from bot.team.people.model.presence import Presence
from tests.golden.contexts.code import CLOSED
from tests.golden.contexts.deploy import LIVE
from tests.golden.contexts.plan import BLOCKER
from tests.golden.contexts.standup_prompts import ANSWER, LATE, NINE, OWN, OWN_ANSWER, ROUND, SENT, STANDUP

GOOD = replace(ROUND.close(ROUND.closes_at), asked_in_time=3)
BAD = replace(ROUND.miss("U0TOM").close(ROUND.closes_at + timedelta(hours=1)), day=date(2026, 11, 23), asked_late=2)
API = replace(STANDUP, id="U-2", setup=replace(STANDUP.setup, name="API <guild>"))
FIRED = AlertFired("alertmanager", "f", "g", {"alertname": "HighErrorRate"}, {}, NINE, NINE)
ALERT = replace(AlertGroup("alertmanager", "g", NINE, service="payments").fire(FIRED), id="A-9")
NEWS = News(
    STANDUP, NINE - timedelta(days=1), NINE, [ANSWER, OWN_ANSWER, LATE], [BLOCKER], [CLOSED], [LIVE], [ALERT]
)
NOTHING = News(STANDUP, NINE - timedelta(days=1), NINE, [], [], [], [], [])

COUNTS = [Count(ROUND, 1, 0), Count(replace(BAD, people=("U1", "U2", "U3", "U4")), 3, 1), Count(GOOD, 2, 1)]
SHARES = Participation.of(STANDUP, COUNTS)
TOLD = [Told(ROUND, ANSWER), Told(OWN, OWN_ANSWER), Told(ROUND, LATE), Told(ROUND, ANSWER.erase())]
HELD = Held(
    tuple(TOLD),
    (SENT,),
    (ReaderDigest.ask_for(STANDUP, "U0TOM", time(8), NINE),),
    Presence(id="U0TOM"),
    (),
    (BLOCKER,),
)
NOT_HELD = Held((), (), (), None, (), ())

CONTEXTS = {
    "standup/answers": {"told": TOLD, "person": "U0TOM", "day": None, "standup": None},
    "standup/answers#day": {"told": TOLD[:1], "person": "", "day": date(2026, 11, 24), "standup": STANDUP},
    "standup/answers#none": {"told": [], "person": "U0TOM", "day": None, "standup": None},
    "standup/answer#erased": {"round": ROUND, "answer": ANSWER.erase(), "blocker": None},
    "standup/history": {"standup": STANDUP, "counts": COUNTS, "participation": SHARES},
    "standup/history#none": {"standup": API, "counts": [], "participation": Participation.of(API, [])},
    "standup/exporting": {"standup": STANDUP, "what": "A chart"},
    "standup/exported": {"standup": API, "answers": 12, "rounds": 4},
    "standup/charted": {"participation": SHARES},
    "standup/my_data": {"held": HELD},
    "standup/my_data#nothing": {"held": NOT_HELD},
    "standup/my_data_file": {"held": HELD},
    "standup/forget_me": {"held": HELD},
    "standup/forget_me#nothing": {"held": NOT_HELD},
    "standup/forgetting": {},
    "standup/forgotten": {"held": HELD},
    "standup/reader_digest": {"news": NEWS, "late_by": None},
    "standup/reader_digest#late": {"news": replace(NEWS, blockers=[], ships=[]), "late_by": timedelta(hours=2)},
    "standup/reader_digest#nothing": {"news": NOTHING, "late_by": None},
    "standup/digest_on": {"standup": API, "first": NINE},
    "standup/digest_on#never": {"standup": STANDUP, "first": None},
    "standup/digest_off": {"standup": STANDUP},
    "standup/health": {"found": [Health.of(STANDUP, [GOOD, BAD]), Health.of(API, [GOOD])], "is_one": False},
    "standup/health#one": {"found": [Health.of(API, [GOOD])], "is_one": True},
    "standup/health#new": {"found": [Health.of(API, [])], "is_one": True},
    "standup/health#none": {"found": [], "is_one": False},
}
