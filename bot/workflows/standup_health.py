"""Looks back at how stand-ups kept their times."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.ports import Work
from bot.domain.prompts import SentPrompt
from bot.domain.standup_health import DAYS, Health
from bot.domain.standup_plans import Standup
from bot.domain.standups import Round

MOST_ROUNDS = 200  # of one stand-up in 30 days; several a day where people start some by hand


async def health_of(work: Work, standup: Standup) -> Health:
    """The last 30 days of a stand-up, rounds that are open included."""
    first = (work.now - timedelta(days=DAYS)).date()
    recent = await work.find(Round, standup_id=standup.id, limit=MOST_ROUNDS)
    return Health.of(standup, [await _counted(work, round) for round in recent if round.day >= first])


async def _counted(work: Work, round: Round) -> Round:
    """An open round with what was asked so far."""
    if not round.is_open:
        return round
    asked = await work.count(SentPrompt, round_id=round.id)
    late = await work.count(SentPrompt, round_id=round.id, was_late=True)
    return replace(round, asked_in_time=asked - late, asked_late=late)
