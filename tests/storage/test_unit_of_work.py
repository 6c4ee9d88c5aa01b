"""A work: all of it or nothing, in any company."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine

from bot.core.jobs import Job
from bot.core.ledger import Entry, Subject
from bot.core.messages import Home, Message
from bot.core.ports import Unit, Work
from bot.core.refusals import Conflict, Refusal
from bot.storage.engine.database import Database
from bot.storage.ledger.ledger import Ledger, ledger_table
from bot.storage.outbox.tables import outbox
from bot.storage.queues.jobs import job_table
from bot.storage.queues.receipts import receipt_table
from bot.storage.work.nouns import kept
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON, FakeClock
from tests.storage.things import Place, Rendering, State, Thing, entry, message


async def count(database: Database, *tables: Any) -> list[int]:
    async with database.read() as conn:
        return [await conn.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


EVERYTHING = (kept(Thing).table, ledger_table, outbox, job_table, receipt_table)


async def write_all(work: Work, name: str) -> Thing:
    thing = await work.add(Thing(title=name))
    work.record(entry("thing.opened", f"thing:{thing.id}"))
    work.say(message(f"thing:{name}"))
    work.owe(Job("thing.remind", f"remind:{name}", NOON))
    return thing


def test_it_is_what_the_domain_asks_for(unit: UnitOfWork):
    asked: Unit = unit
    assert asked is unit


async def test_a_work_writes_all_of_it(unit: UnitOfWork, database: Database):
    async with unit.for_call("gesture-1") as work:
        await write_all(work, "one")

    assert await count(database, *EVERYTHING) == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("error", [Refusal("no"), KeyError("a bug"), asyncio.CancelledError()])
async def test_a_work_that_raises_leaves_nothing_and_harms_no_neighbour(
    unit: UnitOfWork, database: Database, error: BaseException
):
    async def gesture(n: int) -> None:
        async with unit.for_call(f"gesture-{n}") as work:
            await write_all(work, str(n))
            await work.find(Thing, state=State.OPEN)  # what was staged is written by now
            if n % 2:
                raise error

    results = await asyncio.gather(*(gesture(n) for n in range(20)), return_exceptions=True)

    assert sum(result is None for result in results) == 10
    assert await count(database, *EVERYTHING) == [10, 10, 10, 10, 10]


async def test_a_template_that_cannot_be_rendered_undoes_the_gesture(unit: UnitOfWork, database: Database):
    async def gesture(work: Work) -> None:
        await write_all(work, "one")
        work.say(Message("other", "C1", "broken"))

    with pytest.raises(ValueError, match="no such word"):
        await unit.run(gesture, opening=lambda: unit.for_call("gesture-1"))

    assert await count(database, *EVERYTHING) == [0, 0, 0, 0, 0]


async def test_a_message_is_rendered_once_and_its_last_content_counts(
    unit: UnitOfWork, database: Database, render: Rendering
):
    async with unit() as work:
        work.say(message("card", "first"))
        work.say(Home("U1", "home"))
        work.say(message("card", "second"))

    assert sorted(render.rendered) == ["home", "shown/as-is"]
    async with database.read() as conn:
        rows = (await conn.execute(select(outbox.c.key, outbox.c.text, outbox.c.kind, outbox.c.to))).all()
    assert {tuple(row) for row in rows} == {
        ("card", "second", "message", "C0DEPLOYS"),
        ("home:U1", "home", "home", "U1"),
    }


async def test_ids_count_up_and_are_found_in_any_case(unit: UnitOfWork):
    async with unit() as work:
        first, second = await work.add(Thing(title="one")), await work.add(Thing(title="two"))
    async with unit() as work:
        third = await work.add(Thing(title="three"))
        found = await work.get(Thing, "x-2")

    assert [first.id, second.id, third.id] == ["X-1", "X-2", "X-3"]
    assert found == second


async def test_an_erased_rows_id_is_never_given_again(unit: UnitOfWork):
    async with unit() as work:
        thing = await work.add(Thing(title="one"))
    async with unit() as work:
        await work.erase(await work.get(Thing, thing.id) or thing)
    async with unit() as work:
        assert await work.get(Thing, thing.id) is None
        assert (await work.add(Thing(title="two"))).id == "X-2"


async def test_a_value_comes_back_as_it_was(unit: UnitOfWork):
    thing = Thing(
        title="“Größe” 😀 \0 <!channel>",
        state=State.CLOSED,
        owner=None,
        seen_at=NOON,
        lasts=timedelta(minutes=1, microseconds=1),
        labels=("a", "b"),
    )
    async with unit() as work:
        thing = await work.add(thing)
    async with unit() as work:
        assert await work.get(Thing, thing.id) == thing


async def test_half_an_emoji_is_kept_as_a_mark(unit: UnitOfWork):
    async with unit() as work:
        thing = await work.add(Thing(title="cut \ud83d", labels=("\udfff",)))
    async with unit() as work:
        assert await work.get(Thing, thing.id) == Thing(title="cut \ufffd", labels=("\ufffd",), id=thing.id)


async def test_things_are_found_by_their_lookup_columns(unit: UnitOfWork):
    async with unit() as work:
        for title, owner, version in (("a", "U1", 1), ("b", "U2", 1), ("c", None, 2), ("d", "U1", 2)):
            await work.add(Thing(title=title, owner=owner, version=version))

    async def titles(**where: Any) -> str:
        async with unit() as work:
            return "".join(thing.title for thing in await work.find(Thing, **where))

    assert await titles() == "dcba"
    assert await titles(newest_first=False, limit=2) == "ab"
    assert await titles(owner="U1") == "da"
    assert await titles(owner=None) == "c"
    assert await titles(owner=("U2", None)) == "cb"
    assert await titles(owner=()) == ""
    assert await titles(state=State.OPEN, version=2, owner="U1") == "d"
    async with unit() as work:
        assert await work.count(Thing, owner="U1") == 2
        with pytest.raises(TypeError, match="labels"):
            await work.find(Thing, labels="a")


async def test_a_work_sees_what_it_has_written_itself(unit: UnitOfWork):
    async with unit() as work:
        thing = await work.add(Thing(title="one"))
        await work.save(replace(thing, owner="U9"))
        assert [found.owner for found in await work.find(Thing, owner="U9")] == ["U9"]
        assert (await work.get(Thing, thing.id) or thing).owner == "U9"
        await work.save(replace(thing, owner="U8"))
        await work.erase(thing)
        assert await work.get(Thing, thing.id) is None
        assert await work.count(Thing) == 0


async def test_what_was_not_read_in_this_work_cannot_be_saved(unit: UnitOfWork):
    async with unit() as work:
        thing = await work.add(Thing(title="one"))
    with pytest.raises(LookupError, match="X-1 was not read"):
        async with unit() as work:
            await work.save(thing)


async def test_an_id_that_is_taken_is_a_conflict(unit: UnitOfWork, database: Database):
    async def gesture(work: Work) -> None:
        work.record(entry())
        await work.add(Place("org/WEB#1"))

    async with unit() as work:
        await work.add(Place("org/web#1"))
    with pytest.raises(Conflict, match="org/WEB#1"):
        await unit.run(gesture)

    assert await count(database, ledger_table) == [0]


async def test_many_works_on_one_thing_lose_no_change(unit: UnitOfWork):
    async with unit() as work:
        await work.add(Place("counter"))

    async def visit(work: Work) -> None:
        place = await work.get(Place, "counter")
        assert place is not None
        await work.save(replace(place, visits=place.visits + 1))

    await asyncio.gather(*(unit.run(visit) for _ in range(30)))

    async with unit() as work:
        assert await work.get(Place, "counter") == Place("counter", visits=30)


async def test_a_conflict_begins_the_work_again(unit: UnitOfWork):
    tries = 0

    async def step(work: Work) -> str:
        nonlocal tries
        tries += 1
        work.record(entry(facts=tries))
        if tries < 3:
            raise Conflict("somebody was faster")
        return "done"

    assert await unit.run(step) == "done"
    async with unit() as work:
        assert [found.entry.facts["facts"] for found in await work.history(Subject("thing", "X-1"))] == [3]


async def test_a_work_that_always_meets_a_conflict_gives_up(unit: UnitOfWork):
    tries = 0

    async def step(_: Work) -> None:
        nonlocal tries
        tries += 1
        raise Conflict("always")

    with pytest.raises(Conflict):
        await unit.run(step)
    assert tries == 5


async def test_a_gesture_that_comes_twice_is_done_once(unit: UnitOfWork, database: Database):
    async def gesture() -> bool:
        async with unit.for_call("view-submission-7") as work:
            if not work.repeated:
                await write_all(work, "one")
            return work.repeated

    assert sorted(await asyncio.gather(*(gesture() for _ in range(8)))) == [False] + [True] * 7
    assert await count(database, *EVERYTHING) == [1, 1, 1, 1, 1]


async def test_a_gesture_that_was_refused_may_be_repeated(unit: UnitOfWork):
    with pytest.raises(Refusal):
        async with unit.for_call("click") as work:
            raise Refusal("not yet")
    async with unit.for_call("click") as work:
        assert not work.repeated


async def test_history_in_a_work_has_what_neighbours_committed_before(unit: UnitOfWork):
    async def gesture(n: int) -> int:
        async with unit() as work:
            before = len(await work.history(Subject("thing", "X-1")))
            work.record(entry(n=n))
        return before

    before = [await gesture(n) for n in range(3)] + list(await asyncio.gather(*(gesture(n) for n in range(5))))
    assert before[:3] == [0, 1, 2]
    assert all(3 <= seen <= 7 for seen in before[3:])


async def test_one_bad_entry_fails_its_own_work_only(unit: UnitOfWork, database: Database):
    async def gesture(n: int) -> None:
        async with unit() as work:
            facts: dict[str, Any] = {"bad": object()} if n == 3 else {}
            work.record(Entry("thing.opened", (Subject("thing", "X-1"),), "U1", facts))

    results = await asyncio.gather(*(gesture(n) for n in range(6)), return_exceptions=True)

    assert [type(result) for result in results if result] == [TypeError]
    assert await count(database, ledger_table) == [5]


async def test_a_message_that_cannot_be_stored_fails_its_own_work_only(unit: UnitOfWork, database: Database):
    async def step(work: Work, n: int) -> None:
        place: Any = None if n == 3 else "C1"
        work.say(message(f"card-{n}", to=place))

    runs = (unit.run(lambda work, n=n: step(work, n)) for n in range(6))
    results = await asyncio.gather(*runs, return_exceptions=True)

    assert [n for n, result in enumerate(results) if result] == [3]
    assert await count(database, outbox) == [5]


async def test_a_reading_work_waits_for_no_writer_and_cannot_write(unit: UnitOfWork):
    async with unit() as work:
        thing = await work.add(Thing(title="one"))

    async def read() -> list[Thing]:
        async with unit.reading() as reading:
            with pytest.raises(TypeError, match="only reads"):
                reading.record(entry())
            assert await reading.get(Thing, thing.id) == thing
            return await reading.find(Thing, state=State.OPEN)

    async with unit() as work:
        await work.get(Thing, thing.id)
        await work.add(Thing(title="two"))
        await work.count(Thing)
        # In a task of its own: another one's gesture, while this one still holds its locks.
        assert await asyncio.wait_for(asyncio.create_task(read()), 5) == [thing]


async def test_entries_rise_the_generation_that_readers_cache_on(unit: UnitOfWork, database: Database):
    before = database.generation
    async with unit() as work:
        await work.add(Thing(title="one"))
    unchanged = database.generation
    async with unit() as work:
        work.record(entry())

    assert unchanged == before
    assert database.generation > unchanged
    assert await Ledger(database).history(Subject("thing", "X-1"))


async def test_time_in_a_work_is_the_clocks(unit: UnitOfWork, clock: FakeClock):
    clock.move(timedelta(days=3))
    async with unit() as work:
        assert work.now == NOON + timedelta(days=3)


async def test_a_reading_reads_the_same_history_once_and_a_transaction_anew(unit: UnitOfWork):
    statements: list[str] = []

    def hear(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    subject = Subject.parse("thing:T-1")
    async with unit() as work:
        work.record(entry("thing.opened", "thing:T-1"))
    event.listen(Engine, "before_cursor_execute", hear)
    try:
        async with unit.reading() as work:
            first = await work.history(subject)
            first.clear()  # whose list it is: nobody else sees it
            again = [one.entry.kind for one in await work.history(subject)]
            asked = sum("ledger" in one for one in statements)
            await work.history(subject, limit=5)
            asked_otherwise = sum("ledger" in one for one in statements)
    finally:
        event.remove(Engine, "before_cursor_execute", hear)

    assert again == ["thing.opened"]
    assert (asked, asked_otherwise) == (1, 2)
