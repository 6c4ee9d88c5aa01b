"""What the form of a stand-up is filled with before somebody has written a word."""

from bot.core.ports import Work
from bot.stages.code.model.blocker import Blocker
from bot.stages.standup.activity import activity
from bot.stages.standup.model.answer import StandupAnswer, answer_id
from bot.stages.standup.model.questions import Asks
from bot.stages.standup.model.round import Round
from bot.stages.standup.prompts import FIRST_LOOK


async def draft(work: Work, round: Round, user_id: str) -> tuple[dict[str, str], str | None]:
    """By question: their answer if there is one, else what they last planned and what the ledger saw since.

    Second, who was asked to unblock them.
    """
    given = await work.get(StandupAnswer, answer_id(round.id, user_id))
    if given is not None and not given.skipped:
        aired = await work.find(Blocker, answer_id=given.id, limit=1)
        return {one.question: one.words for one in given.said}, aired[0].unblocker_id if aired else None
    told = next((question.id for question in round.questions if question.asks is Asks.TELLS), None)
    if told is None:
        return {}, None
    before = await work.find(StandupAnswer, user_id=user_id, skipped=False, standup_id=round.standup_id, limit=1)
    last = before[0] if before else None
    deeds = await activity(work, user_id, last.at if last else work.now - FIRST_LOOK)
    lines = [*((last.plan,) if last and last.plan else ()), *(f"• {deed.what}" for deed in deeds)]
    return ({told: "\n".join(lines)} if lines else {}), None
