"""Nothing that is asked often reads a whole table, however much has happened: what each database says of its plans."""

import ast
import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncConnection

import bot
from bot.core.dead_letters import LetterKind
from bot.core.jobs import Job, Outcome
from bot.core.ledger import Subject
from bot.core.lookups import fields_of, together
from bot.core.retention import Retention
from bot.core.team import Team
from bot.stages.flow.model.looked_back import LOOKED_BACK_AT
from bot.storage.engine.database import Database
from bot.storage.ledger.ledger import Ledger
from bot.storage.ledger.seals import Sealer
from bot.storage.outbox.outbox import Outbox
from bot.storage.outbox.put import Put, put
from bot.storage.outbox.steps import Dead, Doing, Resolved, Sent
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Forgiven, Jobs, Owed, job_table, write_steps
from bot.storage.queues.retention import forget
from bot.storage.work import nouns
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import NOON, FakeClock
from tests.storage.filled import GROWING, fill
from tests.storage.things import Rendering, entry, message

ROOT = Path(bot.__path__[0]).parent
BIG = {table.name for table in GROWING}
ALIASES = dict.fromkeys(
    ("head", "best", "first", "after", "begun", "waiting", "answered_by_begun", "answered_by_waiting", "parent"),
    "outbox",
)
NOUNS = [noun for noun in nouns._kept if noun.__module__.startswith("bot.")]

