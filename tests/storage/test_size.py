"""What a database grows by: bodies are compressed, sweeps take few rows at a time, and the file becomes smaller."""

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from bot.core.jobs import Outcome
from bot.core.retention import Retention
from bot.runtime import upkeep
from bot.storage.engine import batches, shrinking
from bot.storage.engine.database import Database
from bot.storage.engine.errors import AlreadyRunning
from bot.storage.engine.shrinking import write_anew
from bot.storage.outbox.outbox import Outbox
from bot.storage.outbox.tables import MESSAGE, SENT, outbox
from bot.storage.queues import retention
from bot.storage.queues.inbox import Inbox, inbox_table
from bot.storage.queues.jobs import job_table
from bot.storage.queues.leases import DONE
from bot.storage.queues.receipts import receipt_table
from tests.fakes import NOON, FakeClock

DAY = timedelta(days=1)
JSON = b'{"repository": "org/web"}' * 800  # 20 kB
NOISE = hashlib.shake_128(b"noise").digest(20_000)
EDGES = [b"", b"{}", JSON[:1_023], JSON[:1_024], JSON, JSON * 10, NOISE, hashlib.shake_128(b"more").digest(160_000)]


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database, database.replica_id)


@pytest.mark.parametrize("body", EDGES, ids=len)
async def test_a_body_of_any_size_comes_back_byte_for_byte(inbox: Inbox, body: bytes):
    await inbox.receive("github", "guid-1", {}, body, NOON)
    (claimed,) = await inbox.claim(NOON, 10)
    assert claimed.delivery.body == body
    await inbox.dead(claimed, "a", "b")
    (dead,) = await inbox.dead_letters()
    assert dead.delivery.body == body
    assert await inbox.replay(dead.id)
    (again,) = await inbox.claim(NOON, 10)
    assert again.delivery.body == body


async def test_a_long_body_is_kept_compressed_and_noise_as_it_is(inbox: Inbox, database: Database):
    for name, body in (("json", JSON), ("noise", NOISE), ("short", b"{}")):
        await inbox.receive("github", name, {}, body, NOON)
    c = inbox_table.c
    async with database.read() as conn:
        kept = {
            row[0]: row[1:] for row in await conn.execute(select(c.delivery_id, c.packing, func.length(c.body)))
        }
    assert kept["noise"] == (None, len(NOISE))
    assert kept["short"] == (None, 2)
    assert kept["json"][0] == "zlib"
    assert kept["json"][1] < len(JSON) / 50


async def test_a_delivery_from_before_bodies_were_compressed_is_worked_on(inbox: Inbox, database: Database):
    """Also one whose bytes look as if they were compressed."""
    import zlib  # noqa: PLC0415

    looks_packed = zlib.compress(JSON)
    await inbox.receive("github", "old", {}, b"{}", NOON)
    async with database.write() as conn:
        await conn.execute(inbox_table.update().values(body=looks_packed, packing=None))
    (claimed,) = await inbox.claim(NOON, 10)
    assert claimed.delivery.body == looks_packed


async def _finished(database: Database, count: int, *, body: bytes = b"{}") -> None:
    """So many of each kind of row, all of them over since noon."""
    ended = {"run_at": NOON, "attempt": 1, "ended_at": NOON}
    of_jobs = {"state": Outcome.DONE.value, "kind": "k", "args": {}, "due": NOON, "moved": False, "owed_at": NOON}
    of_inbox = {"state": DONE, "source": "github", "headers": {}, "body": body, "received_at": NOON}
    shown = {"state": SENT, "lane": "C1", "turn": 0, "ready_at": NOON, "put_at": NOON, "sent_at": NOON}
    said = {"kind": MESSAGE, "to": "#a", "band": 1, "text": "t", "blocks": [], "digest": "d", "revision": 1}
    async with database.write() as conn:
        await conn.execute(insert(job_table), [{"key": str(n), **of_jobs, **ended} for n in range(count)])
        rows = [{"delivery_id": str(n), **of_inbox, **ended} for n in range(count)]
        await conn.execute(insert(inbox_table), rows)
        await conn.execute(insert(receipt_table), [{"key": str(n), "at": NOON} for n in range(count)])
        await conn.execute(insert(outbox), [{"key": str(n), **shown, **said} for n in range(count)])


