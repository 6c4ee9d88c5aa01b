"""Questions, answers, snoozes and the end of a round that meet at one moment, on real databases."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from bot.core.jobs import Due, Job, Outcome
from bot.core.people import Person
from bot.core.refusals import Refusal
from bot.stages.standup import answers, plan_day, prompts
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.prompt import SentPrompt
from bot.stages.standup.model.round import Prompt, Round
from bot.stages.standup.model.setup import Setup, Standup
from bot.storage.engine.database import Database
from bot.storage.outbox.tables import outbox
from bot.storage.work.unit_of_work import UnitOfWork
from tests.answers import lines
from tests.fakes import TEAM
from tests.rendered import RENDER

PEOPLE = [Person(f"U{n:04}", f"P{n}", "Europe/Berlin") for n in range(20)]


async def begun(unit: UnitOfWork, at: datetime) -> tuple[Round, list[Job]]:
    asked = [Prompt(person.id, person.zone, at, at + timedelta(hours=3)) for person in PEOPLE]
    async with unit() as work:
        setup = Setup("Web", "#team-web", tuple(person.id for person in PEOPLE))
        standup = await work.add(Standup.make(setup, PEOPLE[0].id, at))
        round = await work.add(Round.planned(standup, at.date(), asked, (), at))
    return round, [plan_day.prompt_job(standup, round, prompt) for prompt in asked]


async def test_everybody_is_asked_once_whatever_happens_at_the_same_moment(database: Database, clock: Any):
    unit = UnitOfWork(database, team=TEAM, render=RENDER)
    round, jobs = await begun(unit, clock.now())

    def ask(job: Job) -> Any:
        return unit.run(lambda work: prompts.prompt_when_due(work, Due(job, timedelta(), 1)))

    def answer(person: Person) -> Any:
        return unit.run(lambda work: answers.answer(work, round.id, person, lines("did", "do")))

    def snooze(person: Person) -> Any:
        return unit.run(lambda work: prompts.snooze(work, round.id, person))

    twice = [ask(job) for job in (*jobs, *jobs)]
    meanwhile = [answer(person) for person in PEOPLE[:10]] + [snooze(person) for person in PEOPLE[5:15]]
    ended = await asyncio.gather(*twice, *meanwhile, return_exceptions=True)

    broken = [each for each in ended if isinstance(each, BaseException) and not isinstance(each, Refusal)]
    assert broken == []
    asked = [each for each in ended[: len(twice)] if each is Outcome.DONE]
    async with unit() as work:
        sent = await work.find(SentPrompt, round_id=round.id)
        assert len(await work.find(StandupAnswer, round_id=round.id)) == 10
        now = await work.get(Round, round.id)
    assert len(sent) == len(asked) <= len(PEOPLE)
    assert {each.user_id for each in sent} >= {person.id for person in PEOPLE[10:]}
    assert now
    assert now.is_open
    async with database.read() as conn:
        like = outbox.c.key.like("round:S-1:ask:%")
        shown = (await conn.execute(select(func.count()).select_from(outbox).where(like))).scalar_one()
    assert shown == len(sent)
