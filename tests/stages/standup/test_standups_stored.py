"""Several people answer, edit and unblock at the same moment, on real databases."""

import asyncio
from typing import Any

from bot.core.refusals import Stale
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.standup import answers as standup_answers
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round
from bot.storage.engine.database import Database
from bot.storage.work.unit_of_work import UnitOfWork
from tests.answers import lines
from tests.fakes import ANA, LUIS, MEI, TEAM, TOM
from tests.rendered import RENDER

PEOPLE = (ANA, TOM, MEI, LUIS)


async def test_a_round_counts_everybody_that_answers_at_once_and_closes_once(database: Database):
    unit = UnitOfWork(database, team=TEAM, render=RENDER)

    async def start(work: Any) -> Round:
        return await standup_answers.start(work, "#standup", [person.id for person in PEOPLE], ANA)

    def answering(person: Any, blocked: str) -> Any:
        return unit.run(lambda work: standup_answers.answer(work, "S-1", person, lines("did", "do", blocked)))

    round = await unit.run(start)
    assert round.id == "S-1"
    await asyncio.gather(*(answering(person, "tests are red") for person in PEOPLE))

    async with unit() as work:
        ended = await work.get(Round, "S-1")
        assert ended
        assert not ended.is_open
        assert len(await work.find(StandupAnswer, round_id="S-1")) == 4
        history = await work.history(ended.subject)
    kinds = [recorded.entry.kind for recorded in history]
    assert kinds == ["round.opened", *["round.answered"] * 4, "round.closed"]

    closing = (unit.run(lambda work, id=f"B-{n}": blockers.close(work, id, ANA)) for n in range(1, 5))
    editing = (answering(person, "tests are still red") for person in PEOPLE)
    results = await asyncio.gather(*closing, *editing, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    assert [error for error in errors if not isinstance(error, Stale)] == []
    async with unit() as work:
        still_open = await work.find(Blocker, state=BlockerState.OPEN)
        answers = {answer.id: answer.blocked for answer in await work.find(StandupAnswer, round_id="S-1")}
    # Whichever of the two came first, nothing is lost: an edit after the closing opens a new blocker, one before it
    # was closed with it.
    assert set(answers.values()) == {"tests are still red"}
    assert len({blocker.answer_id for blocker in still_open}) == len(still_open)
