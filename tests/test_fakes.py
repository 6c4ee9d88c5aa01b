"""The fakes are honest: what storage would refuse, they refuse."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.messages import Message
from bot.core.refusals import Conflict
from tests.fakes import NOON, World


@dataclass(frozen=True, slots=True)
class Thing:
    PREFIX: ClassVar[str] = "X"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state",)

    name: str
    state: str = "open"
    id: str = ""


async def test_ids_count_up_and_case_does_not_matter():
    world = World()
    await world.add(Thing("a"))
    await world.add(Thing("b"))

    assert (await world.get(Thing, "x-2")).name == "b"


async def test_a_work_that_raises_leaves_nothing_behind():
    world = World()

    async def fail() -> None:
        async with world.unit() as work:
            await work.add(Thing("a"))
            work.say(Message("k", "#general", "x/y"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert await world.find(Thing) == []
    assert world.said == {}
    assert (await world.add(Thing("b"))).id == "X-1"


async def test_only_lookup_columns_can_be_asked_for():
    world = World()
    await world.add(Thing("a", "open"))
    await world.add(Thing("b", "done"))

    assert [thing.name for thing in await world.find(Thing, state=("done", "dropped"))] == ["b"]
    with pytest.raises(TypeError, match="name"):
        await world.find(Thing, name="a")


async def test_a_row_that_changed_meanwhile_is_a_conflict():
    world = World()
    thing = await world.add(Thing("a"))

    async def collide() -> None:
        async with world.unit() as first:
            mine = await first.get(Thing, thing.id)
            async with world.unit() as second:
                theirs = await second.get(Thing, thing.id)
                await second.save(replace(theirs, name="theirs"))
            await first.save(replace(mine, name="mine"))

    with pytest.raises(Conflict):
        await collide()
    assert (await world.get(Thing, thing.id)).name == "theirs"


async def test_a_job_ends_once_and_knows_how_late_it_is():
    world = World()
    seen: list[Due] = []

    @due("test.ring")
    async def ring(work: Any, it: Due) -> Outcome:
        seen.append(it)
        return Outcome.DONE

    async with world.unit() as work:
        work.owe(Job("test.ring", "ring", NOON + timedelta(hours=1), window=timedelta(minutes=10)))

    assert await world.later(timedelta(minutes=59), ring) == []
    assert await world.later(timedelta(hours=1), ring, up_late=timedelta(minutes=30)) == [Outcome.DONE]
    assert seen[0].late_by == timedelta(minutes=30)
    assert seen[0].missed
    assert world.jobs == {}
