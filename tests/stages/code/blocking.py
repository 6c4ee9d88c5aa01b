"""A world in which somebody is held up, with the steps that follow done as the worker would."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.jobs import Job, Outcome
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.team import Role
from bot.stages.code import blockers
from bot.stages.code.ask_unblocker import go_on
from bot.stages.code.model.blocker import Blocker
from tests.fakes import ANA, LUIS, NOON, PEOPLE, TEAM, World
from tests.rendered import RENDER

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEA = Person("U0LEA", "Lea", "Europe/Berlin")
LED = replace(TEAM, roles={**TEAM.roles, "leads": Role("leads", frozenset({LEA.id}))})


class Held(World):
    """Everything said is rendered by the real templates; Lea is in the role "leads"."""

    def __init__(self, at: datetime = NOON, **more: Any) -> None:
        super().__init__(**{"team": LED, "people": (*PEOPLE, LEA), "render": RENDER, "at": at, **more})

    async def air(self, what: str, owner: Person = LUIS, unblocker: Person | None = None, **more: Any) -> Blocker:
        """A new blocker, with what is due at once done."""
        async with self.unit() as work:
            aired = await blockers.air(work, what, owner.id, unblocker=unblocker.id if unblocker else None, **more)
        await self.pass_(timedelta())
        return await self.blocker(aired.id)

    async def pass_(self, by: timedelta, **more: Any) -> list[Outcome]:
        """Let time pass."""
        return await self.later(by, go_on, **more)

    async def until(self, at: datetime) -> None:
        """Let time pass until then."""
        await self.pass_(at - self.clock.at)

    async def blocker(self, id: str = "B-1") -> Blocker:
        """As it is committed."""
        return await self.get(Blocker, id)

    def to(self, person: Person) -> list[Message]:
        """What stands in the direct messages of somebody, in the order in which it came."""
        first = {message.key: message for message in reversed(self.log) if isinstance(message, Message)}
        order = [message.key for message in self.log if isinstance(message, Message)]
        keys = sorted((key for key, message in first.items() if message.to == person.id), key=order.index)
        return [self.said[key] for key in keys]

    def asks(self, id: str = "B-1") -> list[tuple[str, datetime]]:
        """Who was asked about it, and when."""
        return [
            (str(recorded.entry.facts["asked"]), recorded.at)
            for recorded in self.store.entries
            if recorded.entry.kind == "blocker.asked" and recorded.entry.subjects[0].name == id
        ]

    def owed(self, id: str = "B-1") -> list[Job]:
        """The next steps that are owed about it."""
        return [job for job in self.jobs.values() if job.kind == "blocker.next" and job.args["blocker"] == id]

    def change_person(self, person: Person, **fields: Any) -> None:
        """Slack says something else of somebody from now on."""
        self.directory.known[person.id] = replace(person, **fields)


__all__ = ["ANA", "DAY", "HOUR", "LEA", "LED", "Held"]
