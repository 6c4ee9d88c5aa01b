"""What an app asks for in somebody's name: marked on the ledger and on the card, and started by no app."""

from datetime import timedelta

import pytest

from bot.core.refusals import NotAllowed
from bot.stages.deploy.model.deployment import State
from commands import deploy, plan
from tests.fakes import ANA, NOON, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import Harbour

ASK = {"service": "web", "version": "v1.4.0"}


async def test_a_deployment_that_an_app_asks_for_says_so_to_those_who_approve():
    world = Harbour()
    await world.use(deploy.command, by=TOM, by_app=True, environment="production", **ASK)

    assert (await world.deployment("D-1")).through_app
    card = world.said["deployment:D-1"]
    assert "asked by Tom through an app" in shown(card)
    asked = [entry for entry in world.entries if entry.kind == "deployment.requested"]
    assert [(entry.by, entry.facts["through_app"]) for entry in asked] == [(TOM.id, True)]


async def test_what_a_person_asks_for_says_nothing_of_an_app():
    world = Harbour()
    await world.use(deploy.command, by=TOM, environment="production", **ASK)

    assert not (await world.deployment("D-1")).through_app
    assert not [entry for entry in world.entries if "through_app" in entry.facts]


async def test_a_person_who_asks_anew_to_pass_more_stands_behind_it_themselves():
    world = Harbour()
    await world.use(deploy.command, by=TOM, by_app=True, environment="production", **ASK)
    end = NOON + timedelta(hours=4)
    await world.use(deploy.command, "freeze", by=ANA, environment="production", end=end, reason="the sale")
    await world.use(deploy.command, by=TOM, environment="production", reason="card payments fail", **ASK)

    assert not (await world.deployment("D-1")).through_app


async def test_an_app_starts_no_deployment_where_nobody_has_to_say_yes():
    world = Harbour()
    with pytest.raises(NotAllowed, match="starts without anybody's yes"):
        await world.use(deploy.command, by=TOM, by_app=True, environment="staging", **ASK)
    assert not world.entries
    await world.use(deploy.command, by=TOM, environment="staging", **ASK)
    assert (await world.deployment("D-1")).state is State.QUEUED


async def test_every_entry_of_what_an_app_adds_says_so():
    world = Harbour()
    await world.use(plan.command, "add", by=ANA, by_app=True, title="Pay in one step")
    assert world.entries
    assert all(entry.facts.get("through_app") for entry in world.entries)
