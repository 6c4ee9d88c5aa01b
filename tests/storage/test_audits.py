"""The audit against somebody who can write to the database: what it names, and what only a kept head tells."""

import asyncio
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config import Settings
from bot.core.approvals import Approval, Decision
from bot.operator import audit
from bot.stages.deploy import cards, check_vote, request
from bot.stages.deploy.look_up_version import Found
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.deploy.model.moved import rebound
from bot.stages.flags import check_vote as flags_check_vote
from bot.stages.flags import flags, rollouts
from bot.stages.flags.model.flag import Flag, Serving
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.flags.model.rollout import Rollout
from bot.stages.release import check_vote as release_check_vote
from bot.stages.release import draft_and_approve
from bot.stages.release.model.notes import Line, Notes, Section, Voice
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import ReleaseState
from bot.storage.engine.database import STATEMENT_SECONDS, Database
from bot.storage.engine.errors import AlreadyRunning, StorageUnavailable
from bot.storage.engine.snapshot import snapshot
from bot.storage.ledger import audits, exports
from bot.storage.ledger.audits import NAMED, Report
from bot.storage.ledger.ledger import ledger_table, subject_table
from bot.storage.ledger.seals import Head, Sealer, head_of, head_table
from bot.storage.work.nouns import kept
from bot.storage.work.unit_of_work import UnitOfWork
from tests.example_team import LUIS, TOM
from tests.fakes import NOON, TEAM, FakeClock
from tests.rendered import RENDER
from tests.storage.things import entry

VERIFY = Path(__file__).parents[2] / "docs" / "verify.py"
FORGED = {"id": 900, "at": NOON - timedelta(hours=3), "kind": "deployment.approved", "by": "U0EVE00001"}


@dataclass
class Chain:
    """Seven sealed entries a minute apart, of which the head was kept."""

    database: Database
    unit: UnitOfWork
    clock: FakeClock
    kept: Head

    async def change(self, *statements: Any) -> None:
        """Do what somebody with the database can do."""
        async with self.database.write() as conn:
            for statement in statements:
                await conn.execute(statement)

    async def seal(self) -> None:
        """What the running bot does within a second."""
        while await Sealer(self.database).seal():
            pass

    async def report(self, known: Head | None = None, since: Head | None = None) -> Report:
        """What an audit finds."""
        async with self.database.read() as conn:
            return await audits.audit(conn, self.clock.now(), known, since)

    async def faults(self, known: Head | None = None, since: Head | None = None) -> list[str]:
        """In words."""
        return (await self.report(known, since)).faults

    async def write(self, entries: int) -> None:
        """Some more, a minute apart."""
        for n in range(entries):
            self.clock.move(timedelta(minutes=1))
            async with self.unit() as work:
                work.record(entry("thing.changed", f"thing:X-{n}", "service:web", n=n))


@pytest.fixture
async def chain(database: Database, clock: FakeClock) -> Chain:
    unit = UnitOfWork(database, team=replace(TEAM, policy=()), render=RENDER)
    chain = Chain(database, unit, clock, Head(0, ""))
    await chain.write(7)
    await chain.seal()
    chain.kept = await Sealer(database).head()
    assert chain.kept.place == 7
    return chain


def at(place: int) -> Any:
    return ledger_table.c.place == place


def removed(*places: int) -> list[Any]:
    ids = select(ledger_table.c.id).where(ledger_table.c.place.in_(places))
    gone = delete(subject_table).where(subject_table.c.entry_id.in_(ids))
    return [gone, delete(ledger_table).where(ledger_table.c.place.in_(places))]


async def test_a_chain_that_was_made_anew_is_named_where_a_head_was_kept_and_only_there(chain: Chain):
    unseal = update(ledger_table).values(place=None, digest=None)
    await chain.change(update(ledger_table).where(at(2)).values(by="U0EVE00001"), unseal, delete(head_table))
    await chain.seal()

    assert await chain.faults() == []
    for told in (await chain.faults(chain.kept), await chain.faults(since=chain.kept)):
        assert "the chain up to place 7 was written anew" in told


async def test_a_tail_that_was_cut_off_is_named_where_a_head_was_kept_and_only_there(chain: Chain):
    async with chain.database.read() as conn:
        fifth = await conn.scalar(select(ledger_table.c.digest).where(at(5)))
    await chain.change(*removed(6, 7), update(head_table).values(place=5, digest=fifth))

    assert await chain.faults() == []
    assert await chain.faults(chain.kept) == ["the entries at places 6 to 7 were removed"]
    assert await chain.faults(since=chain.kept) == ["the entries at places 6 to 7 were removed"]