# Of an index with few rows, reading all of it is what is wanted: what waits, is dead, or is not sealed yet.
FEW = {
    *("ix_outbox_unfinished", "ix_outbox_dead", "ix_outbox_check_at", "ix_outbox_unresolved"),
    "ix_outbox_begun",
    *("ix_job_unfinished", "ix_inbox_unfinished", "ix_ledger_unsealed"),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a database that is filled for all tests of this module; what they do to it changes little."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("old") / "eightbells.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_server").fresh()
    asyncio.run(_filled(url))
    return url


async def _filled(url: str) -> None:
    database = await Database.open(url, clock=FakeClock(), replica_id="filler")
    try:
        async with database.write() as conn:
            await fill(conn)
    finally:
        await database.close()


@pytest.fixture
async def old(old_url: str) -> AsyncIterator[Database]:
    database = await Database.open(old_url, clock=FakeClock(), replica_id="reader")
    yield database
    await database.close()


@contextmanager
def heard() -> Iterator[dict[str, Any]]:
    """Every statement that is executed meanwhile, with the parameters that it had first."""
    found: dict[str, Any] = {}

    def hear(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        found.setdefault(statement, parameters[0] if many else parameters)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


async def everything(database: Database) -> None:
    """Every function of storage that people, jobs, messages, webhooks, probes and metrics cause to be called."""
    await _works(database)
    await _messages(database)
    await _jobs(database)
    await _deliveries(database)
    await forget(database, Retention())
    await Sealer(database).seal()
    await Sealer(database).head()
    await Ledger(database).since(99_990)
    await database._probe()


async def _works(database: Database) -> None:
    unit = UnitOfWork(database, team=Team(), render=Rendering())
    async with unit.for_call("gesture-1") as work:
        work.record(entry())
        work.say(message("k-1"))
        work.owe(Job("kind", "key-1", NOON))
        work.forgive("key-2")
        await work.history(Subject("change", "C-1"))
        for kind, id in ((LetterKind.MESSAGE, "none"), (LetterKind.JOB, "none"), (LetterKind.DELIVERY, "0")):
            await work.revive(kind, id)
    async with unit.reading() as work:
        await work.history(Subject("change", "C-1"), Subject("change", "C-2"))
        await work.doings("U1", NOON)
        await work.named("change", "C-1")
        await work.message_key("C1", "x-1")
        await work.dead_letters()


async def _messages(database: Database) -> None:
    outbox = Outbox(database, database.replica_id)
    await outbox.take_over()
    async with database.write() as conn:
        await put(conn, [Put("to-a-name", "#deploys", "x"), Put("to-an-id", "C0NEW", "x")], NOON)
    claim = await outbox.claim(100)
    for step in claim.steps:
        match step.doing:
            case Doing.RESOLVE:
                ending: Any = (
                    Resolved(step, "C0DEPLOYS") if step.to == "#deploys" else Dead(step, "no such channel")
                )
            case Doing.POST if step.id % 2:
                ending = Dead(step, "is_archived")
            case _:
                ending = Sent(step, NOON, step.channel or "C1", f"1.{step.id}", step.revision)
        await outbox.settle([ending])
    await outbox.renew()
    await outbox.release()
    await outbox.lookup("x-1")
    await outbox.key_of("C1", "x-1")
    await outbox.dead()
    await outbox.resend("x-1")
    await outbox.depth()
    await outbox.sweep(NOON - timedelta(days=3650))


async def _jobs(database: Database) -> None:
    jobs = Jobs(database, database.replica_id)
    async with database.write() as conn:
        await write_steps(conn, [Owed(Job("kind", f"j-{n}", NOON), NOON) for n in range(3)] + [Forgiven("j-9")])
    await jobs.claim(NOON + timedelta(days=3650), 100, {"other": 4, "none": 16})
    await jobs.next_due(("other", "none"))
    claimed = await jobs.claim(NOON + timedelta(days=3650), 100)
    await jobs.renew(claimed, NOON)
    await jobs.finish(claimed[0], Outcome.DONE)
    await jobs.again(claimed[1], timedelta(hours=1), "later")
    await jobs.release_all()
    await jobs.next_due()
    await jobs.dead()
    await jobs.redo("x-1")
    await jobs.outcome("x-1")


async def _deliveries(database: Database) -> None:
    inbox = Inbox(database, database.replica_id)
    for number in range(3):
        await inbox.receive("github", f"new-{number}", {}, b"{}", NOON, about="group", urgent=number == 2)
    claimed = await inbox.claim(NOON + timedelta(days=3650), 100)
    await inbox.renew(claimed, NOON)
    async with database.write() as conn:
        await inbox.settle(conn, claimed[:1])
    await inbox.again(claimed[1], timedelta(hours=1), "later")
    await inbox.dead(claimed[2], "alerts.0", "no")
    await inbox.replay(0)
    await inbox.release_all()
    await inbox.next_due()
    await inbox.dead_letters()


async def scans(conn: AsyncConnection, statement: str, parameters: Any) -> list[str]:
    """Where a statement would read all of a table that grows."""
    if conn.dialect.name == "sqlite":
        rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters or ()))
        # "SEARCH outbox" and no index is how it says that it reads all of it for a minimum.
        found = [
            re.match(r"(?:SCAN (\w+)|SEARCH (\w+)$)(?: USING (?:COVERING )?INDEX (\w+))?", row[3]) for row in rows
        ]
        tables = [(scan[0], scan[1] or scan[2], scan[3]) for scan in found if scan]
        return [told for told, name, index in tables if ALIASES.get(name, name) in BIG and index not in FEW]
    plan = (await conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", tuple(parameters or ()))).scalar()
    read = plan if isinstance(plan, list) else json.loads(plan or "[]")
    return [f"Seq Scan on {name}" for name in _sequential(read[0]["Plan"]) if name in BIG]


def _sequential(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for inner in node.get("Plans", ()):
        yield from _sequential(inner)


async def test_no_statement_of_the_queues_the_ledger_or_the_metrics_reads_all_of_a_table(old: Database) -> None:
    with heard() as statements:
        await everything(old)
    told: dict[str, list[str]] = {}
    async with old.write() as conn:
        for statement, parameters in statements.items():
            if re.match(r"\s*(SELECT|UPDATE|DELETE|WITH|INSERT)", statement):
                told |= {statement: found} if (found := await scans(conn, statement, parameters)) else {}

    assert len(statements) > 50
    assert told == {}


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
async def test_what_is_asked_for_together_is_found_by_an_index_of_all_of_it(noun: type[Any], old: Database) -> None:
    """SQLite knows no figures of a table, so it must have one index that is plainly the best."""
    how = nouns.kept(noun)
    for lookup in noun.FOUND_BY:
        fields = together(lookup)
        with heard() as statements:
            async with UnitOfWork(old, team=Team(), render=Rendering()).reading() as work:
                where = {field: _nobody(how, field) for field in fields}
                await work.count(noun, **where)
                await work.find(noun, limit=5, **where)
                await work.find(noun, limit=5, newest_first=False, **where)
        async with old.read() as conn:
            for statement, parameters in statements.items():
                if "FROM" not in statement:
                    continue
                assert await scans(conn, statement, parameters) == []
                if old.dialect == "sqlite":
                    rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters))
                    plan = " ".join(row[3] for row in rows)
                    assert all(f"by_{field}=?" in plan for field in fields), plan
                    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("noun", sorted(LOOKED_BACK_AT, key=str), ids=lambda noun: noun.__name__)
