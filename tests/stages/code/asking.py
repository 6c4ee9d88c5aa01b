"""A stand-up of three zones with a round planned for a Tuesday, and its jobs done as the worker would."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.core.jobs import Outcome
from bot.core.people import Person
from bot.stages.standup import answers, plan_day, prompts
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.plan_day import Member, prompts_on
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Setup, Standup
from bot.team.people.model.presence import Presence
from tests.answers import lines
from tests.fakes import ANA, LUIS, TOM, World
from tests.rendered import RENDER, shown

DAY = date(2026, 11, 24)
SIX = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
TOMS_NINE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # in Berlin; Ana's in Lisbon is an hour later, Luis' six
SETUP = Setup("Team web", "#team-web", (TOM.id, ANA.id, LUIS.id), at=time(9), lead=ANA.id)
HANDLERS = (
    plan_day.open_when_due,
    prompts.prompt_when_due,
    prompts.ask_again_when_due,
    prompts.remind_when_due,
    answers.close_when_due,
)


class Asked(World):
    """Everything said is rendered by the real templates."""

    def __init__(self, at: datetime = SIX, **more: Any) -> None:
        super().__init__(at=at, render=RENDER, **more)

    async def plan(self, setup: Setup = SETUP, people: tuple[Person, ...] = (TOM, ANA, LUIS)) -> Round:
        """A round of the day, as the planning leaves it."""
        async with self.unit() as work:
            standup = await work.add(Standup.make(setup, ANA.id, work.now))
            members = [Member(person, Presence(id=person.id)) for person in people]
            planned, absent = prompts_on(setup, DAY, members)
            round = await work.add(Round.planned(standup, DAY, planned, absent, work.now))
            plan_day.owe_round(work, standup, round, planned)
        return round

    async def until(self, at: datetime, **more: Any) -> list[Outcome]:
        """Let time pass until then, with every job done when it is due."""
        return await self.later(at - self.clock.at, *HANDLERS, **more)

    async def answer(self, by: Person, *said: str, round: str = "S-1") -> StandupAnswer:
        """Somebody answers the usual questions."""
        async with self.unit() as work:
            return await answers.answer(work, round, by, lines(*said))

    def prompt(self, person: Person, number: int = 1, round: str = "S-1") -> str:
        """What a question to somebody shows now."""
        return shown(self.said[self.key(person, number, round)])

    @staticmethod
    def key(person: Person, number: int = 1, round: str = "S-1") -> str:
        """The key of a question to somebody."""
        return f"round:{round}:ask:{person.id}" + (f":{number}" if number > 1 else "")

    def asked(self) -> set[str]:
        """User ids of everybody who has a question in their direct messages."""
        return {message.to for key, message in self.said.items() if ":ask:" in key and key.startswith("round:")}

    @property
    def parent(self) -> str:
        """What the round's message shows now."""
        return shown(self.said["round:S-1"])


def without(setup: Setup = SETUP, **changes: Any) -> Setup:
    """The setup with changes."""
    return replace(setup, **changes)


MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
