"""What holds people up: aired, put before whoever can change it, handed around, and closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.core.find_or_refuse import every, found
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.code import blocker_cards as news
from bot.stages.code.ask_unblocker import owe_next, standup_of
from bot.stages.code.blocker_links import Linked, closed, linked
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.code.model.unblock_times import SPAN, UnblockTime, unblock_times
from bot.stages.plan import changes


async def air(
    work: Work,
    what: str,
    owner: str,
    *,
    unblocker: str | None = None,
    change: str | None = None,
    answer: str | None = None,
    said_in: tuple[str, str] | None = None,
) -> Blocker:
    """Post a blocker, and ask whoever can unblock in their working hours; its words say what it is linked to.

    ``said_in`` is channel and ts of the message that it was made from.

    Raises ``Unknown`` for a change that is not there, ``Refusal`` for a text that is empty or too long.
    """
    named = await changes.known(work, change) if change else None
    links = await linked(work, what, named)
    standup = await standup_of(work, answer)
    blocker = Blocker.air(
        what,
        owner,
        work.now,
        unblocker_id=unblocker if unblocker != owner else None,
        change_id=links.change.id if links.change else None,
        answer_id=answer,
        team=standup.name if standup else work.team.name,
        service=links.service,
        channel=work.team.channel_for(Stage.CODE, links.service),
    )
    blocker = _linked(blocker, links)
    if said_in:
        blocker = blocker.quote(*said_in)
    blocker = await work.add(blocker)
    news.record(work, blocker, "opened", owner, unblocker=blocker.unblocker_id)
    blocker = await owe_next(work, blocker)
    await news.show(work, blocker)
    return blocker


async def reword(work: Work, blocker: Blocker, what: str, unblocker: str | None) -> Blocker:
    """Say it in other words, or ask somebody else; nothing happens where nothing is different."""
    links = await linked(work, what)
    change_id = links.change.id if links.change else blocker.change_id
    reworded = blocker.reword(what, unblocker if unblocker != blocker.owner_id else None, change_id)
    if reworded == blocker:
        return blocker
    if reworded.what != blocker.what:
        reworded = _linked(reworded, links)
    if reworded.unblocker_id != blocker.unblocker_id:
        reworded = reworded.put_off(work.now)
    reworded = await owe_next(work, reworded)
    news.record(work, reworded, "reworded", blocker.owner_id, unblocker=reworded.unblocker_id)
    await news.show(work, reworded)
    return reworded


async def ask(work: Work, id: str, who: Person, by: Person) -> Blocker:
    """Put it before somebody else. Raises ``Unknown``, ``Stale``, and ``Refusal`` where they cannot be asked."""
    blocker = (await known(work, id)).ask(who, by, work.now)
    blocker = await owe_next(work, blocker)
    news.record(work, blocker, "passed_on", by.id, unblocker=who.id)
    news.tell(work, blocker, "passed_on", who=who.id, by=by.id)
    await news.show(work, blocker)
    return blocker


async def hand_back(work: Work, id: str, by: Person) -> Blocker:
    """It is not theirs to change; its owner says whose it is. Raises ``Unknown``, ``Stale``."""
    blocker = await owe_next(work, (await known(work, id)).hand_back(by.id, work.now))
    news.record(work, blocker, "handed_back", by.id)
    news.tell(work, blocker, "handed_back", who=by.id)
    await news.show(work, blocker)
    return blocker


async def snooze(work: Work, id: str, by: Person, until: datetime) -> Blocker:
    """Not to be asked about it before then. Raises ``Unknown``, ``Stale``, and ``Refusal`` for such a time."""
    blocker = await owe_next(work, (await known(work, id)).snooze(by.id, until, work.now))
    news.record(work, blocker, "snoozed", by.id, until=until.isoformat())
    news.tell(work, blocker, "snoozed", who=by.id)
    await news.show(work, blocker)
    return blocker


async def close(work: Work, id: str, by: Person, how: str | None = None) -> Blocker:
    """Out of the way: its cards say so, and whoever was held up is told.

    Raises ``Unknown``, and ``Stale`` where it was closed before.
    """
    return await closed(work, (await known(work, id)).close(by, work.now, how), by.id)


async def reopen(work: Work, id: str, by: Person) -> Blocker:
    """It was closed by mistake. Raises ``Unknown``, and ``Stale`` where it is open or was closed long ago."""
    before = await known(work, id)
    blocker = before.reopen(work.now)
    blocker = _linked(blocker, await linked(work, blocker.what))
    blocker = await owe_next(work, blocker)
    news.record(work, blocker, "reopened", by.id)
    news.tell(work, blocker, "reopened", by=by.id)
    if before.told:
        news.show_told(work, blocker)
    await news.show(work, blocker)
    return blocker


async def known(work: Work, id: str) -> Blocker:
    """The blocker that a person named. Raises ``Unknown``."""
    return await found(work, Blocker, id, "blocker", field="blocker")


async def open_ones(work: Work, **where: Any) -> list[Blocker]:
    """Every blocker that still holds somebody up, the oldest first."""
    return await every(work, Blocker, state=BlockerState.OPEN, newest_first=False, **where)


async def of_changes(work: Work, change_ids: Sequence[str]) -> list[Blocker]:
    """Blockers that hold any of these changes up."""
    ids = tuple(change_ids)
    return await every(work, Blocker, state=BlockerState.OPEN, change_id=ids) if ids else []


async def times(work: Work) -> tuple[UnblockTime, ...]:
    """How long blockers held that were closed in the last 30 days, by team."""
    lately = [one async for one in work.changed(Blocker, work.now - SPAN) if one.state is BlockerState.CLOSED]
    return unblock_times(lately, work.now)


def _linked(blocker: Blocker, links: Linked) -> Blocker:
    return blocker.link(links.links, links.waits_for)
