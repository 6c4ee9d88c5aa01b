"""Looks back at how stand-ups kept their times."""

from dataclasses import replace
from datetime import date, timedelta

from bot.core.find_or_refuse import looking_back
from bot.core.ports import Work
from bot.stages.standup.model.health import DAYS, Health
from bot.stages.standup.model.prompt import SentPrompt
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Standup

APART = timedelta(days=7)  # of two rounds that were planned in another order than that of their days


async def health_of(work: Work, standup: Standup) -> Health:
    """The last 30 days of a stand-up, rounds that are open included."""
    first = (work.now - timedelta(days=DAYS)).date()
    recent = await rounds_since(work, standup, first)
    return Health.of(standup, [await _counted(work, round) for round in recent])


async def rounds_since(work: Work, standup: Standup, first: date) -> list[Round]:
    """Every round of this day or later, the newest first."""
    found: list[Round] = []
    async for round in looking_back(work, Round, standup_id=standup.id):
        if round.day < first - APART:
            break
        if round.day >= first:
            found.append(round)
    return found


async def _counted(work: Work, round: Round) -> Round:
    """An open round with what was asked so far."""
    if not round.is_open:
        return round
    asked = await work.count(SentPrompt, round_id=round.id)
    late = await work.count(SentPrompt, round_id=round.id, was_late=True)
    return replace(round, asked_in_time=asked - late, asked_late=late)