async def test_a_ledger_that_was_emptied_is_named_where_a_head_was_kept_and_only_there(chain: Chain):
    await chain.change(delete(subject_table), delete(ledger_table), delete(head_table))

    assert await chain.faults() == []
    assert await chain.faults(chain.kept) == ["the entries at places 1 to 7 were removed"]
    await chain.write(8)
    await chain.seal()
    assert "the chain up to place 7 was written anew" in await chain.faults(chain.kept)


async def test_a_back_dated_entry_is_named_before_it_is_sealed_and_after(chain: Chain):
    row = FORGED | {"subjects": ["deployment:D-1"], "facts": {}}
    await chain.change(
        insert(ledger_table).values(row), insert(subject_table).values(subject="deployment:D-1", entry_id=900)
    )
    report = await chain.report()
    assert report.unsealed == 1
    (told,) = report.faults
    assert told.startswith("entry 900, not sealed yet, is dated 2026-11-24 09:00:00 UTC, before")
    assert (await chain.report()).unsealed == 1  # looking at it has not sealed it

    await chain.seal()
    await chain.write(2)
    await chain.seal()
    (told,) = await chain.faults()
    assert told.startswith("time goes backwards: the entry at place 8 is dated before 2026-11-24 12:07:00 UTC")


async def test_an_entry_dated_before_the_kept_head_is_named_by_a_reading_that_begins_there(chain: Chain):
    row = FORGED | {"subjects": ["deployment:D-1"], "facts": {}}
    await chain.change(
        insert(ledger_table).values(row), insert(subject_table).values(subject="deployment:D-1", entry_id=900)
    )
    (told,) = await chain.faults(since=chain.kept)
    assert told.startswith("entry 900, not sealed yet, is dated 2026-11-24 09:00:00 UTC, before")

    await chain.seal()
    (told,) = await chain.faults(since=chain.kept)
    assert told.startswith("time goes backwards: the entry at place 8 is dated before 2026-11-24 12:07:00 UTC")


async def test_an_entry_of_a_time_still_to_come_is_named_and_those_after_it_are_not(chain: Chain):
    row = FORGED | {"subjects": ["a:b"], "facts": {}, "at": NOON + timedelta(days=900)}
    await chain.change(insert(ledger_table).values(row), insert(subject_table).values(subject="a:b", entry_id=900))
    await chain.seal()
    await chain.write(1)
    await chain.seal()

    (told,) = await chain.faults()
    assert told.startswith("entry 900 at place 8 is dated 2029-")


async def test_replicas_whose_clocks_differ_by_minutes_are_no_fault(chain: Chain):
    chain.clock.move(timedelta(minutes=-4))
    await chain.write(1)
    await chain.seal()

    assert await chain.faults(chain.kept) == []


@pytest.mark.parametrize("forged", [{"facts": {"n": 99}}, {"by": "U0EVE00001"}, {"kind": "thing.closed"}])
async def test_a_changed_entry_is_named_without_any_head(chain: Chain, forged: dict[str, Any]):
    await chain.change(update(ledger_table).where(at(4)).values(forged))

    assert await chain.faults() == ["entry 4 at place 4 was altered"]


async def test_entries_that_changed_places_are_named(chain: Chain):
    await chain.change(
        update(ledger_table).where(at(3)).values(place=-1),
        update(ledger_table).where(at(5)).values(place=3),
        update(ledger_table).where(at(-1)).values(place=5),
    )

    assert {"entry 5 at place 3 was altered", "entry 3 at place 5 was altered"} <= set(await chain.faults())


async def test_seals_that_were_taken_away_are_named_and_still_are_once_the_bot_has_sealed_anew(chain: Chain):
    await chain.change(update(ledger_table).where(ledger_table.c.place.in_([1, 2])).values(place=None, digest=None))
    report = await chain.report()
    assert report.faults[0] == "the entries at places 1 to 2 were removed"
    assert report.unsealed == 2

    await chain.write(3)
    await chain.seal()
    assert (await chain.faults())[0] == "the entries at places 1 to 2 were removed"


async def test_since_a_kept_head_only_what_came_after_is_read(chain: Chain):
    await chain.write(3)
    await chain.seal()
    report = await chain.report(since=chain.kept)
    assert (report.read, report.faults) == (3, [])

    await chain.change(update(ledger_table).where(at(9)).values(by="U0EVE00001"))
    assert await chain.faults(since=chain.kept) == ["entry 9 at place 9 was altered"]
    # What is before the head is not read: that is what the whole audit is for.
    await chain.change(update(ledger_table).where(at(4)).values(by="U0EVE00001"))
    assert await chain.faults(since=chain.kept) == ["entry 9 at place 9 was altered"]


