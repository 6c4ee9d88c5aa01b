"""Whose turn it is to write on SQLite: a gesture waits for who has it and for no one else."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.core.ledger import Entry, Subject
from bot.core.team import Team
from bot.storage.engine.database import Database
from bot.storage.engine.turns import IN_A_ROW, Turn
from bot.storage.work.unit_of_work import UnitOfWork
from tests.storage.things import Rendering


async def settled() -> None:
    """Until every task has gone as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


class Order:
    """In which order those who asked had the turn."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.had: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, *, first: bool = False) -> None:
        async def have() -> None:
            await self.turn.acquire(first=first)
            self.had.append(name)
            self.turn.release()

        self.tasks[name] = asyncio.create_task(have())
        await settled()


async def test_a_gesture_passes_everybody_who_waits_and_the_others_keep_their_order():
    order = Order(turn := Turn())
    await turn.acquire()
    for name in ("a", "b"):
        await order.ask(name)
    for name in ("gesture 1", "gesture 2"):
        await order.ask(name, first=True)
    turn.release()
    await asyncio.gather(*order.tasks.values())
    assert order.had == ["gesture 1", "gesture 2", "a", "b"]


async def test_however_many_gestures_come_one_who_waits_has_a_turn_after_some():
    order = Order(turn := Turn())
    await turn.acquire()
    await order.ask("a")
    for n in range(IN_A_ROW + 5):
        await order.ask(f"gesture {n}", first=True)
    turn.release()
    await asyncio.gather(*order.tasks.values())
    assert order.had.index("a") == IN_A_ROW


async def test_who_gives_up_in_the_instant_of_its_turn_loses_it_for_nobody():
    order = Order(turn := Turn())
    await turn.acquire()
    for name in ("gives up first", "gives up as it is handed the turn", "b"):
        await order.ask(name)
    order.tasks["gives up first"].cancel()  # it has not left its queue yet
    turn.release()
    order.tasks["gives up as it is handed the turn"].cancel()
    await asyncio.gather(*order.tasks.values(), return_exceptions=True)
    assert order.had == ["b"]
    await asyncio.wait_for(turn.acquire(), 1)


@pytest.fixture
async def sqlite_database(sqlite_template: Path, tmp_path: Path, open_database: Any) -> Database:
    shutil.copyfile(sqlite_template, tmp_path / "turns.db")
    return await open_database(f"sqlite:///{tmp_path}/turns.db")


async def test_a_gesture_is_kept_before_works_that_have_waited_for_longer(sqlite_database: Database):
    """It does not only begin before them: its commit does not wait for them either."""
    unit = UnitOfWork(sqlite_database, team=Team(), render=Rendering())
    kept: list[str] = []
    may_end = asyncio.Event()

    async def work(name: str) -> None:
        async with unit.for_call(name) if "gesture" in name else unit() as one:
            one.record(Entry("work.done", (Subject("change", name),)))
            if name == "long":
                await may_end.wait()
        kept.append(name)

    tasks: list[asyncio.Task[None]] = []
    for name in ("long", "worker 1", "worker 2", "gesture 1", "gesture 2"):
        tasks.append(asyncio.create_task(work(name)))
        await settled()
    may_end.set()
    await asyncio.gather(*tasks)

    # The one that had the turn is committed with those who passed the others.
    assert set(kept[:3]) == {"long", "gesture 1", "gesture 2"}
    assert set(kept[3:]) == {"worker 1", "worker 2"}


async def test_gestures_that_wait_together_are_committed_together(sqlite_database: Database, monkeypatch):
    unit = UnitOfWork(sqlite_database, team=Team(), render=Rendering())
    groups: list[set[str]] = []
    committed = sqlite_database._writer._committed
    monkeypatch.setattr(
        sqlite_database._writer, "_committed", lambda topics: (groups.append(topics), committed(topics))
    )

    async def gesture(n: int) -> None:
        async with unit.for_call(f"gesture {n}") as work:
            work.record(Entry("work.done", (Subject("change", f"C-{n}"),)))

    await asyncio.gather(*(gesture(n) for n in range(32)))
    assert len(groups) <= 3