async def _left(database: Database) -> dict[str, int]:
    async with database.read() as conn:
        return {
            table.name: (await conn.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (job_table, inbox_table, receipt_table, outbox)
        }


async def test_each_kind_is_kept_as_long_as_the_team_says(database: Database, clock: FakeClock):
    await _finished(database, 2)
    kept = Retention(gestures=2 * DAY, deliveries=4 * DAY, jobs=20 * DAY, messages=100 * DAY)
    sweeper = Outbox(database, database.replica_id)
    gone = []
    for days in (1, 3, 5, 21, 101):
        clock.at = NOON + days * DAY
        await upkeep.tidy(database, sweeper, kept)
        gone.append([name for name, left in (await _left(database)).items() if not left])
    assert gone == [
        [],
        ["receipt"],
        ["inbox", "receipt"],
        ["job", "inbox", "receipt"],
        ["job", "inbox", "receipt", "outbox"],
    ]


async def test_a_sweep_takes_no_more_rows_at_a_time_than_nobody_waits_for(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    await _finished(database, 250)
    clock.at = NOON + 500 * DAY
    written = await _blocks(database, monkeypatch)
    before = await _left(database)
    await retention.forget(database, Retention())
    await Outbox(database, database.replica_id).sweep(NOON + DAY)
    taken = [one for counts in written for one in counts]
    assert sum(before.values()) == 1_000
    assert sum((await _left(database)).values()) == 0
    assert max(taken) == batches.BATCH
    assert sum(taken) == 1_000


async def _blocks(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """How many rows the statements of each write transaction removed, from now on."""
    from sqlalchemy import event  # noqa: PLC0415

    found: list[list[int]] = []
    async with database.write() as conn:
        engine = conn.sync_connection.engine  # type: ignore[union-attr]

    def ran(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE"):
            found.append([cursor.rowcount])

    event.listen(engine, "after_cursor_execute", ran)
    return found


async def test_a_file_becomes_smaller_after_a_sweep(clock: FakeClock, tmp_path: Path, open_database: Any):
    database = await _sqlite(tmp_path, open_database)
    empty, _ = await _pages(database)
    await _finished(database, 300, body=NOISE)
    full, free = await _pages(database)
    assert full > 5 * empty
    assert free == 0
    clock.at = NOON + 500 * DAY
    await upkeep.tidy(database, Outbox(database, database.replica_id), Retention())
    pages, free = await _pages(database)
    assert pages <= empty * 1.2
    assert free <= pages / shrinking.SPARE
    assert os.stat(tmp_path / "bells.db").st_size == pages * 4_096
    assert os.stat(tmp_path / "bells.db-wal").st_size == 0


async def test_a_file_of_an_earlier_version_becomes_smaller_with_vacuum(
    clock: FakeClock, tmp_path: Path, open_database: Any, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as before:
        before.setattr("bot.storage.engine.sqlite.AUTO_VACUUM", "NONE")
        database = await _sqlite(tmp_path, open_database)
    empty, _ = await _pages(database)
    await _finished(database, 300, body=NOISE)
    full, _ = await _pages(database)
    clock.at = NOON + 500 * DAY
    await upkeep.tidy(database, Outbox(database, database.replica_id), Retention())
    pages, free = await _pages(database)
    assert pages == full  # nothing is given back
    assert free > full * 0.8
    with pytest.raises(AlreadyRunning):
        write_anew(f"sqlite:///{tmp_path}/bells.db")
    await database.close()
    path, before, after = write_anew(f"sqlite:///{tmp_path}/bells.db")
    assert (path, before > 3 * after) == (tmp_path / "bells.db", True)
    database = await _sqlite(tmp_path, open_database)
    pages, free = await _pages(database)
    assert pages <= empty * 1.1
    assert free == 0
    async with database.read() as conn:
        assert (await conn.execute(text("PRAGMA auto_vacuum"))).scalar() == shrinking.INCREMENTAL
        assert (await conn.execute(text("PRAGMA journal_mode"))).scalar() == "wal"


async def test_the_write_ahead_log_is_cut_off_after_a_long_reader(tmp_path: Path, open_database: Any):
    database = await _sqlite(tmp_path, open_database)
    async with database.read() as conn:
        await conn.execute(select(func.count()).select_from(inbox_table))
        await _finished(database, 1_500, body=NOISE)  # cannot be brought into the file meanwhile
        assert os.stat(tmp_path / "bells.db-wal").st_size > 30_000_000
    for n in range(3):  # the next one brings it in, the one after that begins anew
        async with database.write() as conn:
            await conn.execute(insert(receipt_table).values(key=f"more:{n}", at=NOON))
    assert os.stat(tmp_path / "bells.db-wal").st_size <= 8 * 1024 * 1024


async def _sqlite(folder: Path, open_database: Any) -> Database:
    from bot.storage.migrations import migrate  # noqa: PLC0415

    database = await open_database(f"sqlite:///{folder}/bells.db")
    await migrate(database)
    return database


async def _pages(database: Database) -> tuple[int, int]:
    async with database.read() as conn:
        found = [
            (await conn.execute(text(f"PRAGMA {name}"))).scalar_one() for name in ("page_count", "freelist_count")
        ]
    return found[0], found[1]
