"""What holds for every ``Work``: the one in memory, which tests use, and the one on each database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.core.ledger import Entry, Subject
from bot.core.refusals import Conflict
from bot.core.stages import Stage
from bot.stages.code.model.blocker import Blocker
from bot.stages.plan.model.change import Change, ChangeState
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round
from bot.storage.work.rows import PAGE
from bot.storage.work.unit_of_work import UnitOfWork
from tests.answers import lines
from tests.fakes import ANA, NOON, TEAM, TOM, World
from tests.rendered import RENDER

ROUND = replace(Round.open("#standup", (ANA.id, TOM.id), ANA, NOON), id="S-1")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def unit(request: pytest.FixtureRequest, tmp_path: Any, open_database: Callable[..., Any]) -> Any:
    """A unit of work of each kind, with nothing in it."""
    if request.param == "memory":
        return World().unit
    if request.param == "sqlite":
        path = tmp_path / "eightbells.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_server").fresh()
    return UnitOfWork(await open_database(url), team=TEAM, render=RENDER)


async def planned(unit: Any, *titles: str) -> None:
    async with unit() as work:
        for title in titles:
            await work.add(Change.plan(title, ANA, NOON))


async def test_ids_count_up_and_their_case_does_not_matter(unit: Any):
    await planned(unit, "one", "two")

    async with unit() as work:
        second = await work.get(Change, "c-2")
        assert second
        assert (second.id, second.title) == ("C-2", "two")
        assert await work.get(Change, "C-3") is None


async def test_a_thing_comes_back_as_it_was_kept(unit: Any):
    answer = StandupAnswer.give(ROUND.close(NOON), TOM.id, NOON, lines("it's <done>", "ü\u2028\nmore", ""))
    async with unit() as work:
        await work.add(answer)

    async with unit() as work:
        assert await work.get(StandupAnswer, answer.id) == answer


async def test_things_are_found_by_their_lookup_fields_only(unit: Any):
    await planned(unit, "one", "two", "three")
    async with unit() as work:
        second = await work.get(Change, "C-2")
        assert second
        await work.save(replace(second, stage=Stage.CODE, owner_id=TOM.id))

    async with unit() as work:
        by = [
            {"stage": Stage.CODE},
            {"owner_id": TOM.id},
            {"owner_id": None, "newest_first": False},
            {"stage": (Stage.PLAN, Stage.CODE), "state": ChangeState.OPEN, "limit": 2},
            {"state": ChangeState.DONE},
        ]
        found = [[change.id for change in await work.find(Change, **where)] for where in by]
        assert found == [["C-2"], ["C-2"], ["C-1", "C-3"], ["C-3", "C-2"], []]
        assert await work.count(Change, stage=Stage.PLAN) == 2
        with pytest.raises(TypeError, match="title"):
            await work.find(Change, title="one")


async def test_those_that_are_lowest_in_a_field_come_first_however_many_are_newer(unit: Any):
    days = (None, date(2026, 3, 9), date(2026, 3, 1), None, date(2026, 3, 9), date(2026, 12, 1))
    async with unit() as work:
        for day in days:
            await work.add(Change.plan("one", ANA, NOON, due=day))

    async with unit() as work:
        found = {
            (newest, limit): [
                each.id for each in await work.find(Change, first_by="due", newest_first=newest, limit=limit)
            ]
            for newest, limit in ((True, 10), (False, 10), (True, 2))
        }
        assert found == {
            (True, 10): ["C-3", "C-5", "C-2", "C-6", "C-4", "C-1"],
            (False, 10): ["C-3", "C-2", "C-5", "C-6", "C-1", "C-4"],
            (True, 2): ["C-3", "C-5"],
        }
        with pytest.raises(TypeError, match="title"):
            await work.find(Change, first_by="title")


async def test_those_that_are_highest_in_a_field_come_first_without_those_that_have_none(unit: Any):
    async with unit() as work:
        for hours in (1, 3, None, 2, 3):
            reached = None if hours is None else NOON + timedelta(hours=hours)
            await work.add(replace(Change.plan("one", ANA, NOON), reached_at=reached))

    async with unit() as work:
        found = [each.id for each in await work.find(Change, first_by="-reached_at", stage=Stage.PLAN, limit=3)]
        assert found == ["C-5", "C-2", "C-4"]
        assert len(await work.find(Change, first_by="-reached_at")) == 4
        assert [each.id for each in await work.find(Change, reached_at=None)] == ["C-3"]
        with pytest.raises(TypeError, match="title"):
            await work.find(Change, first_by="-title")


async def test_all_that_changed_since_then_is_found_page_by_page_each_once(unit: Any):
    many = 2 * PAGE + 7
    async with unit() as work:
        for number in range(many):
            await work.add(Blocker.air(f"what {number}", ANA.id, NOON))
        with pytest.raises(TypeError, match="Change"):
            [one async for one in work.changed(Change, NOON)]

    async with unit() as work:
        found = [one.id async for one in work.changed(Blocker, work.now - timedelta(hours=1))]
        assert (len(found), len(set(found))) == (many, many)
        assert [one async for one in work.changed(Blocker, work.now + timedelta(hours=1))] == []


async def test_a_work_sees_what_it_wrote_itself(unit: Any):
    async with unit() as work:
        change = await work.add(Change.plan("one", ANA, NOON))
        await work.save(replace(change, stage=Stage.TEST))
        assert [each.stage for each in await work.find(Change, stage=Stage.TEST)] == [Stage.TEST]
        await work.erase(replace(change, stage=Stage.TEST))
        assert await work.get(Change, change.id) is None
        assert await work.find(Change) == []


async def test_a_work_that_raises_leaves_nothing_behind(unit: Any):
    await planned(unit, "one")

    async def fail() -> None:
        async with unit() as work:
            change = await work.get(Change, "C-1")
            await work.save(replace(change, title="other"))
            await work.add(Change.plan("two", ANA, NOON))
            work.record(Entry("change.planned", (Subject("change", "C-1"),)))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with unit() as work:
        assert [change.title for change in await work.find(Change)] == ["one"]
        assert await work.history(Subject("change", "C-1")) == []


async def test_an_id_of_its_own_is_kept_and_taken_once(unit: Any):
    answer = StandupAnswer.skip(ROUND, TOM.id, NOON)
    async with unit() as work:
        await work.add(answer)

    with pytest.raises(Conflict):
        async with unit() as work:
            await work.add(replace(answer, skipped=False))


async def test_only_what_was_read_here_can_be_written_here(unit: Any):
    await planned(unit, "one")
    async with unit() as work:
        change = await work.get(Change, "C-1")

    async with unit() as work:
        with pytest.raises(LookupError):
            await work.save(change)
        with pytest.raises(LookupError):
            await work.erase(change)


async def test_the_ledger_is_read_by_subject_the_oldest_first(unit: Any):
    change, sha, other = Subject("change", "C-1"), Subject("sha", "9f3c"), Subject("change", "C-2")
    async with unit() as work:
        work.record(Entry("change.planned", (change,), ANA.id, {"stage": "plan"}))
        work.record(Entry("change.planned", (other,), ANA.id))
        work.record(Entry("commit.pushed", (sha, change)))
        with pytest.raises(ValueError, match="names no subject"):
            work.record(Entry("change.planned", ()))
        with pytest.raises(TypeError, match="plain values"):
            work.record(Entry("change.planned", (change,), facts={"prs": ("org/web#1",)}))  # pyright: ignore

    async with unit() as work:
        told = await work.history(change, sha)
        assert [recorded.entry.kind for recorded in told] == ["change.planned", "commit.pushed"]
        assert told[0].entry == Entry("change.planned", (change,), ANA.id, {"stage": "plan"})
        assert told[0].at == NOON
        assert [recorded.entry.kind for recorded in await work.history(change, limit=1)] == ["commit.pushed"]


async def test_a_step_that_meets_a_conflict_begins_again(unit: Any):
    await planned(unit, "one")
    tries: list[int] = []

    async def step(work: Any) -> str:
        tries.append(len(tries))
        if len(tries) < 3:
            raise Conflict("somebody was quicker")
        return "done"

    assert await unit.run(step) == "done"
    assert len(tries) == 3


async def test_what_somebody_did_is_found_by_who_did_it(unit: Any):
    async with unit() as work:
        work.record(Entry("change.planned", (Subject("change", "C-1"),), ANA.id))
        work.record(Entry("change.planned", (Subject("change", "C-2"),), TOM.id))
        work.record(Entry("change.moved", (Subject("change", "C-1"),), ANA.id))

    async with unit() as work:
        assert [one.entry.kind for one in await work.doings(ANA.id, NOON)] == ["change.planned", "change.moved"]
        assert await work.doings(ANA.id, work.now + timedelta(seconds=1)) == []
        assert len(await work.doings(ANA.id, NOON, limit=1)) == 1


async def test_a_place_in_slack_where_nothing_of_ours_stands_has_no_key(unit: Any):
    async with unit() as work:
        assert await work.message_key("C0ALERTS", "1700000000.000100") is None
