"""The cards of changes, blockers and remarks: each says the whole state of its thing, so it can be said again."""

from bot.domain.blockers import Blocker, BlockerState
from bot.domain.changes import Change
from bot.domain.feedback import Concern, Feedback, Remark
from bot.domain.messages import Message
from bot.domain.ports import Work


def change_key(change_id: str) -> str:
    """The key of a change's card; also what replies in its thread belong to."""
    return f"change:{change_id}"


async def show_change(work: Work, change: Change) -> None:
    """Post a change's card or make it true again, and with it the card of the remark that it answers."""
    blockers = await work.find(Blocker, state=BlockerState.OPEN, change_id=change.id, newest_first=False)
    context = {"change": change, "blockers": blockers}
    work.say(Message(change_key(change.id), change.channel, "plan/card", context))
    if change.came_from:
        remark = await remark_with(work, change.came_from)
        if remark is not None and remark.change_id == change.id:
            say_remark(work, remark, change)


async def show_blocker(work: Work, blocker: Blocker) -> None:
    """Post a blocker's card or make it true again, and with it the card of the change that it holds up."""
    change = await work.get(Change, blocker.change_id) if blocker.change_id else None
    context = {"blocker": blocker, "change": change}
    work.say(Message(f"blocker:{blocker.id}", blocker.channel, "code/blocker", context))
    if change is not None:
        await show_change(work, change)


def ask_unblocker(work: Work, blocker: Blocker, asked: str) -> None:
    """Tell somebody directly that they can unblock somebody else, or that they need not any more."""
    if asked != blocker.owner_id:
        context = {"blocker": blocker, "asked": asked}
        work.say(Message(f"blocker:{blocker.id}:ask:{asked}", asked, "code/asked", context))


async def show_remark(work: Work, remark: Remark) -> None:
    """Post the card of feedback or a concern, or make it true again."""
    say_remark(work, remark, await work.get(Change, remark.change_id) if remark.change_id else None)


def say_remark(work: Work, remark: Remark, change: Change | None) -> None:
    """The same, where what became of it is at hand."""
    work.say(
        Message(f"{remark.noun}:{remark.id}", remark.channel, "manage/card", {"remark": remark, "change": change})
    )


async def remark_with(work: Work, id: str) -> Remark | None:
    """Feedback or a concern, as its id says; nothing where there is none."""
    kind = id.partition("-")[0].upper()
    if kind == Feedback.PREFIX:
        return await work.get(Feedback, id)
    return await work.get(Concern, id) if kind == Concern.PREFIX else None
