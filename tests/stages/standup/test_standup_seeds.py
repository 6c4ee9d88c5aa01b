"""Stand-ups of the team file: made once, changed with the file, and never against what people did in Slack."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import time
from typing import Any

from bot.stages.standup import setups
from bot.stages.standup.model.seeds import Standups
from bot.stages.standup.model.setup import Setup, Standup, StandupState
from bot.storage.engine.database import Database
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import ANA, TEAM, TOM, World
from tests.rendered import RENDER, shown

SETUP = Setup("Team web", "#team-web", people=(ANA.id, TOM.id))
SEEDED = TEAM.with_parts(Standups({"web": SETUP}))


def world(setup: Setup = SETUP) -> World:
    return World(team=TEAM.with_parts(Standups({"web": setup})), render=RENDER)


def with_file(there: World, setup: Setup | None) -> World:
    """The same world after a start with another team file."""
    other = world(setup or SETUP)
    if setup is None:
        other = World(team=TEAM, render=RENDER)
    other.store.__dict__.update(there.store.__dict__)
    return other


async def start(there: World) -> list[Standup]:
    return await there.unit.run(setups.seed)


async def test_a_start_makes_what_the_file_says_and_the_next_start_nothing():
    there = world()
    (made,) = await start(there)
    assert (made.id, made.setup, made.made_by) == ("U-web", SETUP, "")
    assert "from the team file" in shown(there.said["standup:U-web:#team-web"])

    said = len(there.log)
    assert await start(there) == []
    assert (len(await there.find(Standup)), len(there.log)) == (1, said)


async def test_a_change_of_the_file_changes_what_nobody_edited_in_slack():
    there = world()
    await start(there)
    there = with_file(there, replace(SETUP, at=time(10)))
    (changed,) = await start(there)
    assert (changed.setup.at, changed.version) == (time(10), 2)
    assert "changed in the team file" in shown(there.said["standup:U-web:#team-web"])


async def test_what_was_edited_in_slack_stays_so():
    there = world()
    await start(there)
    async with there.unit() as work:
        await setups.edit(work, "U-web", replace(SETUP, at=time(8)), ANA, 1)
    there = with_file(there, replace(SETUP, at=time(10)))

    assert await start(there) == []
    assert (await there.get(Standup, "U-web")).setup.at == time(8)


async def test_what_was_deleted_in_slack_or_taken_from_the_file_is_left_alone():
    there = world()
    await start(there)
    kept = with_file(there, None)
    assert await start(kept) == []
    assert (await kept.get(Standup, "U-web")).is_active

    async with there.unit() as work:
        await setups.delete(work, await setups.standup_named(work, "u-WEB"), ANA)
    assert await start(there) == []
    assert (await there.get(Standup, "U-web")).state is StandupState.DELETED


async def test_two_replicas_that_start_together_make_it_once(
    database_url: str, open_database: Callable[..., Awaitable[Database]]
):
    same = database_url.startswith("sqlite")
    first = await open_database(database_url)
    second = first if same else await open_database(database_url)
    units = [UnitOfWork(each, team=SEEDED, render=RENDER) for each in (first, second)]

    def begun(unit: Any) -> Any:
        return unit.run(setups.seed)

    made = await asyncio.gather(*(begun(unit) for unit in units))
    assert sorted(len(each) for each in made) == [0, 1]
