"""Whom a call wants asked about a blocker, and when they can be: looked up before its transaction."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.command import Call
from bot.core.people import Person
from bot.core.ports import Tools
from bot.stages.code.ask_unblocker import hours_of
from bot.team.people.model.working_hours import Hours


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody, and their working hours."""

    person: Person
    hours: Hours

    def morning(self, at: datetime) -> datetime | None:
        """When they are asked, where they do not work now."""
        opens = self.hours.next_open(at)
        return opens if opens > at else None


async def asked_by(call: Call, tools: Tools) -> Asked | None:
    """Whoever is named as the one to ask."""
    named = call.args.get("unblocker")
    return await _asked(await tools.directory.person(named), tools) if named else None


async def caller(call: Call, tools: Tools) -> Asked:
    """Whoever calls."""
    return await _asked(call.by, tools)


async def _asked(person: Person, tools: Tools) -> Asked:
    return Asked(person, (await hours_of(tools, person))[person.id])
