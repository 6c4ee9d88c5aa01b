"""Figures and digests are of all that there was in their stretch of time, not of the newest of a kind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.events import AlertFired
from bot.core.incident_severity import IncidentSeverity
from bot.core.team import Environment
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker
from bot.stages.deploy import overviews
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.monitor import noise, silences
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.incident import Incident
from bot.stages.monitor.model.matchers import read
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.setup import Standup
from bot.stages.standup.reader_digests import news_now
from tests.fakes import ANA, MEI, NOON, TOM, World
from tests.stages.code.asking import Asked

DAY = timedelta(days=1)


def group(number: int, service: str = "web") -> AlertGroup:
    began = NOON + timedelta(seconds=number)
    fired = AlertFired("am", f"f-{number}", f"g-{number}", {"service": service}, {}, began, began)
    return replace(AlertGroup("am", f"g-{number}", began).fire(fired), channel="#alerts")


def live(number: int) -> Deployment:
    asked = Deployment.ask("web", f"v{number}", Environment("production"), TOM, NOON)
    return replace(asked, state=State.SUCCEEDED, ended_at=NOON - timedelta(minutes=number % 60))


async def put(world: World, *things: object) -> None:
    async with world.unit() as work:
        for one in things:
            await work.add(one)  # pyright: ignore[reportArgumentType]


async def test_what_a_silence_would_mute_is_found_behind_any_number_of_newer_alerts() -> None:
    world = World()
    await put(world, group(0, "payments"), *(group(n) for n in range(1, 1_200)), group(1_200, "payments"))
    async with world.unit() as work:
        new = (await work.find(AlertGroup, limit=1))[0]
        reach = await silences.reach(work, new, read('service="payments"'))

    assert [one.id for one in reach.open] == ["A-1"]


async def test_delivery_is_of_every_deployment_and_every_incident_of_these_days() -> None:
    world = World()
    incident = Incident.open("Slow", IncidentSeverity.MAJOR, MEI, MEI, NOON - DAY, "#x")
    long, short = (incident.resolve(MEI, NOON - DAY + timedelta(hours=hours)) for hours in (9, 1))
    await put(world, *(live(n) for n in range(1_100)), *[long] * 1_010, *[short] * 1_000)
    async with world.unit() as work:
        told = await overviews.delivery_of(work)

    assert (told.deployments, told.failure.deployments) == (1_100, 1_100)
    assert told.restore == timedelta(hours=9)


async def test_how_long_blockers_hold_is_of_all_that_were_closed_in_these_days() -> None:
    world = World()
    closed = Blocker.air("the rollout", TOM.id, NOON - DAY, team="web").close(ANA, NOON)
    await put(world, *[closed] * 5_050)
    async with world.unit() as work:
        (told,) = await blockers.times(work)

    assert told.count == 5_050


async def test_how_many_alerts_there_were_is_true_where_figures_are_of_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(noise, "GROUPS_MAX", 20)
    world = World()
    shown = [group(n) for n in range(50)]
    await put(world, *shown, *(replace(group(n), has_card=False) for n in range(100, 130)))
    async with world.unit() as work:
        routes, lately = await noise.noise(work)

    assert (lately.total, len(lately.groups), lately.is_cut) == (50, 20, True)
    assert lately.groups[0].opened_at == shown[-1].opened_at
    assert (sum(route.messages for route in routes), sum(route.passed for route in routes)) == (20, 30)


async def test_a_digest_tells_of_every_blocker_of_its_stand_up_whatever_else_was_aired() -> None:
    there = Asked()
    await there.plan()
    standup = (await there.find(Standup))[0]
    mine = Blocker.air("the rollout", TOM.id, there.clock.at, team=standup.name)
    await put(there, mine, *[replace(mine, team="another")] * 600)
    async with there.unit() as work:
        news = await news_now(work, standup, MEI)

    assert [one.owner_id for one in news.blockers] == [TOM.id]


async def test_a_digest_tells_of_what_is_old_and_ended_lately_behind_any_number_of_newer_ones() -> None:
    there = Asked()
    await there.plan()
    standup = (await there.find(Standup))[0]
    began = there.clock.at
    held = Blocker.air("the rollout", TOM.id, began, team=standup.name)
    asked = Deployment.ask("web", "v1", Environment("production"), TOM, began)
    answer = StandupAnswer(id="S-1:U1", round_id="S-1", user_id=TOM.id, at=began, standup_id=standup.id)
    await put(there, held, asked, answer)
    over = replace(asked, version="v2", state=State.SUCCEEDED, ended_at=began)
    newer = [held.close(ANA, began)] * 600 + [over] * 600
    others = (replace(answer, id=f"S-9:U{n}", round_id="S-9") for n in range(600))
    await put(there, *newer, *others)
    await there.later(10 * DAY)

    async with there.unit() as work:
        now = work.now
        (old,) = await blockers.open_ones(work)
        await work.save(old.close(ANA, now))
        (first,) = await work.find(Deployment, state=asked.state)
        await work.save(replace(first, state=State.SUCCEEDED, ended_at=now))
        given = await work.get(StandupAnswer, answer.id)
        assert given
        await work.save(replace(given, edited_at=now))
    async with there.unit() as work:
        news = await news_now(work, standup, MEI)

    assert [one.id for one in news.unblocked] == [old.id]
    assert [one.id for one in news.ships] == [first.id]
    assert [one.id for one in news.answers] == [answer.id]