async def test_of_very_many_faults_some_are_listed_and_the_others_counted(chain: Chain):
    await chain.write(NAMED + 20)
    await chain.seal()
    await chain.change(update(ledger_table).values(by="U0EVE00001"))

    report = await chain.report()
    assert (len(report.faults), report.more) == (NAMED, 27)


async def voted(chain: Chain) -> str:
    """A deployment that somebody said yes to."""
    production = replace(TEAM.environments["production"], approvals=2)
    asked = Deployment.ask(
        "web", "v1.4.0", production, TOM, chain.clock.now(), sha="9f3c" * 10, artifact="sha256:1"
    )
    async with chain.unit() as work:
        id = (await work.add(asked)).id
    async with chain.unit() as work:
        await request.decide(work, id, Decision.APPROVE, LUIS)
    await chain.seal()
    return id


async def test_votes_as_they_were_recorded_are_no_fault(chain: Chain):
    await voted(chain)
    report = await chain.report(chain.kept)
    assert (report.faults, report.votes, report.old_votes) == ([], 1, 0)


@pytest.mark.parametrize(
    ("was", "forged"),
    [
        (f'"by":"{LUIS.id}"', '"by":"U0EVE00001"'),
        ('"decision":"approve"', '"decision":"refuse"'),
        ('"sha":"9f3c', '"sha":"0000'),
        ('"artifact":"sha256:1"', '"artifact":"sha256:2"'),
        ('"at":"2026-11-24T12:07', '"at":"2026-11-24T12:06'),
    ],
)
async def test_a_vote_that_was_changed_in_the_database_is_named(chain: Chain, was: str, forged: str):
    id = await voted(chain)
    table = kept(Deployment).table
    async with chain.database.read() as conn:
        body = await conn.scalar(select(table.c.body))
    assert was in body
    await chain.change(update(table).values(body=body.replace(was, forged)))

    (told,) = await chain.faults()
    assert told.startswith("the ledger does not know the vote of ")
    assert id in told


async def test_a_vote_from_before_votes_had_a_digest_is_counted_and_no_fault(chain: Chain):
    id = await voted(chain)
    await chain.change(
        update(ledger_table).where(ledger_table.c.kind == "deployment.approved").values(facts={"run": 1}),
        update(ledger_table).values(place=None, digest=None),
        delete(head_table),
    )
    await chain.seal()

    report = await chain.report()
    assert (report.faults, report.votes, report.old_votes) == ([], 1, 1), id


DECIDED = (Deployment, FlagChange, Rollout, Release)
WHERE = replace(TEAM.environments["production"], approvals=2)


async def decided(chain: Chain, noun: type[Any], decision: Decision = Decision.APPROVE) -> str:
    """Something of this kind that Luis said yes or no to, by the workflow that people use."""
    now = chain.clock.now()
    flag = replace(Flag.make("pay-fast", TOM, now, service="web"), id="pay-fast")
    approval = Approval(TOM.id, 2, now + timedelta(days=1))
    draft = Release(service="web", asked_by=TOM.id, asked_name=TOM.name, asked_at=now, version="v1")
    notes = {Voice.ENGINEERS: Notes((Section("Fixed", (Line("A lighthouse", 1),)),))}
    asked: dict[type[Any], Any] = {
        Deployment: Deployment.ask("web", "v1.4.0", WHERE, TOM, now, sha="9f3c" * 10, artifact="sha256:1"),
        FlagChange: FlagChange.ask(flag.id, WHERE, Serving(1_000), None, TOM, now, service="web"),
        Rollout: Rollout.ask(flag, WHERE, TOM, now),
        Release: replace(draft, state=ReleaseState.DRAFT, drafted_at=now, approval=approval, notes=notes),
    }
    async with chain.unit() as work:
        if noun in (FlagChange, Rollout):
            await work.add(flag)
        id = (await work.add(asked[noun])).id
    async with chain.unit() as work:
        if noun is Release:
            await draft_and_approve.approve(work, id, LUIS)
        else:
            by_noun = {Deployment: request, FlagChange: flags, Rollout: rollouts}
            await by_noun[noun].decide(work, id, decision, LUIS)
    await chain.seal()
    return id


