"""What the worker does with jobs and deliveries: in time, late, missed, failing, dead, and handed over."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message, Rendered
from bot.core.ports import Tools
from bot.core.refusals import Conflict, Refusal, Stale, Unreadable
from bot.core.team import Team
from bot.runtime.worker import ATTEMPTS, Worker
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.outbox.outbox import Outbox
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs, job_table
from bot.storage.work.unit_of_work import UnitOfWork
from bot.vendors.kit.webhooks import MalformedPayload, UnknownSource

MINUTE = timedelta(minutes=1)


class World:
    """A worker on a database, and what its handlers were given."""

    def __init__(self, database, clock) -> None:
        self.database, self.clock = database, clock
        self.seen: list[Due] = []
        self.delivered: list[bytes] = []
        self.unit = UnitOfWork(database, team=Team(), render=lambda template, context: Rendered(template))
        self.jobs = Jobs(database, database.replica_id)
        self.inbox = Inbox(database, database.replica_id)
        self.outbox = Outbox(database, database.replica_id)
        self.inside, self.outside = {}, {}
        self.settle = self._settle
        tools = Tools(self.unit, clock, None, Team())
        self.worker = Worker(
            database,
            self.unit,
            tools,
            inbox=self.inbox,
            inside=self.inside,
            outside=self.outside,
            settle=lambda work, delivery: self.settle(work, delivery),  # noqa: PLW0108 - tests replace it
        )

    async def _settle(self, work, delivery) -> str:
        self.delivered.append(delivery.body)
        return "seen"

    async def owe(self, kind: str = "note", key: str = "k", *, after: timedelta = timedelta(0), **more) -> None:
        async with self.unit() as work:
            work.owe(Job(kind, key, self.clock.now() + after, **more))

    async def receive(self, *bodies: bytes, source: str = "github") -> None:
        for body in bodies:
            await self.inbox.receive(source, body.decode(), {}, body, self.clock.now())


@pytest.fixture
def world(database, clock) -> World:
    made = World(database, clock)

    async def note(work, due: Due) -> Outcome:
        made.seen.append(due)
        work.record(Entry("note.taken", (Subject("change", due.job.key),)))
        work.say(Message(due.job.key, "#c0", "note"))
        return Outcome.MISSED if due.missed else Outcome.DONE

    made.inside["note"] = note
    return made


async def test_a_job_is_done_at_its_instant_and_not_before(world, clock):
    await world.owe(after=MINUTE)
    assert await world.worker.turn() == clock.now() + MINUTE
    assert world.seen == []
    clock.move(MINUTE)
    assert await world.worker.turn() is None
    assert [(due.attempt, due.late_by, due.missed) for due in world.seen] == [(1, timedelta(0), False)]
    assert await world.jobs.outcome("k") is Outcome.DONE


async def test_what_a_job_says_and_records_is_committed_with_its_end(world):
    await world.owe()
    await world.worker.turn()
    async with world.unit() as work:
        assert [one.entry.kind for one in await work.history(Subject("change", "k"))] == ["note.taken"]
    assert sum((await world.outbox.depth())[0].values()) == 1


async def test_a_late_job_knows_how_late_it_is_and_whether_that_is_too_late(world, clock):
    await world.owe(key="late", window=10 * MINUTE)
    await world.owe(key="too late", window=MINUTE)
    clock.move(5 * MINUTE)
    await world.worker.turn()
    assert {due.job.key: (due.late_by, due.missed) for due in world.seen} == {
        "late": (5 * MINUTE, False),
        "too late": (5 * MINUTE, True),
    }
    assert await world.jobs.outcome("too late") is Outcome.MISSED


async def test_a_failing_job_leaves_nothing_behind_and_is_tried_again_until_a_person_must_look(world, clock):
    async def fail(work, due: Due) -> Outcome:
        world.seen.append(due)
        work.say(Message("never", "#c0", "never"))
        raise RuntimeError("no such thing")

    world.inside["fail"] = fail
    await world.owe("fail")
    while (due := await world.worker.turn()) is not None:
        clock.at = due
    assert [due.attempt for due in world.seen] == list(range(1, ATTEMPTS + 1))
    assert await world.jobs.outcome("k") is Outcome.DEAD
    [dead] = await world.jobs.dead()
    assert dead.note == "RuntimeError: no such thing"
    assert sum((await world.outbox.depth())[0].values()) == 0
    world.inside["fail"] = world.inside["note"]
    assert await world.jobs.redo("k")
    await world.worker.turn()
    assert await world.jobs.outcome("k") is Outcome.DONE


async def test_a_job_that_met_a_conflict_begins_again_at_once(world):
    tries = []

    async def conflict(work, due: Due) -> Outcome:
        tries.append(due.attempt)
        if len(tries) < 3:
            raise Conflict("somebody else was faster")
        return Outcome.DONE

    world.inside["conflict"] = conflict
    await world.owe("conflict")
    await world.worker.turn()
    assert tries == [1, 1, 1]
    assert await world.jobs.outcome("k") is Outcome.DONE


@pytest.mark.parametrize(("refusal", "outcome"), [(Stale, Outcome.NOOP), (Refusal, Outcome.DEAD)])
async def test_a_refusal_ends_a_job_without_trying_again(refusal, outcome, world):
    async def refuse(work, due: Due) -> Outcome:
        raise refusal("It has moved on.")

    world.inside["refuse"] = refuse
    await world.owe("refuse")
    assert await world.worker.turn() is None
    assert await world.jobs.outcome("k") is outcome


async def test_a_job_outside_may_ask_to_be_called_again(world, clock):
    async def build(tools, due: Due):
        world.seen.append(due)
        async with tools.unit() as work:
            work.record(Entry("build.asked", (Subject("build", "b"),)))
        return Again(MINUTE, "it is still running") if len(world.seen) < 3 else Outcome.DONE

    world.outside["build"] = build
    await world.owe("build")
    for _ in range(2):
        assert await world.worker.turn() == clock.now() + MINUTE
        clock.move(MINUTE)
    assert await world.worker.turn() is None
    assert [due.attempt for due in world.seen] == [1, 1, 1]  # whoever gives up must go by the time
    assert [due.late_by for due in world.seen] == [0 * MINUTE, MINUTE, 2 * MINUTE]
    assert await world.jobs.outcome("k") is Outcome.DONE


async def test_deliveries_of_a_source_are_worked_on_in_order_and_once(world):
    await world.receive(*(f"{n}".encode() for n in range(20)))
    await world.receive(b"3")
    await world.worker.turn()
    await world.worker.turn()
    assert world.delivered == [f"{n}".encode() for n in range(20)]


async def test_a_malformed_delivery_is_a_dead_letter_that_names_the_field_and_holds_up_nobody(world):
    async def settle(work, delivery) -> str:
        work.say(Message("never", "#c0", "never"))
        if delivery.body == b"bad":
            raise MalformedPayload("alerts.0.startsAt", "Field required")
        world.delivered.append(delivery.body)
        return ""

    world.settle = settle
    await world.receive(b"bad", b"good")
    await world.worker.turn()
    [dead] = await world.inbox.dead_letters()
    assert (dead.path, dead.reason, dead.delivery.body) == ("alerts.0.startsAt", "Field required", b"bad")
    assert world.delivered == [b"good"]
    world.settle = world._settle
    assert await world.inbox.replay(dead.id)
    await world.worker.turn()
    assert world.delivered == [b"good", b"bad"]
    assert await world.inbox.dead_letters() == []


async def test_a_delivery_that_breaks_us_is_tried_again_and_then_kept_for_a_person(world, clock):
    async def settle(work, delivery) -> str:
        world.delivered.append(delivery.body)
        raise RuntimeError("a bug")

    world.settle = settle
    await world.receive(b"x")
    for _ in range(ATTEMPTS + 2):
        await world.worker.turn()
        clock.move(10 * MINUTE)
    assert len(world.delivered) == ATTEMPTS
    assert [dead.reason for dead in await world.inbox.dead_letters()] == ["RuntimeError: a bug"]


async def test_a_delivery_of_a_source_that_this_version_lacks_is_kept_for_one_that_has_it(world, clock):
    async def lacks(work, delivery) -> str:
        raise UnknownSource("this version has no source 'newest'")

    knows, world.settle = world.settle, lacks
    await world.receive(b"x")
    for _ in range(3 * ATTEMPTS):
        await world.worker.turn()
        clock.move(10 * MINUTE)
    assert await world.inbox.dead_letters() == []

    world.settle = knows
    await world.worker.turn()
    assert world.delivered == [b"x"]


async def test_it_runs_when_woken_without_waiting_for_a_poll_and_stops_when_asked(world):
    done = asyncio.Event()

    async def quick(work, due: Due) -> Outcome:
        done.set()
        return Outcome.DONE

    world.inside["quick"] = quick
    running = asyncio.create_task(world.worker.run())
    await asyncio.sleep(0)
    await world.owe("quick")
    async with asyncio.timeout(2):
        await done.wait()
    await world.worker.stop(running)
    assert running.done()
    assert await world.jobs.outcome("k") is Outcome.DONE


async def test_stopping_lets_what_runs_finish_and_gives_back_what_does_not(world):
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow(tools, due: Due) -> Outcome:
        started.set()
        await finish.wait()
        return Outcome.DONE

    async def stuck(tools, due: Due) -> Outcome:
        await asyncio.Event().wait()
        return Outcome.DONE

    world.outside.update(slow=slow, stuck=stuck)
    await world.owe("slow", "slow")
    await world.owe("stuck", "stuck")
    running = asyncio.create_task(world.worker.run())
    await started.wait()
    stopping = asyncio.create_task(world.worker.stop(running, timedelta(seconds=0.3)))
    finish.set()
    await stopping
    assert await world.jobs.outcome("slow") is Outcome.DONE
    other = Jobs(world.database, "another replica")
    assert [claimed.job.key for claimed in await other.claim(world.clock.now(), 10)] == ["stuck"]


async def test_a_job_that_another_replica_has_taken_over_is_ended_here(postgres_server, open_database, clock):
    database = await open_database(postgres_server.fresh(), "slow")
    world = World(database, clock)
    started, ended = asyncio.Event(), []

    async def slow(tools, due: Due) -> Outcome:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(due.job.key)
            raise
        return Outcome.DONE

    world.outside["slow"] = slow
    await world.owe("slow")
    running = asyncio.create_task(world.worker.run())
    await started.wait()
    clock.move(MINUTE)
    assert len(await Jobs(database, "other").claim(clock.now(), 10)) == 1
    await world.worker.renew()
    await world.worker.stop(running)
    assert ended == ["k"]


async def test_a_database_that_is_away_for_a_while_stops_nothing(world, monkeypatch):
    calls = SimpleNamespace(n=0)
    finish = world.worker._jobs.finish

    async def flaky(*args, **kwargs):
        calls.n += 1
        if calls.n < 3:
            raise StorageUnavailable("gone")
        return await finish(*args, **kwargs)

    async def outside(tools, due: Due) -> Outcome:
        return Outcome.DONE

    monkeypatch.setattr(world.worker._jobs, "finish", flaky)
    world.outside["outside"] = outside
    await world.owe("outside")
    await world.worker.turn()
    assert calls.n == 3
    assert await world.jobs.outcome("k") is Outcome.DONE


@pytest.mark.parametrize("follows", [True, False])
async def test_a_lost_lease_ends_a_job_unless_it_follows_a_program(world: World, follows: bool):
    began, ends, told = asyncio.Event(), asyncio.Event(), []

    @due_outside("run", follows=follows)
    async def run(tools, due: Due) -> Outcome:
        began.set()
        await ends.wait()
        told.append("end")
        return Outcome.DONE

    world.outside["run"] = run
    await world.owe("run")
    turn = asyncio.create_task(world.worker.turn())
    await began.wait()
    async with world.database.write() as conn:
        await conn.execute(update(job_table).values(owner="another"))
    await world.worker.renew()
    await asyncio.sleep(0)
    ends.set()
    await turn
    assert told == (["end"] if follows else [])


async def test_a_job_of_a_kind_that_we_do_not_know_is_left_to_another_version_and_said_after_a_while(world, clock):
    await world.owe("note.from.the.future", key="new")
    await world.owe(key="ours")
    assert await world.worker.turn() is None
    assert await world.jobs.outcome("ours") is Outcome.DONE
    assert await world.jobs.outcome("new") is None
    async with world.unit.reading() as work:
        assert await work.dead_letters() == []
    clock.move(16 * MINUTE)
    async with world.unit.reading() as work:
        [letter] = await work.dead_letters()
    assert (letter.id, letter.what) == ("new", "note.from.the.future (new)")
    assert "no replica that runs does jobs of this kind" in letter.why

    world.inside["note.from.the.future"] = world.inside["note"]  # the newer version comes to it
    await world.worker.turn()
    assert await world.jobs.outcome("new") is Outcome.DONE
    assert [due.attempt for due in world.seen] == [1, 1]


async def test_a_job_about_what_only_a_newer_version_understands_is_tried_again(world, clock):
    async def meets(work, due: Due) -> Outcome:
        world.seen.append(due)
        if len(world.seen) < 3:
            raise Unreadable("D-1")
        return Outcome.DONE

    world.inside["meets"] = meets
    await world.owe("meets")
    while (due := await world.worker.turn()) is not None:
        clock.at = due
    assert await world.jobs.outcome("k") is Outcome.DONE
    assert len(world.seen) == 3
