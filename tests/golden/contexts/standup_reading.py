"""Examples of what is said when people look back at stand-ups."""

from dataclasses import replace
from datetime import date, timedelta

from bot.domain.standup_health import Health
from tests.golden.contexts.standup_prompts import ROUND, STANDUP

GOOD = replace(ROUND.close(ROUND.closes_at), asked_in_time=3)
BAD = replace(ROUND.miss("U0TOM").close(ROUND.closes_at + timedelta(hours=1)), day=date(2026, 11, 23), asked_late=2)
API = replace(STANDUP, id="U-2", setup=replace(STANDUP.setup, name="API <guild>"))

CONTEXTS = {
    "standup/health": {"found": [Health.of(STANDUP, [GOOD, BAD]), Health.of(API, [GOOD])], "is_one": False},
    "standup/health#one": {"found": [Health.of(API, [GOOD])], "is_one": True},
    "standup/health#new": {"found": [Health.of(API, [])], "is_one": True},
    "standup/health#none": {"found": [], "is_one": False},
}
