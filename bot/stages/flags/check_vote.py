"""Whether a yes to a flag's change or roll-out counts: those who said theirs before must still be here."""

from collections.abc import Collection

from bot.core.ports import Work
from bot.stages.flags import cards as news
from bot.stages.flags.model.flag_change import ChangeState, FlagChange
from bot.stages.flags.model.rollout import Rollout, RolloutState
from bot.stages.flags.places import known


async def fallen_away(work: Work, asked: FlagChange | Rollout, here: Collection[str]) -> str:
    """Take away the yes of whoever has left; says so, or "" where all are here, or nobody can be asked who is.

    ``here`` are the ids of everybody in the workspace, as the directory has them.
    """
    is_waiting = asked.state in (ChangeState.WAITING, RolloutState.WAITING)
    gone = asked.approval.by_those_gone(here)
    if not gone or not is_waiting or asked.approval.has_lapsed(work.now):
        return ""
    now = asked.without({vote.by for vote in gone}, work.now)
    await work.save(now)
    flag = await known(work, now.flag)
    names = ", ".join(vote.name for vote in gone)
    of = " ".join(vote.by for vote in gone)
    news.record(work, flag, "votes_fell_away", now.environment, asked=now.id, votes=len(gone), of=of)
    if isinstance(now, FlagChange):
        await news.show_change(work, now, flag)
    else:
        await news.show_rollout(work, now, flag)
    return f"{names} approved it and left since, so that counts no more. The card shows what it needs now; click again."