async def body_of(chain: Chain, noun: type[Any]) -> str:
    async with chain.database.read() as conn:
        return str(await conn.scalar(select(kept(noun).table.c.body)))


@pytest.mark.parametrize("noun", DECIDED)
async def test_a_vote_on_anything_is_compared_and_one_that_was_changed_is_named(chain: Chain, noun: type[Any]):
    id = await decided(chain, noun)
    report = await chain.report(chain.kept)
    assert (report.faults, report.votes, report.old_votes) == ([], 1, 0)

    was = await body_of(chain, noun)
    forged = was.replace(f'"by":"{LUIS.id}"', '"by":"U0EVE00001"')
    assert forged != was
    await chain.change(update(kept(noun).table).values(body=forged))
    (told,) = await chain.faults()
    assert told.startswith("the ledger does not know the vote of U0EVE00001 on ")
    assert id in told


VOTED = [*((noun, Decision.APPROVE) for noun in DECIDED), *((noun, Decision.REFUSE) for noun in DECIDED[:3])]


@pytest.mark.parametrize(("noun", "decision"), VOTED)
async def test_a_vote_that_was_taken_away_is_named(chain: Chain, noun: type[Any], decision: Decision):
    id = await decided(chain, noun, decision)
    assert await chain.faults() == []
    body = json.loads(await body_of(chain, noun))
    body["approval"]["votes"] = []
    await chain.change(update(kept(noun).table).values(body=json.dumps(body, separators=(",", ":"))))

    assert await chain.faults() == [f"the vote of {LUIS.id} on {id}, of which the ledger tells, was taken away"]


@pytest.mark.parametrize("noun", DECIDED)
async def test_a_vote_that_went_with_what_it_was_about_is_named(chain: Chain, noun: type[Any]):
    id = await decided(chain, noun)
    await chain.change(delete(kept(noun).table))

    assert await chain.faults() == [f"the vote of {LUIS.id} on {id}, of which the ledger tells, was taken away"]


@pytest.mark.parametrize("noun", DECIDED)
async def test_a_vote_that_fell_away_as_its_voter_left_is_no_fault(chain: Chain, noun: type[Any]):
    id = await decided(chain, noun)
    async with chain.unit() as work:
        thing = await work.get(noun, id)
        if noun is Deployment:
            told = await check_vote._left(work, thing, Found(people=[TOM]))  # pyright: ignore[reportPrivateUsage]
        elif noun is Release:
            told = await release_check_vote.fallen_away(work, id, {TOM.id})
        else:
            told = await flags_check_vote.fallen_away(work, thing, {TOM.id})
    assert told
    await chain.seal()

    report = await chain.report()
    assert (report.faults, report.votes) == ([], 0)


async def test_votes_that_ended_with_another_commit_are_no_fault_and_later_ones_are_compared(chain: Chain):
    id = await decided(chain, Deployment)
    async with chain.unit() as work:
        before = await work.get(Deployment, id)
        moved = rebound(before, "0" * 40, None, work.now, before.artifact)
        await work.save(moved)
        cards.record(work, moved, "moved", was=before.sha, fell_away=moved.fell_away)
    await chain.seal()
    assert await chain.faults() == []
    async with chain.unit() as work:
        await request.decide(work, id, Decision.APPROVE, LUIS)
    assert await chain.faults() == []

    body = json.loads(await body_of(chain, Deployment))
    body["approval"]["votes"] = []
    await chain.change(update(kept(Deployment).table).values(body=json.dumps(body, separators=(",", ":"))))
    assert len(await chain.faults()) == 1


async def test_votes_that_ended_with_other_words_are_no_fault(chain: Chain):
    id = await decided(chain, Release)
    async with chain.unit() as work:
        await draft_and_approve.edit(work, id, TOM, version="v2", texts={})
    await chain.seal()
    report = await chain.report()
    assert (report.faults, report.votes) == ([], 0)


async def test_votes_that_ended_as_more_was_asked_for_are_no_fault(chain: Chain):
    id = await decided(chain, Deployment)
    async with chain.unit() as work:
        asked = (await work.get(Deployment, id)).override(WHERE, TOM, work.now, overrides="weekend")
        await request._override(work, asked, [])  # pyright: ignore[reportPrivateUsage]
    await chain.seal()
    report = await chain.report()
    assert (report.faults, report.votes) == ([], 0)


async def exported(chain: Chain, to: Path) -> list[dict[str, Any]]:
    async with chain.database.read() as conn:
        lines = [line async for line in exports.lines(conn)]
    to.write_text("\n".join(lines) + "\n", "ascii")
    return [json.loads(line) for line in lines]


