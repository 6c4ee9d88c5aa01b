"""Examples of what people are asked by a stand-up that runs by itself, and of rounds that span zones."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.stages.standup.activity import Deed
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.prompt import SentPrompt
from bot.stages.standup.model.questions import Asks, Question
from bot.stages.standup.model.round import Prompt, Round
from bot.stages.standup.model.setup import Posting, Setup, Standup
from bot.stages.standup.prompts import Asking
from bot.stages.standup.round_message import Standing
from bot.stages.standup.undelivered import Unsaid
from bot.team.people.model.presence import Absence, Why
from tests.answers import lines

NINE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # in Berlin
WINDOW = timedelta(hours=3)
SETUP = Setup("Team web", "#team-web", ("U0ANA", "U0TOM", "U0LUIS", "U0MEI"), zone="")
STANDUP = replace(Standup.make(SETUP, "U0ANA", NINE), id="U-1")
PROMPTS = tuple(
    Prompt(user, zone, NINE + after, NINE + after + WINDOW)
    for user, zone, after in (
        ("U0TOM", "Europe/Berlin", timedelta()),
        ("U0ANA", "Europe/Lisbon", timedelta(hours=1)),
        ("U0LUIS", "America/New_York", timedelta(hours=6)),
    )
)
ABSENT = (Absence("U0MEI", Why.AWAY),)
ROUND = replace(Round.planned(STANDUP, date(2026, 11, 24), PROMPTS, ABSENT, NINE), id="S-9")
SHUT = ROUND.miss("U0LUIS").close(ROUND.closes_at)
QUIET = replace(ROUND, posting=Posting.AT_THE_END)
DIGEST_ONLY = replace(ROUND, posting=Posting.DIGEST_ONLY)
OWN = replace(
    ROUND,
    questions=(Question("q4", "What did you ship?"), Question("q5", "What is <unclear> & why?", Asks.BLOCKS)),
)

SENT = SentPrompt.send(ROUND, "U0TOM", NINE)
LATE_SENT = SentPrompt.send(ROUND, "U0TOM", NINE + timedelta(minutes=95))
SNOOZED = SENT.snooze(1, NINE + timedelta(minutes=2))
AGAIN = SNOOZED.ask_again(NINE + timedelta(minutes=32))
DEEDS = (
    Deed("merged org/web#809 Currency column", "https://example.com/pull/809"),
    Deed("opened org/web#812 <b>Rollout</b>"),
    Deed("asked to deploy web v1.3.9 to production"),
    Deed("web v1.3.9 live in production with your C-38"),
    Deed("unblocked B-4 staging is read-only"),
    Deed("pipelines: 4 passed, 1 failed"),
)
ANSWER = StandupAnswer.give(ROUND, "U0TOM", NINE + timedelta(minutes=5), lines("C-38 is live", "the rollout", ""))
LATE = StandupAnswer.give(ROUND, "U0TOM", NINE + timedelta(hours=4), lines("", "catching up", ""))
OWN_ANSWER = StandupAnswer.give(OWN, "U0TOM", NINE, {"q4": "C-38", "q5": "who owns <payments>"})
SKIPPED = StandupAnswer.skip(ROUND, "U0TOM", NINE)

ASKED = Asking(ROUND, SENT, "Good morning", deeds=DEEDS)
BEGUN = Standing(ROUND, (ANSWER,), (), (), NINE + timedelta(minutes=6))
OVER = Standing(SHUT, (ANSWER,), ("U0ANA",), (), ROUND.closes_at)
PASSED = Standing(
    replace(SHUT, missed=("U0TOM", "U0ANA", "U0LUIS"), missed_before=(date(2026, 11, 20), date(2026, 11, 23))),
    (),
    (),
    (),
    ROUND.closes_at,
)

CONTEXTS = {
    "standup/prompt": {"asking": ASKED},
    "standup/prompt#late": {"asking": replace(ASKED, sent=LATE_SENT, deeds=DEEDS[:1])},
    "standup/prompt#snoozed": {"asking": replace(ASKED, sent=SNOOZED, is_snoozed=True)},
    "standup/prompt#again": {"asking": replace(ASKED, sent=AGAIN, deeds=())},
    "standup/prompt#in": {"asking": replace(ASKED, answer=ANSWER)},
    "standup/prompt#in-late": {"asking": replace(ASKED, answer=LATE)},
    "standup/prompt#skipped": {"asking": replace(ASKED, answer=SKIPPED)},
    "standup/prompt#closed": {"asking": replace(ASKED, round=SHUT)},
    "standup/reminder": {"asking": ASKED},
    "standup/reminder#in": {"asking": replace(ASKED, answer=ANSWER)},
    "standup/reminder#skipped": {"asking": replace(ASKED, answer=SKIPPED)},
    "standup/reminder#closed": {"asking": replace(ASKED, round=SHUT)},
    "standup/round#zones": {"round": ROUND, "standing": BEGUN},
    "standup/round#at-the-end": {"round": QUIET, "standing": replace(BEGUN, round=QUIET)},
    "standup/round#digest-only": {"round": DIGEST_ONLY, "standing": replace(BEGUN, round=DIGEST_ONLY)},
    "standup/round#missed": {"round": SHUT, "standing": OVER},
    "standup/digest#missed": {"round": SHUT, "standing": OVER},
    "standup/digest#nobody-asked": {"round": PASSED.round, "standing": PASSED},
    "standup/answer#own-questions": {"round": OWN, "answer": OWN_ANSWER, "blocker": None},
    "standup/heard": {"round": ROUND, "answer": ANSWER, "sure": True, "others": []},
    "standup/heard#unsure": {"round": ROUND, "answer": ANSWER, "sure": False, "others": [OWN]},
    "standup/snoozed": {"round": ROUND, "sent": SNOOZED},
    "standup/unsaid": {
        "unsaid": Unsaid(
            ROUND,
            "#team-web",
            "the bot is not in this channel: invite it (not_in_channel)",
            "Create it, or invite me there by typing “/invite @eightbells” in it, or choose another channel with "
            "“/standup edit U-1”.",
            is_channel=True,
        )
    },
    "standup/unsaid#person": {
        "unsaid": Unsaid(ROUND, "U0LUIS", "the person was deactivated (user_disabled)", "", is_channel=False)
    },
    "standup/reposted": {"round": ROUND},
    "standup/thanks#digest-only": {"round": DIGEST_ONLY, "answer": ANSWER},
}
