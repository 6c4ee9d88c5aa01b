"""A stand-up asks 500 people at nine while the bot is killed: everybody is asked, nobody twice."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.jobs import Outcome
from bot.core.people import Person
from bot.core.team import Team
from bot.slack.rendering.render import Rendering
from bot.stages.standup import plan_day
from bot.stages.standup.model.prompt import SentPrompt
from bot.stages.standup.model.round import Prompt, Round
from bot.stages.standup.model.setup import Setup, Standup
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork
from tests.crash import runner
from tests.crash.children import Children
from tests.slack.workspace import Workspace, workspace

pytestmark = pytest.mark.crash
KILLS = 10
MOST_KILLS = 40  # where a busy machine takes long to begin
PEOPLE = [Person(f"U{n:05}", f"p{n}", "Europe/Berlin") for n in range(500)]


@pytest.fixture
async def place(tmp_path, clock):
    async with workspace(tmp_path, clock, people=len(PEOPLE)) as made:
        made.play.clock.offset_seconds = 0.0  # the children live by the machine's clock
        yield made


async def plan(url: str, open_database) -> None:
    """A round whose 500 prompts are all due in a moment."""
    database = await open_database(url)
    unit = UnitOfWork(database, team=Team(), render=Rendering())
    at = datetime.now(UTC) + timedelta(seconds=1)
    prompts = [Prompt(person.id, person.zone, at, at + timedelta(hours=3)) for person in PEOPLE]
    async with unit() as work:
        setup = Setup("Everybody", "C0000", tuple(person.id for person in PEOPLE))
        standup = await work.add(Standup.make(setup, PEOPLE[0].id, work.now))
        round = await work.add(Round.planned(standup, at.date(), prompts, (), work.now))
        plan_day.owe_round(work, standup, round, prompts)
    await database.close()


async def run_and_kill(url: str, place: Workspace, chance: random.Random, *, replicas: int) -> None:
    """A server is met over connections that take their time to open, so there each process lives longer."""
    children = Children()
    api = f"{place.url}/api/"
    stood: list[int] = []
    for n in range(MOST_KILLS):
        if n >= KILLS and _in_the_middle(stood) >= 2:
            break
        while len(children.alive) < replicas:
            await children.start(runner.ask, url, api)
        if n % 3 == 0:
            kind = chance.choice(["reset_after_write", "timeout_after_write", "reset_before_write"])
            await place.fault(kind=kind, method="chat.postMessage")
        await asyncio.sleep(chance.uniform(0.4, 1.4) * (1 if url.startswith("sqlite") else 2))
        await children.kill(chance.choice(children.alive))
        stood.append(len(await place.messages()))
    assert _in_the_middle(stood) >= 2, f"not killed in the middle of it: {stood}"
    await place.fault(kind="clear")
    while len(children.alive) < replicas:
        await children.start(runner.ask, url, api)
    assert await children.finish() == [0] * replicas


def _in_the_middle(stood: list[int]) -> int:
    """How often somebody had been asked, and not everybody, when one was killed."""
    return sum(0 < count < len(PEOPLE) for count in stood)


async def check(url: str, open_database, place: Workspace) -> None:
    asked = Counter(
        one["metadata"]["event_payload"]["key"] for one in await place.messages() if one["channel"].startswith("D")
    )
    wanted = {f"round:S-1:ask:{person.id}" for person in PEOPLE}
    assert {key: count for key, count in asked.items() if count > 1} == {}, "doubled"
    assert wanted - set(asked) == set(), "lost"
    assert set(asked) == wanted
    database = await open_database(url)
    unit = UnitOfWork(database, team=Team(), render=Rendering())
    async with unit() as work:
        assert await work.count(SentPrompt, round_id="S-1") == len(PEOPLE)
    jobs = Jobs(database, "look")
    ended = {await jobs.outcome(f"standup.prompt:S-1:{person.id}") for person in PEOPLE}
    assert ended == {Outcome.DONE}


async def test_a_wave_of_questions_outlives_a_bot_that_is_killed(database_url, open_database, place, chance):
    await plan(database_url, open_database)
    await run_and_kill(database_url, place, chance, replicas=1)
    await check(database_url, open_database, place)


async def test_a_wave_of_questions_outlives_two_replicas_that_are_killed(
    postgres_server, open_database, place, chance
):
    url = postgres_server.fresh()
    await plan(url, open_database)
    await run_and_kill(url, place, chance, replicas=2)
    await check(url, open_database, place)