def verified(path: Path, *heads: Head) -> tuple[int, str]:
    """By a Python that knows nothing of us."""
    command = [sys.executable, "-I", "-S", str(VERIFY), str(path), *map(str, heads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})
    return done.returncode, done.stdout + done.stderr


async def test_a_strangers_script_verifies_an_export_alone(chain: Chain, tmp_path: Path):
    async with chain.unit() as work:
        work.record(entry("thing.changed", "thing:Ü-1", z="é \U0001f600", a=1.5, n=None, ok=True, big=10**15))
    await chain.seal()
    await exported(chain, path := tmp_path / "ledger.jsonl")

    assert verified(path, chain.kept) == (0, "The chain is whole.\n")
    assert verified(path, Head(8, "0" * 64))[0] == 1
    assert "of which a head was kept, are missing" in verified(path, Head(9, "0" * 64))[1]


def _altered(lines: list[dict[str, Any]]) -> None:
    lines[3]["facts"]["n"] = 99


def _cut(lines: list[dict[str, Any]]) -> None:
    del lines[5:8]


def _without_one(lines: list[dict[str, Any]]) -> None:
    del lines[3]


def _swapped(lines: list[dict[str, Any]]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


def _without_head(lines: list[dict[str, Any]]) -> None:
    lines.pop()


@pytest.mark.parametrize("tamper", [_altered, _cut, _without_one, _swapped, _without_head])
async def test_a_strangers_script_finds_a_tampered_export(
    chain: Chain, tmp_path: Path, tamper: Callable[[Any], None]
):
    lines = await exported(chain, path := tmp_path / "ledger.jsonl")
    tamper(lines)
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", "ascii")

    status, told = verified(path)
    assert (status, "The chain is whole." in told) == (1, False)


async def test_what_is_no_export_is_said_to_be_none(tmp_path: Path):
    (path := tmp_path / "ledger.jsonl").write_text('{"ledger":"another"}\n')
    assert verified(path)[0] == 2
    assert verified(tmp_path / "nothing")[0] == 2


def settings(url: str) -> Settings:
    return Settings.model_validate({"DATABASE_URL": url})


async def test_an_audit_runs_beside_the_bot_and_sees_one_snapshot(chain: Chain, database_url: str):
    whole, told = await audit.audit(settings(database_url), known=str(chain.kept))
    assert whole
    assert "7 entries, the first 7 as the kept head says" in told
    assert await audit.head(settings(database_url)) == str(chain.kept)

    async with snapshot(database_url) as conn:
        await chain.write(1)  # the bot goes on
        await chain.seal()
        assert (await audits.audit(conn, chain.clock.now())).head == chain.kept
        with pytest.raises(Exception, match=r"readonly|read-only"):
            await conn.execute(update(head_table).values(place=0))
    _, told = await audit.audit(settings(database_url))
    assert "Whoever can write to the database could have made it anew" in told


async def test_an_export_is_its_owners_alone(chain: Chain, database_url: str, tmp_path: Path):
    told = await audit.export(settings(database_url), path := tmp_path / "ledger.jsonl")
    assert told.startswith("7 entries written")
    assert path.stat().st_mode & 0o777 == 0o600
    assert verified(path, chain.kept)[0] == 0
    path.chmod(0o644)
    await audit.export(settings(database_url), path)
    assert path.stat().st_mode & 0o777 == 0o600, "also where it is written over"


@pytest.mark.parametrize("head", ["x", "7:", ":9f", "7:9f", "-1:" + "0" * 64, "7:" + "g" * 64])
async def test_what_is_no_head_is_refused_with_an_example(head: str, tmp_path: Path):
    with pytest.raises(ValueError, match="a head looks like 1204:9f3c2a"):
        await audit.audit(settings(f"sqlite:///{tmp_path}/a.db"), known=head)


async def test_a_database_that_is_not_there_is_not_made_by_looking(tmp_path: Path):
    with pytest.raises(StorageUnavailable, match="There is no database at"):
        await audit.head(settings(f"sqlite:///{tmp_path}/a.db"))
    assert list(tmp_path.iterdir()) == []


async def test_only_writing_asks_to_stop_the_bot(chain: Chain, database_url: str):
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL has room for several writers")
    with pytest.raises(AlreadyRunning):
        await Database.open(database_url, clock=chain.clock, replica_id="another")


async def test_an_audit_takes_no_more_memory_for_more_entries(chain: Chain, database_url: str):
    if not database_url.startswith("sqlite"):
        pytest.skip("what is held is the same; rows are made faster here")
    peaks: list[int] = []
    for entries in (2_000, 20_000):
        await filled(chain, entries)
        async with snapshot(database_url) as conn:
            tracemalloc.start()
            report = await audits.audit(conn, NOON + timedelta(days=1))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert (report.faults, report.read) == ([], entries)
    assert peaks[1] < 1.3 * peaks[0]


async def filled(chain: Chain, entries: int) -> None:
    """So many sealed entries, and nothing else."""
    rows = [
        {"id": n, "at": NOON + timedelta(seconds=n), "kind": "thing.changed", "by": "U1"}
        | {"subjects": [f"thing:X-{n}", "service:web"], "facts": {"n": n}}
        for n in range(1, entries + 1)
    ]
    index = [{"subject": one, "entry_id": row["id"]} for row in rows for one in row["subjects"]]
    await chain.change(delete(subject_table), delete(ledger_table), delete(head_table))
    async with chain.database.write() as conn:
        await conn.execute(insert(ledger_table), rows)
        await conn.execute(insert(subject_table), index)
        if chain.database.dialect == "postgresql":  # ids that were given by hand move no sequence
            await conn.execute(text(f"SELECT setval(pg_get_serial_sequence('ledger', 'id'), {entries})"))
    await chain.seal()


async def test_an_audit_beside_a_bot_that_writes_all_the_time_ends_and_finds_nothing(
    chain: Chain, database_url: str
):
    await filled(chain, 3_000)
    chain.clock.move(timedelta(hours=12))
    stopped = False

    async def write_on() -> int:
        written = 0
        while not stopped:
            async with chain.unit() as work:
                work.record(entry("thing.changed", f"thing:Y-{written}", "service:web", n=written))
            await Sealer(chain.database).seal()
            written += 1
        return written

    writing = asyncio.ensure_future(write_on())
    for _ in range(3):
        before = await Sealer(chain.database).head()
        async with snapshot(database_url) as conn:
            assert (await head_of(conn)).place >= before.place
            while (await Sealer(chain.database).head()).place < before.place + 2:
                assert not writing.done(), writing.exception()
                await asyncio.sleep(0)  # it writes, beside what is read
            report = await audits.audit(conn, NOON + timedelta(days=1), before)
        after = await Sealer(chain.database).head()
        assert report.faults == []
        assert before.place <= report.read == report.head.place < after.place
    stopped = True
    assert await writing > 3


MANY = 310_000


async def grown(conn: AsyncConnection) -> None:
    """``MANY`` entries by the shortest way there is; their digests are not those of a chain."""
    series = f"FROM generate_series(1, {MANY}) n"
    values = (
        "n, timestamptz '2026-11-24 12:00+00', 'thing.changed', 'U1', '[\"thing:X-' || n || '\"]', '{}', n, 'x'"
    )
    columns = 'id, at, kind, "by", subjects, facts, place, digest'
    await conn.execute(text(f"INSERT INTO ledger ({columns}) SELECT {values} {series}"))
    await conn.execute(text(f"INSERT INTO ledger_subject SELECT 'thing:X-' || n, n {series}"))
    await conn.execute(insert(head_table).values(id=1, place=MANY, digest="x"))


async def test_an_audit_of_more_than_300_000_entries_is_done_on_postgresql(
    postgres_server: Any, open_database: Any, clock: FakeClock
):
    url = postgres_server.fresh()
    database = await open_database(url)
    async with database.write() as conn:
        await grown(conn)
        await conn.execute(delete(ledger_table).where(ledger_table.c.id == MANY - 5))
    async with snapshot(url) as conn:
        # The bot's own limit, which ``snapshot`` lifts: with NOT IN one statement takes longer than any patience.
        await conn.execute(text(f"SET LOCAL statement_timeout = {int(STATEMENT_SECONDS * 1000)}"))
        since = Head(MANY - 10, "x")
        report = await audits.audit(conn, NOON, since=since)
        query = audits.LOST.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
        plan = "\n".join((await conn.execute(text(f"EXPLAIN {query}"))).scalars())

    # A join by hash or by merge; a subplan is looked through for each subject, however little memory it may take.
    assert "Anti Join" in plan
    assert "SubPlan" not in plan
    assert f"the entry at place {MANY - 5} was removed" in report.faults
    assert f"entry {MANY - 5}, which was about thing:X-{MANY - 5}, was removed" in report.faults
