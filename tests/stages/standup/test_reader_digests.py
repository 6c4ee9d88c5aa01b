"""Each reader gets, at their own hour, what is new since their last digest, and nothing twice."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.core.command import Reply
from bot.core.events import AlertFired
from bot.core.jobs import Outcome
from bot.core.people import Person
from bot.core.refusals import Stale
from bot.stages.code import blockers
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.standup import reader_digests, setups
from bot.stages.standup.model.reader_digest import ReaderDigest
from bot.team.people.model.presence import Presence
from commands.standup import command
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.rendered import RENDER, shown
from tests.stages.code.asking import HANDLERS, HOUR, TOMS_NINE, Asked

DAY = timedelta(days=1)
MEIS_EIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)  # in Tokyo, of the next day


async def begun(at: str = "08:00", by: Person = MEI) -> Asked:
    """Mei, who is no member of it, reads what a stand-up of three others says."""
    there = Asked()
    await there.plan()
    hour = time.fromisoformat(at)
    await there.use(command, "digest", by=by, standup="U-1", time=hour)
    await there.until(TOMS_NINE)
    return there


async def until(there: Asked, at: datetime, **more: Any) -> list[Outcome]:
    return await there.later(at - there.clock.at, *HANDLERS, reader_digests.digest_when_due, **more)


def digests(there: Asked, of: Person = MEI) -> list[str]:
    return [shown(message) for key, message in there.said.items() if key.startswith(f"digest:U-1/{of.id}:")]


async def test_a_digest_comes_at_the_readers_own_hour_with_what_others_said():
    there = await begun()
    await there.answer(TOM, "C-38", "the rollout")
    await until(there, MEIS_EIGHT - timedelta(minutes=1))
    assert digests(there) == []
    await until(there, MEIS_EIGHT)

    (told,) = digests(there)
    assert told.startswith("New for you · Team web · 1 answer")
    assert "*Tom* · next: the rollout" in told


async def test_nothing_is_told_twice_and_where_nothing_is_new_nothing_is_said():
    there = await begun()
    await there.answer(TOM, "C-38", "the rollout")
    await until(there, MEIS_EIGHT + 2 * DAY)
    assert len(digests(there)) == 1
    await there.answer(TOM, "C-38", "something else")
    await until(there, MEIS_EIGHT + 5 * DAY)

    assert len(digests(there)) == 2
    assert "*Tom* (edited) · next: something else" in digests(there)[1]


async def test_blockers_ships_and_alerts_are_in_it():
    there = await begun()
    await there.answer(TOM, "C-38", "the rollout", "tests are red")
    live = Deployment.ask("web", "v1.4.0", there.team.environments["staging"], TOM, there.clock.now())
    await there.add(replace(live, state=State.SUCCEEDED, ended_at=there.clock.now(), ended_by=TOM.id))
    fired = AlertFired("alertmanager", "f", "g", {"alertname": "HighErrorRate"}, {}, TOMS_NINE, there.clock.now())
    await there.add(AlertGroup("alertmanager", "g", there.clock.now(), service="web").fire(fired))
    await until(there, MEIS_EIGHT)

    (told,) = digests(there)
    assert "1 answer · 1 new blocker · 1 ship · 1 alert" in told
    for part in ("Firing: HighErrorRate", "Blocked: tests are red (Tom)", "web v1.4.0 → staging"):
        assert part in told
    async with there.unit() as work:
        await blockers.close(work, "B-1", ANA)
    await until(there, MEIS_EIGHT + DAY)
    assert "Unblocked: tests are red" in digests(there)[1]
    assert "HighErrorRate" not in digests(there)[1]


async def test_what_somebody_said_or_is_asked_about_is_no_news_to_them():
    there = await begun("10:00", TOM)
    await there.answer(TOM, "C-38", "x", "tests are red")
    await until(there, TOMS_NINE + DAY + 2 * HOUR)

    assert digests(there, TOM) == []


async def test_on_days_off_nothing_comes_and_the_next_one_has_it_all():
    there = await begun()
    await there.add(Presence(id=MEI.id, away_from=date(2026, 11, 24), away_until=date(2026, 11, 27)))
    await there.answer(TOM, "C-38", "the rollout")
    await until(there, MEIS_EIGHT)  # was owed before she left
    await there.answer(ANA, "x", "more")
    await until(there, MEIS_EIGHT + DAY)
    assert len(digests(there)) == 1
    await until(there, MEIS_EIGHT + 2 * DAY)
    assert "*Ana* (late) · next: more" in digests(there)[1]


async def test_a_digest_that_comes_late_says_so():
    there = await begun()
    await there.answer(TOM, "C-38", "the rollout")
    await until(there, MEIS_EIGHT + 2 * HOUR, up_late=2 * HOUR)

    assert "This comes 2 h late" in digests(there)[0]


async def test_it_ends_when_it_is_turned_off_or_the_stand_up_is_deleted():
    there = await begun()
    with pytest.raises(Stale, match="You get no digest"):
        await there.use(command, "digest", by=LUIS, standup="U-1", off="off")
    await there.use(command, "digest", by=MEI, standup="U-1", off="off")
    assert await there.find(ReaderDigest) == []
    await there.use(command, "digest", by=MEI, standup="U-1", time=time(8))
    async with there.unit() as work:
        standup = await setups.standup_named(work, "U-1")
        await setups.delete(work, standup, ANA)
    await until(there, MEIS_EIGHT + DAY)
    assert await there.find(ReaderDigest) == []
    assert [key for key in there.jobs if key.startswith("standup.digest")] == []


async def test_another_time_moves_it():
    there = await begun()
    await there.use(command, "digest", by=MEI, standup="U-1", time=time(9, 30))

    owed = [job for job in there.jobs.values() if job.kind == "standup.digest"]
    assert [job.due for job in owed] == [MEIS_EIGHT + 1.5 * HOUR]


async def test_it_can_be_looked_at_any_time_and_leaves_the_next_one_as_it_is():
    there = await begun()
    await there.answer(TOM, "C-38", "the rollout")
    there.clock.move(HOUR)
    for _ in range(2):
        answer = await there.use(command, "digest", by=MEI, standup="team web")
        assert isinstance(answer, Reply)
        assert "1 answer" in RENDER(answer.template, answer.context).text
    await until(there, MEIS_EIGHT)
    assert len(digests(there)) == 1
