"""Whatever happens: an open blocker has exactly one next step owed, a closed one none, and nobody is asked twice."""

import asyncio
from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.refusals import Refusal
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.stages.code.blocking import LEA, Held

PEOPLE = (ANA, TOM, MEI, LUIS, LEA)

people = st.sampled_from(PEOPLE)
spans = st.integers(1, 60 * 72).map(lambda minutes: timedelta(minutes=minutes))
ids = st.sampled_from(("B-1", "B-2"))
acts = st.one_of(
    st.tuples(st.just("wait"), spans),
    st.tuples(st.just("down"), spans),
    st.tuples(st.just("air"), people, st.none() | people),
    st.tuples(st.just("ask"), ids, people, people),
    st.tuples(st.just("hand back"), ids),
    st.tuples(st.just("snooze"), ids, spans),
    st.tuples(st.just("close"), ids, people),
    st.tuples(st.just("reopen"), ids, people),
    st.tuples(st.just("leave"), people),
)


async def act(there: Held, what: tuple) -> bool:
    """Do it; whether whoever is asked, or when, was changed by hand."""
    async with there.unit() as work:
        match what:
            case ("air", owner, unblocker):
                await blockers.air(work, "x", owner.id, unblocker=unblocker.id if unblocker else None)
            case ("ask", id, who, by):
                await blockers.ask(work, id, who, by)
            case ("hand back", id):
                blocker = await blockers.known(work, id)
                holder = next((each for each in PEOPLE if each.id == blocker.unblocker_id), ANA)
                await blockers.hand_back(work, id, holder)
            case ("snooze", id, span):
                blocker = await blockers.known(work, id)
                holder = next((each for each in PEOPLE if each.id == blocker.unblocker_id), ANA)
                await blockers.snooze(work, id, holder, work.now + span)
            case ("close", id, by):
                await blockers.close(work, id, by)
            case ("reopen", id, by):
                await blockers.reopen(work, id, by)
    return what[0] in ("ask", "hand back", "snooze")


async def run(script: list[tuple]) -> None:
    there = Held()
    by_hand = False
    for what in script:
        try:
            if what[0] == "wait":
                await there.pass_(what[1])
            elif what[0] == "down":
                there.clock.move(what[1])
                await there.pass_(timedelta())
            elif what[0] == "leave":
                there.change_person(what[1], is_gone=True)
            else:
                by_hand |= await act(there, what)
        except Refusal:
            pass  # what nobody can do now changes nothing, which is checked below
        await check(there)
    if not by_hand:
        check_asked_once(there)


async def check(there: Held) -> None:
    for blocker in await there.find(Blocker):
        owed = there.owed(blocker.id)
        if not blocker.is_open:
            assert owed == []
            continue
        (job,) = owed
        assert (job.args["step"], job.due) == (blocker.step, blocker.next_at)
        assert job.due <= there.clock.at + timedelta(days=15)


def check_asked_once(there: Held) -> None:
    zones = {person.id: ZoneInfo(person.zone) for person in PEOPLE}
    for id in ("B-1", "B-2"):
        asks = there.asks(id)
        days = Counter((who, at.astimezone(zones[who]).date()) for who, at in asks)
        assert all(times == 1 for times in days.values())
        for who, at in asks:
            local = at.astimezone(zones[who])
            assert 9 <= local.hour < 17
            assert local.weekday() < 5
    assert there.kinds.count("blocker.raised") <= len({entry.subjects[0] for entry in there.entries})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, max_size=25).map(lambda rest: [("air", LUIS, TOM), ("air", MEI, None), *rest]))
def test_an_open_blocker_always_has_exactly_one_next_step(script: list[tuple]) -> None:
    asyncio.run(run(script))


def test_a_year_of_waiting_asks_once_a_working_day() -> None:
    async def year() -> None:
        there = Held()
        await there.air("staging is read-only", LUIS, TOM)
        await there.pass_(timedelta(days=365))
        check_asked_once(there)
        working = sum((NOON + timedelta(days=day)).weekday() < 5 for day in range(365))
        assert len(there.asks()) in (working, working + 1)
        await check(there)

    asyncio.run(year())
