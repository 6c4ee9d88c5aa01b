"""Examples of what is said about stand-ups."""

from dataclasses import replace
from datetime import date, timedelta

from bot.core.people import Person
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round
from bot.stages.standup.round_message import Standing
from tests.answers import lines
from tests.golden.contexts.code import CLOSED
from tests.golden.contexts.plan import BLOCKER, NOON

ANA = Person("U0ANA", "Ana")
PEOPLE = ("U0ANA", "U0TOM", "U0LUIS", "U0MEI")
OPEN = replace(Round.open("#standup", PEOPLE, ANA, NOON), id="S-12", day=date(2026, 11, 24))
SHUT = OPEN.close(NOON + timedelta(hours=1), ANA)
LATE_SHUT = OPEN.close(NOON + timedelta(hours=5, minutes=10))
ANSWER = StandupAnswer.give(
    OPEN,
    "U0LUIS",
    NOON + timedelta(minutes=5),
    lines("C-41: currency column\nreviewed #811", "C-41 rollout", "staging database is read-only"),
)
EDITED = ANSWER.edit(OPEN, NOON + timedelta(minutes=9), lines("", "C-41 rollout", ""))
LATE = StandupAnswer.give(SHUT, "U0TOM", NOON + timedelta(hours=3), lines("", "<!channel> & friends", ""))
SKIPPED = StandupAnswer.skip(OPEN, "U0MEI", NOON)

STARTED = Standing(OPEN, (), (), ())
HALF = Standing(OPEN, (ANSWER,), ("U0MEI",), (BLOCKER, CLOSED))
OVER = Standing(SHUT, (ANSWER, LATE), ("U0MEI",), (BLOCKER, CLOSED))
OVER_LATE = Standing(LATE_SHUT, (EDITED,), (), ())

CONTEXTS = {
    "standup/round": {"round": OPEN, "standing": STARTED},
    "standup/round#half": {"round": OPEN, "standing": HALF},
    "standup/round#closed": {"round": SHUT, "standing": OVER},
    "standup/round#closed-late": {"round": LATE_SHUT, "standing": OVER_LATE},
    "standup/answer": {"round": OPEN, "answer": ANSWER, "blocker": BLOCKER},
    "standup/answer#edited": {"round": OPEN, "answer": EDITED, "blocker": None},
    "standup/answer#late": {"round": SHUT, "answer": LATE, "blocker": None},
    "standup/digest": {"round": SHUT, "standing": OVER},
    "standup/digest#late": {"round": LATE_SHUT, "standing": OVER_LATE},
    "standup/started": {"round": OPEN},
    "standup/intro": {"round": OPEN, "user_id": "U0ANA"},
    "standup/intro#closed": {"round": SHUT, "user_id": "U0ANA"},
    "standup/thanks": {"round": OPEN, "answer": ANSWER},
    "standup/thanks#late": {"round": SHUT, "answer": LATE},
    "standup/skipped": {"round": OPEN},
    "standup/closed": {"round": SHUT},
}
