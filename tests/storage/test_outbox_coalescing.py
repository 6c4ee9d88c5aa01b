"""However puts, claims, answers and crashes follow each other, Slack ends up showing the newest content, once."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.storage.engine.database import Database
from bot.storage.outbox.outbox import Outbox, Put, put
from bot.storage.outbox.steps import Doing, Doubt, Ending, Gone, Later, Sent, Step
from tests.fakes import FakeClock

KEYS = ("card", "reply", "other")
SECOND = timedelta(seconds=1)

puts = st.tuples(st.just("put"), st.sampled_from(KEYS), st.integers(0, 3))
turns = st.tuples(
    st.just("turn"), st.sampled_from(["ok", "lost answer", "not done", "too fast", "refused"]), st.just(0)
)
others = st.tuples(st.sampled_from(["crash", "delete"]), st.sampled_from(KEYS), st.just(0))


class Slack:
    """A channel with as much of Slack as the outbox can tell: what is shown, by generation of the key."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.shown: dict[str, tuple[str, int, str, int]] = {}  # ts -> key, generation, text, revision
        self.calls = 0

    def answer(self, step: Step, how: str) -> Ending:  # noqa: PLR0911 - one line for each kind of answer
        self.calls += 1
        now = self.clock.now()
        if step.doing is Doing.LOOK:
            found = [(ts, one) for ts, one in self.shown.items() if one[:2] == (step.key, step.generation)]
            if found:
                return Sent(step, now, step.channel, found[0][0], found[0][1][3])
            return Later(step, now, "missing", missing=True)
        if how == "not done":
            return Doubt(step, now, "503", 0) if step.doing is Doing.POST else Later(step, now, "503")
        if how in ("too fast", "refused"):
            return Later(step, now + SECOND, how, refused=how == "refused")
        if step.doing is Doing.EDIT and step.ts not in self.shown:
            return Gone(step)
        ts = step.ts or f"{self.calls}.0"
        self.shown[ts] = (step.key, step.generation, step.text, step.revision)
        if how == "lost answer":
            return Doubt(step, now, "reset", 0) if step.doing is Doing.POST else Later(step, now, "reset")
        return Sent(step, now, step.channel, ts, step.revision)


async def live(actions: list[tuple[str, str, int]], template: Path) -> None:
    with TemporaryDirectory() as folder:
        shutil.copyfile(template, f"{folder}/x.db")
        clock = FakeClock()
        database = await Database.open(f"sqlite:///{folder}/x.db", clock=clock, replica_id="r")
        try:
            await _live(actions, database, clock)
        finally:
            await database.close()


async def _live(actions: list[tuple[str, str, int]], database: Database, clock: FakeClock) -> None:
    slack, outbox, owner = Slack(clock), Outbox(database, "0"), 0
    wanted: dict[str, str] = {}

    async def turn(how: str) -> bool:
        claim = await outbox.claim(10)
        await outbox.settle([slack.answer(step, how) for step in claim.steps])
        if not claim.steps and claim.next_at is not None:
            clock.at = max(clock.at, claim.next_at)
        return bool(claim.steps) or claim.next_at is not None

    for what, which, n in actions:
        clock.move(timedelta(milliseconds=300))
        if what == "put":
            new = [Put("card", "C1", "first")] if which == "reply" and "card" not in wanted else []
            new.append(Put(which, "C1", f"{which} {n}", thread_of="card" if which == "reply" else None))
            wanted.update({one.key: one.text for one in new})
            async with database.write() as conn:
                await put(conn, new, clock.now())
        elif what == "turn":
            await turn(which)
        elif what == "delete":
            slack.shown = {ts: one for ts, one in slack.shown.items() if one[0] != which or which == "card"}
        else:  # it dies between the call and writing down how it ended
            for step in (await outbox.claim(10)).steps:
                slack.answer(step, "ok")
            owner += 1
            outbox = Outbox(database, str(owner))
            await outbox.take_over()
    for _ in range(200):
        clock.move(timedelta(seconds=2))
        if not await turn("ok"):
            break
    await check(slack, outbox, wanted, actions)


async def check(slack: Slack, outbox: Outbox, wanted: dict[str, str], actions: Any) -> None:
    depth, dead = await outbox.depth()
    assert (sum(depth.values()), dead) == (0, 0)
    deleted = {which for what, which, _ in actions if what == "delete"}
    for key, text in wanted.items():
        texts = [one[2] for one in slack.shown.values() if one[0] == key]
        assert len(texts) <= 1, f"{key} stands there twice"
        assert texts == [text] or (key in deleted and not texts), f"{key} shows {texts}, not {text}"
        if texts:
            place = await outbox.lookup(key)
            assert place is not None
            assert slack.shown[place[1]][0] == key


@given(st.lists(st.one_of(puts, turns, others), max_size=25))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_newest_content_is_shown_once_whatever_happens(sqlite_template: Path, actions: list[Any]):
    asyncio.run(live(actions, sqlite_template))
