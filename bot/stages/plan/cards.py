"""The cards of changes and of what they come from: each says its whole state, so that it can be said again."""

from bot.core.messages import Message
from bot.core.ports import Work
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.code.model.idea import Idea
from bot.stages.manage.model.feedback import Concern, Feedback, Remark
from bot.stages.plan.model.change import Change


def change_key(change_id: str) -> str:
    """The key of a change's card; also what replies in its thread belong to."""
    return f"change:{change_id}"


async def show_change(work: Work, change: Change, *, is_new: bool = False) -> None:
    """Post a change's card or make it true again, and with it the card of what it came from."""
    blockers = [] if is_new else await _held_up_by(work, change)
    context = {"change": change, "blockers": blockers}
    work.say(Message(change_key(change.id), change.channel, "plan/card", context))
    if change.came_from:
        remark = await remark_with(work, change.came_from)
        if remark is not None and remark.change_id == change.id:
            say_remark(work, remark, change)
        idea = await work.get(Idea, change.came_from) if change.came_from.startswith("I-") else None
        if idea is not None and idea.change_id == change.id:
            say_idea(work, idea, change)


async def _held_up_by(work: Work, change: Change) -> list[Blocker]:
    return await work.find(Blocker, state=BlockerState.OPEN, change_id=change.id, newest_first=False)


async def show_remark(work: Work, remark: Remark) -> None:
    """Post the card of feedback or a concern, or make it true again."""
    say_remark(work, remark, await work.get(Change, remark.change_id) if remark.change_id else None)


def say_remark(work: Work, remark: Remark, change: Change | None) -> None:
    """The same, where what became of it is at hand."""
    work.say(
        Message(f"{remark.noun}:{remark.id}", remark.channel, "manage/card", {"remark": remark, "change": change})
    )


def idea_key(idea_id: str) -> str:
    """The key of an idea's card; also what replies in its thread belong to."""
    return f"idea:{idea_id}"


async def show_idea(work: Work, idea: Idea) -> None:
    """Post an idea's card, or make it true again."""
    say_idea(work, idea, await work.get(Change, idea.change_id) if idea.change_id else None)


def say_idea(work: Work, idea: Idea, change: Change | None) -> None:
    """The same, where what became of it is at hand."""
    work.say(Message(idea_key(idea.id), idea.channel, "code/idea", {"idea": idea, "change": change}))


async def remark_with(work: Work, id: str) -> Remark | None:
    """Feedback or a concern, as its id says; nothing where there is none."""
    kind = id.partition("-")[0].upper()
    if kind == Feedback.PREFIX:
        return await work.get(Feedback, id)
    return await work.get(Concern, id) if kind == Concern.PREFIX else None
