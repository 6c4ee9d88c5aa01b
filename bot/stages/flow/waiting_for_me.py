"""What somebody is called for, directly: pages, swaps they are asked for, alerts whose cause only they may know."""

from datetime import datetime
from typing import NamedTuple

from bot.core.find_or_refuse import every
from bot.core.people import Person
from bot.core.ports import Work
from bot.stages.monitor import pages
from bot.stages.monitor.model.suspect import CauseQuestion
from bot.team.oncall.model.rotation import Cover, CoverState


class Wanted(NamedTuple):
    """One thing that waits for them, and the button that does it."""

    what: str
    button: str
    action: str
    value: str
    until: datetime | None = None


async def of(work: Work, person: Person) -> list[Wanted]:
    """What waits for this person."""
    swaps = await every(work, Cover, by=person.id, state=CoverState.ASKED)
    asked = await every(work, CauseQuestion, state="asked")
    return [
        *[
            Wanted(f"{one.team} calls you: {one.text[:100]}", f"I am on it ({one.id})", "monitor.heard", one.id)
            for one in await pages.unanswered(work)
            if person.id in one.called
        ],
        *[
            Wanted(f"Take over on call for {one.rotation}", "Take over", "monitor.take-swap", one.id, one.ends)
            for one in swaps
            if one.ends > work.now
        ],
        *[
            Wanted(
                f"Was {one.suspect.what} the cause of {one.group_id}?",
                "Yes, it was",
                "monitor.was-it",
                f"{one.id} {one.suspect.deployment} yes",
            )
            for one in asked
            if one.who == person.id
        ],
    ]
