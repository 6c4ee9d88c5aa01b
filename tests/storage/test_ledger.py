"""The ledger: found by subject, chained in the order of commits, and telling of any change."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from bot.core.ledger import Entry, Subject
from bot.core.team import Team
from bot.storage.engine.database import Database
from bot.storage.ledger import audits
from bot.storage.ledger.ledger import Ledger, ledger_table, subject_table
from bot.storage.ledger.seals import BATCH, Head, Sealer, digest_of, head_table
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON
from tests.storage.things import Rendering, Thing, entry


async def write(unit: UnitOfWork, entries: int, *, about: str = "thing:X-1") -> None:
    async with unit() as work:
        for n in range(entries):
            work.record(entry("thing.changed", about, f"thing:X-{n + 100}", "service:web", n=n, ok=True, by=None))


@pytest.fixture
async def sealed(unit: UnitOfWork, database: Database) -> Sealer:
    """Seven sealed entries, at places 1 to 7."""
    await write(unit, 7)
    sealer = Sealer(database)
    assert await sealer.seal() == 7
    return sealer


async def faults(database: Database, known: Head | None = None, since: Head | None = None) -> list[str]:
    async with database.read() as conn:
        return (await audits.audit(conn, NOON, known, since)).faults


async def tamper(database: Database, *statements: Any) -> None:
    async with database.write() as conn:
        for statement in statements:
            await conn.execute(statement)


async def id_at(database: Database, place: int) -> int:
    async with database.read() as conn:
        return (await conn.execute(select(ledger_table.c.id).where(ledger_table.c.place == place))).scalar_one()


async def test_an_entry_comes_back_as_it_was_recorded(unit: UnitOfWork, database: Database):
    written = Entry(
        "deployment.started",
        (Subject("deployment", "D-1"), Subject("version", "web@v1.4.0"), Subject("pr", "org/web#812")),
        "U1",
        {"attempt": 2, "took_s": 1.5, "ok": False, "note": None, "sha": "9f3c \0"},
    )
    async with unit() as work:
        work.record(written)

    (found,) = await Ledger(database).history(Subject("version", "web@v1.4.0"))
    assert found.entry == written
    assert found.at == NOON


async def test_history_gives_the_newest_of_any_subject_oldest_first(unit: UnitOfWork, database: Database):
    for n in range(5):
        await write(unit, 1, about=f"change:C-{n % 2}")

    ledger = Ledger(database)
    both = await ledger.history(Subject("change", "C-0"), Subject("change", "C-1"), limit=3)
    assert [found.position for found in both] == [3, 4, 5]
    assert [found.position for found in await ledger.history(Subject("change", "C-1"))] == [2, 4]
    assert [found.position for found in await ledger.since(3)] == [4, 5]
    assert await ledger.history() == []


async def test_subjects_are_found_by_how_their_names_begin(unit: UnitOfWork):
    names = ("9f3c1", "9f3C2", "9f3c2", "9f3_", "9f3%", "a", "9f3c")
    async with unit() as work:
        for name in names:
            work.record(entry("pushed", f"sha:{name}", f"version:{name}"))
            work.record(entry("pushed", f"sha:{name}"))
    async with unit() as work:
        assert [found.name for found in await work.named("sha", "9f3c")] == ["9f3c", "9f3c1", "9f3c2"]
        assert [found.name for found in await work.named("sha", "9f3%")] == ["9f3%"]
        assert len(await work.named("sha", "", limit=100)) == len(names)


async def test_an_entry_about_nothing_is_refused(unit: UnitOfWork):
    with pytest.raises(ValueError, match="names no subject"):
        async with unit() as work:
            work.record(Entry("thing.opened", ()))


async def test_a_whole_chain_has_no_faults(sealed: Sealer, database: Database, unit: UnitOfWork):
    assert await faults(database) == []
    known = await sealed.head()
    await write(unit, 3)
    assert await faults(database, known) == []
    assert await sealed.seal() == 3
    assert await faults(database, known) == []
    assert (await sealed.head()).place == 10


async def test_more_entries_than_a_batch_are_sealed_and_checked(unit: UnitOfWork, database: Database):
    await write(unit, BATCH + 3)
    sealer = Sealer(database)
    assert [await sealer.seal(), await sealer.seal(), await sealer.seal()] == [BATCH, 3, 0]
    assert await faults(database) == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "thing.closed"},
        {"by": "U2"},
        {"at": NOON.replace(hour=13)},
        {"facts": {"n": 99}},
        {"digest": "0" * 64},
    ],
)
async def test_an_altered_entry_is_named(sealed: Sealer, database: Database, change: dict[str, Any]):
    altered = await id_at(database, 4)
    await tamper(database, update(ledger_table).where(ledger_table.c.id == altered).values(change))
    assert await faults(database) == [f"entry {altered} at place 4 was altered"]


async def test_altered_subjects_are_named(sealed: Sealer, database: Database):
    altered = await id_at(database, 4)
    await tamper(database, update(ledger_table).where(ledger_table.c.id == altered).values(subjects=["thing:X-2"]))
    assert f"entry {altered} at place 4 was altered" in await faults(database)


async def test_an_entry_that_is_hidden_from_a_subject_is_named(sealed: Sealer, database: Database):
    hidden = await id_at(database, 4)
    await tamper(
        database,
        delete(subject_table).where(subject_table.c.entry_id == hidden, subject_table.c.subject == "thing:X-1"),
    )
    assert await faults(database) == [f"entry {hidden} is not found by the subjects it names"]


@pytest.mark.parametrize(("place", "what"), [(1, "place 1"), (4, "place 4"), (7, "place 7")])
async def test_a_removed_entry_is_named(sealed: Sealer, database: Database, place: int, what: str):
    removed = await id_at(database, place)
    await tamper(
        database,
        delete(ledger_table).where(ledger_table.c.id == removed),
        delete(subject_table).where(subject_table.c.entry_id == removed),
    )
    assert await faults(database) == [f"the entry at {what} was removed"]


async def test_a_removed_entry_whose_place_was_filled_up_is_still_missed(sealed: Sealer, database: Database):
    removed = await id_at(database, 7)
    await tamper(
        database,
        delete(ledger_table).where(ledger_table.c.id == removed),
        delete(subject_table).where(subject_table.c.entry_id == removed),
        update(head_table).values(place=6),
    )
    assert await faults(database) == ["the end of the chain is not place 6's"]


async def test_an_entry_that_was_put_in_is_named(sealed: Sealer, database: Database):
    async with database.read() as conn:
        last = (await conn.execute(select(ledger_table).where(ledger_table.c.place == 7))).one()
    forged = {"id": 900, "at": NOON, "kind": "a.b", "by": "", "subjects": ["a:b"], "facts": {}}
    index = insert(subject_table).values(subject="a:b", entry_id=900)
    # Behind the end, with the right digest.
    digest = digest_of(last, 8, last.digest)
    await tamper(database, insert(ledger_table).values(forged | {"place": 8, "digest": digest}), index)
    assert await faults(database) == ["entry 900 was put in at place 8, beyond the end"]
    # In the middle, everything after it moved up by one.
    moved = [
        update(ledger_table).where(ledger_table.c.place == place).values(place=place + 1) for place in (7, 6, 5, 4)
    ]
    await tamper(database, delete(ledger_table).where(ledger_table.c.id == 900), *moved)
    await tamper(
        database,
        insert(ledger_table).values(forged | {"place": 4, "digest": "0" * 64}),
        update(head_table).values(place=8),
    )
    assert "entry 900 at place 4 was altered" in await faults(database)


async def test_a_chain_that_was_written_anew_is_told_from_a_known_head(sealed: Sealer, database: Database):
    known = await sealed.head()
    await tamper(
        database,
        update(ledger_table).where(ledger_table.c.place == 2).values(kind="thing.closed"),
        update(ledger_table).values(place=None, digest=None),
        delete(head_table),
    )
    await sealed.seal()
    assert await faults(database) == []
    assert await faults(database, known) == [f"the chain up to place {known.place} was written anew"]


async def test_erasing_a_row_of_a_noun_leaves_the_chain_whole(sealed: Sealer, database: Database, unit: UnitOfWork):
    async with unit() as work:
        thing = await work.add(Thing(title="people's words"))
        work.record(entry("thing.opened", f"thing:{thing.id}"))
    await sealed.seal()
    async with unit() as work:
        found = await work.get(Thing, thing.id)
        assert found is not None
        await work.erase(found)
    assert await faults(database) == []


async def test_what_commits_late_with_a_low_id_is_sealed_behind(
    postgres_server: Any, open_database: Any, render: Rendering
):
    database = await open_database(postgres_server.fresh())
    unit, sealer = UnitOfWork(database, team=Team(), render=render), Sealer(database)
    async with database.write() as slow:  # its ids come first, its commit comes last
        await slow.execute(text("SELECT nextval(pg_get_serial_sequence('ledger', 'id'))"))

        async def meanwhile() -> None:
            await write(unit, 2)
            assert await sealer.seal() == 2

        await asyncio.create_task(meanwhile())
        await slow.execute(
            insert(ledger_table).values(id=1, at=NOON, kind="a.b", by="", subjects=["a:b"], facts={})
        )
        await slow.execute(insert(subject_table).values(subject="a:b", entry_id=1))
    assert await sealer.seal() == 1
    async with database.read() as conn:
        places = (await conn.execute(select(ledger_table.c.id, ledger_table.c.place))).all()
    assert {tuple(row) for row in places} == {(2, 1), (3, 2), (1, 3)}
    assert await faults(database) == []


async def test_two_sealers_make_one_chain(unit: UnitOfWork, database: Database):
    await write(unit, 20)
    sealers = [Sealer(database) for _ in range(4)]
    assert sum(await asyncio.gather(*(sealer.seal() for sealer in sealers))) == 20
    assert await faults(database) == []


async def test_the_sealer_seals_by_itself_shortly_after(unit: UnitOfWork, database: Database):
    sealer = Sealer(database)
    task = asyncio.create_task(sealer.keep_sealing())
    try:
        await write(unit, 3)
        async with asyncio.timeout(10):
            while (await sealer.head()).place < 3:
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
    assert (await sealer.head()).place == 3


async def test_what_somebody_did_since_then_is_found_oldest_first(unit: UnitOfWork, database: Database, clock: Any):
    for n, who in enumerate(("U1", "U2", "", "U1", "U1")):
        async with unit() as work:
            work.record(Entry("thing.changed", (Subject("thing", f"X-{n}"),), who))
        clock.move(timedelta(minutes=1))

    async with unit.reading() as work:
        found = await work.doings("U1", NOON + timedelta(minutes=1))
        assert [one.entry.subjects[0].name for one in found] == ["X-3", "X-4"]
        assert [one.entry.subjects[0].name for one in await work.doings("U1", NOON, limit=1)] == ["X-4"]
        assert await work.doings("", NOON) == []
    async with unit() as work:  # what this group of works has just recorded counts as well
        work.record(Entry("thing.changed", (Subject("thing", "X-9"),), "U1"))
    async with unit() as work:
        assert (await work.doings("U1", NOON))[-1].entry.subjects[0].name == "X-9"
