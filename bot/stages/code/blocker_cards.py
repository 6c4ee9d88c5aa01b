"""What is said of a blocker: its card and story, questions to whoever can change it, and word to its owner."""

from typing import Any

from bot.core.ledger import Entry, Fact
from bot.core.messages import Message
from bot.core.ports import Work
from bot.stages.code.model.blocker import Blocker
from bot.stages.plan import cards
from bot.stages.plan.model.change import Change
from bot.stages.standup import round_message


def card_key(blocker_id: str) -> str:
    """The key of a blocker's card; also what replies in its thread belong to."""
    return f"blocker:{blocker_id}"


async def show(work: Work, blocker: Blocker) -> None:
    """Make everything true that was said of a blocker, and what it belongs to: a change, a stand-up."""
    change = await work.get(Change, blocker.change_id) if blocker.change_id else None
    context = {"blocker": blocker, "change": change}
    work.say(Message(card_key(blocker.id), blocker.channel, "code/blocker", context))
    if change is not None:
        await cards.show_change(work, change)
    if blocker.asks:
        show_ask(work, blocker)
    if blocker.night_told:
        show_wait(work, blocker)
    if blocker.raised_to:
        show_raised(work, blocker)
    await round_message.refresh(work, blocker.answer_id)


def show_ask(work: Work, blocker: Blocker, *, asked_again: bool = False) -> None:
    """The newest direct question, as things stand; ``asked_again``: a newer one is about to follow it."""
    context = {"blocker": blocker, "asked": blocker.asked_id, "asked_again": asked_again}
    key = f"{card_key(blocker.id)}:ask:{blocker.asks}"
    work.say(Message(key, blocker.asked_id, "code/asked", context))


def show_wait(work: Work, blocker: Blocker) -> None:
    """Word to the owner that it is night where the unblocker is, and when they are asked."""
    context = {"blocker": blocker, "waits_for": blocker.night_told}
    key = f"{card_key(blocker.id)}:waits:{blocker.night_told}"
    work.say(Message(key, blocker.owner_id, "code/waits", context))


def show_raised(work: Work, blocker: Blocker) -> None:
    """Word to the lead."""
    key = f"{card_key(blocker.id)}:raised"
    work.say(Message(key, blocker.raised_to, "code/raised", {"blocker": blocker}))


def show_told(work: Work, blocker: Blocker) -> None:
    """Word to the owner that they can go on, or that this was a mistake; one message for each closing."""
    key = f"{card_key(blocker.id)}:told:{blocker.closings}"
    work.say(Message(key, blocker.owner_id, "code/told", {"blocker": blocker}))


def tell(work: Work, blocker: Blocker, what: str, **context: Any) -> None:
    """One line in the thread of its card; said again while nothing has changed, it is the same line."""
    key = card_key(blocker.id)
    told = {"blocker": blocker, "what": what, **context}
    reply = f"{key}:{what}:{blocker.step}.{blocker.closings}.{len(blocker.waits_for)}"
    work.say(Message(reply, blocker.channel, "code/story", told, thread_of=key))


def record(work: Work, blocker: Blocker, what: str, by: str = "", **facts: Fact) -> None:
    """One line in the ledger."""
    work.record(Entry(f"blocker.{what}", blocker.subjects, by, facts))