async def test_what_changed_in_a_stretch_is_found_by_when(noun: type[Any], old: Database) -> None:
    how = nouns.kept(noun)
    with heard() as statements:
        async with UnitOfWork(old, team=Team(), render=Rendering()).reading() as work:
            assert [one async for one in work.changed(noun, NOON + timedelta(days=1))] == []
    (looked,) = [one for one in statements.items() if f"FROM {how.table.name}" in one[0]]
    async with old.read() as conn:
        assert await scans(conn, *looked) == []
        if old.dialect == "sqlite":
            rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {looked[0]}", tuple(looked[1]))
            plan = " ".join(row[3] for row in rows)
            assert "(updated_at>?)" in plan, plan
            assert "TEMP B-TREE" not in plan


def _nobody(how: Any, field: str) -> Any:
    kind = how.column(field).type
    return {"BOOLEAN": False, "INTEGER": -1, "BIGINT": -1, "DATETIME": NOON}.get(str(kind), "nobody")


# Calls whose conditions stand elsewhere: what they may ask for.
ELSEWHERE: dict[str, tuple[tuple[str, ...], ...]] = {
    "bot/stages/code/blockers.py Blocker": (("state",), ("owner_id", "state"), ("unblocker_id", "state")),
    "bot/stages/monitor/suspects.py CauseQuestion": (("state",), ("service", "state")),
    "bot/stages/monitor/suspects.py Deployment": (("state",), ("service", "state")),
    "bot/stages/manage/feedback.py Concern": (("state",), ("service", "state")),
    "bot/stages/manage/feedback.py Feedback": (("state",), ("service", "state")),
    "bot/stages/deploy/rules.py Deployment": (("service", "environment", "state"),),
    "bot/stages/deploy/approved.py Deployment": (
        ("service", "environment", "version", "state"),
        ("service", "environment", "state"),
    ),
    "bot/team/environments/look_again.py Deployment": (("environment", "state"), ("service", "state")),
    "bot/team/environments/look_again.py FlagChange": (("state",), ("environment", "state")),
    "bot/team/environments/look_again.py Rollout": (("environment", "state"), ("service", "state")),
    "bot/team/environments/look_again.py Release": (("state",), ("service", "state")),
    "bot/stages/deploy/overviews.py Deployment": (("state",), ("environment", "state"), ("service", "state")),
    "bot/stages/deploy/overviews.py Incident": (("state",), ("service", "state")),
    "bot/stages/release/correct.py Release": (("state",), ("service", "state")),
    "commands/plan.py Change": (("state",), ("owner_id", "state")),
    "commands/release/notes.py Release": (("state",), ("service", "state")),
}
# The beginning of a longer index serves as well where it leaves few rows.
NARROW = {frozenset({"service", "environment", "version"})}
_NOT_FIELDS = {"limit", "newest_first", "first_by"}


