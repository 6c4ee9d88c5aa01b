"""Who is asked by direct message to approve, and when: the awake at once, the others in their morning."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.people import Person
from bot.core.team import Environment, Rule
from bot.stages.deploy import ask_approvers, request
from bot.team.people.model.presence import Presence
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, card, press

BY_RELEASE = replace(EVERYONE, policy=(Rule("policy.1", ("deploy.approve",), ("production",), ("release",)),))


def asked(world: Harbour, id: str) -> list[str]:
    return [one.to for key, one in world.said.items() if key.startswith(f"deployment:{id}:ask:")]


async def test_those_who_work_now_are_asked_at_once_and_the_others_when_they_begin():
    world = Harbour(team=BY_RELEASE)  # noon in London: Ana works in Lisbon, Luis begins at 14:00 UTC, Mei is asleep
    id = await ask(world)

    assert asked(world, id) == [ANA.id]
    assert {job.key: job.due.hour for job in world.jobs.values() if job.kind == "deploy.ask"} == {
        f"deploy.ask:{id}:{LUIS.id}": 14  # Mei's morning comes after the request has lapsed
    }
    await world.later(2 * HOUR, ask_approvers.ask_in_the_morning)
    assert asked(world, id) == [ANA.id, LUIS.id]
    assert card(world, id)["deployment"].state == "waiting"

    await press(world, "approve", id, ANA)
    assert {one.context["deployment"].state.value for key, one in world.said.items() if ":ask:" in key} == {
        "queued"
    }


async def test_nobody_is_asked_once_it_is_decided():
    world = Harbour(team=BY_RELEASE)
    id = await ask(world)
    await press(world, "refuse", id, ANA)

    await world.later(2 * HOUR, ask_approvers.ask_in_the_morning)

    assert asked(world, id) == [ANA.id]


async def test_neither_whoever_asks_nor_who_is_on_leave_nor_who_may_not_is_asked():
    world = Harbour(team=BY_RELEASE)
    today = world.clock.now().date()
    await world.add(Presence(id=LUIS.id).leave(today, today + timedelta(days=3)))
    id = await ask(world, by=ANA)

    assert asked(world, id) == []
    assert not [job for job in world.jobs.values() if job.kind == "deploy.ask"]
    assert TOM.id not in asked(world, id)


async def test_where_almost_everybody_may_approve_only_the_owners_are_asked():
    crowd = [Person(f"U{n:03}", f"P{n}") for n in range(40)]
    world = Harbour(people=[*crowd, ANA, TOM, MEI])
    id = await ask(world)

    assert asked(world, id) == [ANA.id]  # she owns web


async def test_as_many_as_are_needed_and_two_more():
    crowd = [Person(f"U{n:03}", f"P{n}") for n in range(10)]
    world = Harbour(people=[*crowd, TOM])

    assert len(asked(world, await ask(world))) == 3
    assert len(asked(world, await ask(world, environment="vault"))) == 4


async def test_at_the_weekend_everybody_is_asked_on_monday_if_there_is_time():
    saturday = datetime(2026, 11, 28, 12, tzinfo=UTC)
    team = replace(
        BY_RELEASE,
        environments={"production": Environment("production", 1, 1, expires_after=timedelta(days=3))},
    )
    world = Harbour(team=team, at=saturday)
    id = await ask(world)

    assert asked(world, id) == []
    await world.later(timedelta(days=2), ask_approvers.ask_in_the_morning, request.expire)
    assert asked(world, id) == [MEI.id, ANA.id]  # in the order of their mornings
