"""Examples of what is said when people look back at stand-ups."""

from dataclasses import replace
from datetime import date, timedelta

from bot.domain.alerts import AlertGroup
from bot.domain.events import AlertFired
from bot.domain.reader_digests import News
from bot.domain.standup_health import Health
from tests.golden.contexts.code import CLOSED
from tests.golden.contexts.deploy import LIVE
from tests.golden.contexts.plan import BLOCKER
from tests.golden.contexts.standup_prompts import ANSWER, LATE, NINE, OWN_ANSWER, ROUND, STANDUP

GOOD = replace(ROUND.close(ROUND.closes_at), asked_in_time=3)
BAD = replace(ROUND.miss("U0TOM").close(ROUND.closes_at + timedelta(hours=1)), day=date(2026, 11, 23), asked_late=2)
API = replace(STANDUP, id="U-2", setup=replace(STANDUP.setup, name="API <guild>"))
FIRED = AlertFired("alertmanager", "f", "g", {"alertname": "HighErrorRate"}, {}, NINE, NINE)
ALERT = replace(AlertGroup("alertmanager", "g", NINE, service="payments").fire(FIRED), id="A-9")
NEWS = News(
    STANDUP, NINE - timedelta(days=1), NINE, [ANSWER, OWN_ANSWER, LATE], [BLOCKER], [CLOSED], [LIVE], [ALERT]
)
NOTHING = News(STANDUP, NINE - timedelta(days=1), NINE, [], [], [], [], [])

CONTEXTS = {
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
