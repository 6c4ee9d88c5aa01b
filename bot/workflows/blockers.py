"""What holds people up: aired, put before whoever can change it, and closed."""

from typing import Any

from bot.domain.blockers import Blocker, BlockerState
from bot.domain.ledger import Entry
from bot.domain.messages import Message
from bot.domain.people import Person
from bot.domain.ports import Work
from bot.domain.stages import Stage
from bot.workflows import cards, changes, rounds
from bot.workflows.finding import found


async def air(
    work: Work,
    what: str,
    owner: str,
    *,
    unblocker: str | None = None,
    change: str | None = None,
    answer: str | None = None,
) -> Blocker:
    """Post a blocker, and ask whoever can unblock; a change may also be named in its words.

    Raises ``Unknown`` for a change that is not there, ``Refusal`` for a text that is empty or too long.
    """
    holds = await changes.known(work, change) if change else next(iter(await changes.named_in(work, what)), None)
    blocker = await work.add(
        Blocker.air(
            what,
            owner,
            work.now,
            unblocker_id=unblocker,
            change_id=holds.id if holds else None,
            answer_id=answer,
            channel=work.team.channel_for(Stage.CODE, holds.service if holds else None),
        )
    )
    work.record(Entry("blocker.opened", blocker.subjects, owner, {"unblocker": unblocker}))
    await cards.show_blocker(work, blocker)
    if unblocker:
        cards.ask_unblocker(work, blocker, unblocker)
    return blocker


async def reword(work: Work, blocker: Blocker, what: str, unblocker: str | None) -> Blocker:
    """Say it in other words, or ask somebody else; nothing happens where nothing is different."""
    holds = next(iter(await changes.named_in(work, what)), None)
    reworded = blocker.reword(what, unblocker, holds.id if holds else blocker.change_id)
    if reworded == blocker:
        return blocker
    await work.save(reworded)
    work.record(Entry("blocker.reworded", reworded.subjects, blocker.owner_id, {"unblocker": unblocker}))
    await cards.show_blocker(work, reworded)
    await rounds.refresh(work, reworded.answer_id)
    for asked in sorted({blocker.unblocker_id, unblocker} - {None, ""}, key=str):
        cards.ask_unblocker(work, reworded, str(asked))
    return reworded


async def close(work: Work, id: str, by: Person, how: str | None = None) -> Blocker:
    """Out of the way: its cards say so, and whoever was held up is told.

    Raises ``Unknown``, and ``Stale`` where it was closed before.
    """
    blocker = (await found(work, Blocker, id, "blocker", field="blocker")).close(by, work.now, how)
    await work.save(blocker)
    seconds = round(blocker.age(work.now).total_seconds())
    work.record(Entry("blocker.closed", blocker.subjects, by.id, {"open_for_seconds": seconds}))
    await cards.show_blocker(work, blocker)
    await rounds.refresh(work, blocker.answer_id)
    if blocker.unblocker_id:
        cards.ask_unblocker(work, blocker, blocker.unblocker_id)
    if by.id != blocker.owner_id:
        told = Message(f"blocker:{blocker.id}:told", blocker.owner_id, "code/told", {"blocker": blocker})
        work.say(told)
    return blocker


async def open_ones(work: Work, **where: Any) -> list[Blocker]:
    """Every blocker that still holds somebody up, the oldest first."""
    return await work.find(Blocker, state=BlockerState.OPEN, newest_first=False, **where)