def asked() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Where a noun is looked for, which, and by which fields."""
    names = {noun.__name__ for noun in NOUNS}
    for path in sorted(file for folder in ("bot", "commands") for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr in ("find", "count"):
                named = node.args[0]
            elif isinstance(function, ast.Name) and function.id in ("every", "looking_back") and len(node.args) > 1:
                named = node.args[1]
            else:
                continue
            noun = named.id if isinstance(named, ast.Name) else ""
            if noun not in names:
                continue
            place = path.relative_to(ROOT).as_posix()
            given = frozenset(word.arg for word in node.keywords if word.arg and word.arg not in _NOT_FIELDS)
            if any(word.arg is None for word in node.keywords):
                asked_for = ELSEWHERE.get(f"{place} {noun}")
                assert asked_for, f"{place}:{node.lineno} takes its fields from elsewhere: name them in ELSEWHERE"
                for fields in asked_for:
                    yield f"{place}:{node.lineno}", noun, given | frozenset(fields)
            elif given:
                yield f"{place}:{node.lineno}", noun, given


def test_fields_that_are_asked_for_together_are_named_together() -> None:
    by_name = {noun.__name__: noun for noun in NOUNS}
    missing = [
        (place, noun, sorted(fields))
        for place, noun, fields in asked()
        if fields not in {frozenset(together(one)) for one in by_name[noun].FOUND_BY} | NARROW
    ]

    assert missing == []


def test_every_field_that_is_named_is_a_column() -> None:
    assert all(fields_of(noun.FOUND_BY) == nouns.kept(noun).fields for noun in NOUNS)


async def test_the_claim_of_a_kind_costs_the_same_however_much_of_another_kind_waits(database: Database) -> None:
    """Places of one kind are full, and a hundred thousand of that kind wait, due for longer than what is claimed."""
    jobs = Jobs(database, database.replica_id)
    later, rooms = NOON + timedelta(days=3650), {"wanted": 16, "none": 4}
    async with database.write() as conn:
        await fill(conn, job_table)
        await write_steps(conn, [Owed(Job("wanted", f"w-{n}", later), NOON) for n in range(3)])
    async with database.write() as conn:
        await conn.execute(
            update(job_table).where(job_table.c.kind != "wanted").values(state="waiting", kind="full")
        )
    if database.dialect == "postgresql":
        await database.vacuum(["job"])
        async with database.write() as conn:
            await conn.exec_driver_sql("ANALYZE job")
    with heard() as statements:
        assert await jobs.next_due(tuple(rooms)) == later
        assert len(await jobs.claim(later, 32, rooms)) == 3

    asked_for = [one for one in statements.items() if "FROM job" in one[0] and "kind" in one[0]]
    assert len(asked_for) >= 3
    async with database.write() as conn:
        for statement, parameters in asked_for:
            assert await _read_rows(conn, statement, parameters) == []


async def _read_rows(conn: AsyncConnection, statement: str, parameters: Any) -> list[str]:
    """Where a statement goes through the rows of more than one kind."""
    if conn.dialect.name == "sqlite":
        rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters or ()))
        plan = [row[3] for row in rows]
        narrow = ("(kind=?", "(rowid=?)", "PRIMARY KEY (rowid=?)", "(state=?")
        return [
            one for one in plan if re.match(r"(SCAN|SEARCH) (job|due)\b", one) and not any(n in one for n in narrow)
        ]
    plan = (await conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", tuple(parameters))).scalar()
    read = plan if isinstance(plan, list) else json.loads(plan or "[]")
    removed = [(node, node.get("Rows Removed by Filter", 0)) for node in _nodes(read[0]["Plan"])]
    return [f"{node.get('Index Name')} {node.get('Filter')}: {many}" for node, many in removed if many > 100]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)
