"""What hangs holds up nothing but its own kind: places by kind of job, on a real database."""

import asyncio
from collections import Counter

import pytest

from bot import discovery
from bot.core.handlers import due, due_outside
from bot.core.jobs import Due, Outcome
from bot.runtime.job_places import FOLLOWED, IN_ALL, OF_A_KIND, WAITING_OUTSIDE, Places
from tests.runtime.test_worker import World

PROGRAMS = 40  # more than all places that there once were
CHARTS, DRAFTS = 9, 9


class Storm:
    """A worker whose programs, Prometheus and code host hang; and what of it began and ended."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.began = Counter[str]()
        self.done: list[str] = []
        self.some_began, self.some_done = asyncio.Event(), asyncio.Event()
        self.answers = {kind: asyncio.Semaphore(0) for kind in ("deploy.run", "alert.chart", "release.draft")}
        for kind, semaphore in self.answers.items():
            world.outside[kind] = self._hanging(kind, semaphore)
        for kind in ("note", "escalate.audit"):
            world.inside[kind] = self._quick(kind)

    def _hanging(self, kind: str, semaphore: asyncio.Semaphore):
        @due_outside(kind, follows=kind == "deploy.run")
        async def hang(tools, it: Due) -> Outcome:
            self.began[kind] += 1
            self.some_began.set()
            await semaphore.acquire()
            return Outcome.DONE

        return hang

    def _quick(self, kind: str):
        @due(kind, urgent=kind == "escalate.audit")
        async def quick(work, it: Due) -> Outcome:
            self.done.append(it.job.key)
            self.some_done.set()
            return Outcome.DONE

        return quick

    async def until_begun(self, **expected: int) -> None:
        wanted = {kind.replace("_", "."): count for kind, count in expected.items()}
        async with asyncio.timeout(10):
            while dict(self.began) != wanted:
                await self.some_began.wait()
                self.some_began.clear()

    async def until_done(self, *keys: str) -> None:
        async with asyncio.timeout(10):
            while not set(keys) <= set(self.done):
                await self.some_done.wait()
                self.some_done.clear()


@pytest.fixture
async def storm(database, clock):
    world = World(database, clock)
    made = Storm(world)
    for kind, many in (("deploy.run", PROGRAMS), ("alert.chart", CHARTS), ("release.draft", DRAFTS)):
        for n in range(many):
            await world.owe(kind, f"{kind}:{n}")
    running = asyncio.create_task(world.worker.run())
    yield made
    for semaphore in made.answers.values():
        for _ in range(PROGRAMS):
            semaphore.release()
    await world.worker.stop(running)


async def test_what_hangs_outside_stops_no_other_kind(storm: Storm):
    await storm.until_begun(deploy_run=PROGRAMS, alert_chart=WAITING_OUTSIDE, release_draft=WAITING_OUTSIDE)
    notes = [f"note:{n}" for n in range(2 * OF_A_KIND)]
    for key in notes:
        await storm.world.owe("note", key)
    await storm.world.owe("escalate.audit", "audit")
    await storm.until_done("audit", *notes)
    assert storm.began["alert.chart"] == storm.began["release.draft"] == WAITING_OUTSIDE


async def test_a_kind_that_was_full_goes_on_as_soon_as_one_of_it_ends(storm: Storm):
    full = {"deploy_run": PROGRAMS, "alert_chart": WAITING_OUTSIDE, "release_draft": WAITING_OUTSIDE}
    await storm.until_begun(**full)
    for more in range(1, CHARTS - WAITING_OUTSIDE + 1):
        storm.answers["alert.chart"].release()
        await storm.until_begun(**{**full, "alert_chart": WAITING_OUTSIDE + more})


async def test_a_full_kind_is_not_looked_for_and_waits_without_spinning(storm: Storm, monkeypatch):
    full = {"deploy_run": PROGRAMS, "alert_chart": WAITING_OUTSIDE, "release_draft": WAITING_OUTSIDE}
    await storm.until_begun(**full)
    asked: list[tuple[str, ...]] = []
    next_due = storm.world.worker._jobs.next_due

    async def counted(kinds):
        asked.append(kinds)
        return await next_due(kinds)

    monkeypatch.setattr(storm.world.worker._jobs, "next_due", counted)
    await storm.world.owe("note", "one")
    await storm.until_done("one")
    assert all(not {"alert.chart", "release.draft"} & set(kinds) for kinds in asked)
    assert len(asked) < 10


@due("ordinary")
async def ordinary(work, it: Due) -> Outcome:
    return Outcome.DONE


@due("urgent", urgent=True)
async def urgent(work, it: Due) -> Outcome:
    return Outcome.DONE


@due_outside("program", follows=True)
async def program(tools, it: Due) -> Outcome:
    return Outcome.DONE


@due_outside("asks")
async def asks(tools, it: Due) -> Outcome:
    return Outcome.DONE


def test_each_kind_has_places_of_its_own_and_what_is_urgent_always_has_some():
    places = Places({"a": ordinary, "b": ordinary, "c": ordinary, "page": urgent}, {"run": program, "ask": asks})
    rooms, most = places.left([])
    assert rooms == {
        **dict.fromkeys(("a", "b", "c", "page"), OF_A_KIND),
        "run": FOLLOWED,
        "ask": WAITING_OUTSIDE,
    }
    assert most == IN_ALL
    assert places.all_have_room(rooms)

    some, most = places.left(["a"] * OF_A_KIND + ["b"] * 3 + ["ask"] * WAITING_OUTSIDE + ["run"] * 100)
    assert set(some) == {"b", "c", "page", "run"}
    assert not places.all_have_room(some)
    assert most == IN_ALL - OF_A_KIND - 3

    none, most = places.left(["a"] * OF_A_KIND + ["b"] * OF_A_KIND)
    assert set(none) == {"page", "run", "ask"}
    assert most == IN_ALL


def test_what_calls_people_is_urgent_and_nothing_that_waits_outside_is():
    found = discovery.workflows()
    marked = {kind for kind, handler in found.inside.items() if getattr(handler, "urgent", False)}
    assert marked == {"escalate.step", "escalate.wake", "escalate.audit", "oncall.turn", "alert.quiet"}
    assert {kind for kind, handler in found.outside.items() if handler.follows} == {"deploy.run"}
