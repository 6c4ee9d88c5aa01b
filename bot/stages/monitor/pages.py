"""Calling whoever is on call for something that no monitoring has seen; whether they heard it is known."""

from bot.core.find_or_refuse import every, found
from bot.core.ledger import Entry, Fact, Subject
from bot.core.messages import Band, Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.stages.monitor import escalate
from bot.stages.monitor.model.escalation import EscalationState
from bot.stages.monitor.model.page import Page, PageState
from bot.team.oncall import rotations


async def page(work: Work, team: str, text: str, by: Person) -> Page:
    """Call whoever is on call for this rotation, directly and in its channel. Raises ``Refusal``."""
    rotation = await rotations.known(work, team)
    calling = await work.add(Page.call(rotation.id, text, by, work.now, rotations.channel_of(work, rotation)))
    _record(work, calling, "called", by.id)
    # Its first step is a job of its own, due at once, so that the call and what it promises are written together.
    await escalate.begin_page(work, calling)
    return calling


async def answer(work: Work, page_id: str, by: Person) -> Page:
    """Somebody is on it; whoever called is told. Raises ``Stale``."""
    answered = (await found(work, Page, page_id, "page", field="page")).answer(by, work.now)
    await _settle(work, answered, EscalationState.ANSWERED)
    _record(work, answered, "answered", by.id)
    if answered.by != by.id:
        heard = {"page": answered}
        work.say(Message(f"page:{answered.id}:heard", answered.by, "monitor/page_heard", heard, band=Band.NOW))
    return answered


async def take_back(work: Work, page_id: str, by: Person) -> Page:
    """Nobody need come. Raises ``Stale``."""
    over = (await found(work, Page, page_id, "page", field="page")).take_back(by, work.now)
    await _settle(work, over, EscalationState.OVER)
    _record(work, over, "taken_back", by.id)
    return over


async def unanswered(work: Work) -> list[Page]:
    """Pages that nobody has answered, the oldest first."""
    return await every(work, Page, state=(PageState.CALLING, PageState.UNHEARD), newest_first=False)


async def _settle(work: Work, page: Page, state: EscalationState) -> None:
    await work.save(page)
    await escalate.stop(work, page.id, state)
    work.say(Message(f"page:{page.id}", page.channel, "monitor/page", {"page": page}, band=Band.NOW))


def _record(work: Work, page: Page, what: str, by: str, **facts: Fact) -> None:
    work.record(Entry(f"page.{what}", (Subject("page", page.id), Subject("rotation", page.team)), by, facts))
