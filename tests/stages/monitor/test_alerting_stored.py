"""Alerts on real databases: several people at once, an alert found by where its card stands, everything read back."""

import asyncio
from datetime import timedelta
from typing import Any

from bot.core.events import AlertFired
from bot.core.people import Person
from bot.core.refusals import Stale
from bot.stages.monitor import act as monitor_act
from bot.stages.monitor import alerts, escalate, incidents, pages, silences
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.page import Page
from bot.stages.monitor.model.silence import Silence
from bot.storage.engine.database import Database
from bot.storage.outbox.outbox import Outbox
from bot.storage.outbox.steps import Sent
from bot.storage.work.unit_of_work import UnitOfWork
from bot.team.oncall import rotations
from bot.team.oncall.model.rotation import Rotation
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.rendered import RENDER
from tests.stages.monitor.alerting import ONCALL_TEAM

HOUR = timedelta(hours=1)
PEOPLE = (ANA, TOM, MEI, LUIS)


async def firing(unit: UnitOfWork) -> None:
    async def fire(work: Any) -> None:
        await escalate.seed(work)
        labels = {"alertname": "HighErrorRate", "service": "payments", "severity": "critical"}
        await alerts.fired(work, AlertFired("alertmanager", "f", "g", labels, {}, work.now, work.now))

    await unit.run(fire)


async def test_of_four_that_acknowledge_at_once_one_is_on_it_and_three_are_told_who(database: Database) -> None:
    unit = UnitOfWork(database, team=ONCALL_TEAM, render=RENDER)
    await firing(unit)

    async def take(person: Person) -> str:
        try:
            await unit.run(lambda work: monitor_act.acknowledge(work, "A-1", person))
        except Stale as told:
            return told.sentence
        return person.id

    answers = await asyncio.gather(*(take(person) for person in PEOPLE))
    async with unit() as work:
        group = await work.get(AlertGroup, "A-1")
    assert group
    assert group.acknowledged
    winner = group.acknowledged.by
    assert answers.count(winner) == 1
    assert sum(f"<@{winner}> has acknowledged A-1" in answer for answer in answers) == 3


async def test_everything_about_it_is_read_back_as_it_was_kept(database: Database) -> None:
    unit = UnitOfWork(database, team=ONCALL_TEAM, render=RENDER)
    await firing(unit)

    async def act(work: Any) -> tuple[Any, ...]:
        silence = await silences.place(work, "A-1", ANA, work.now + HOUR, "disk swap")
        page = await pages.page(work, "payments", "The checkout hangs.", TOM)
        cover = await rotations.cover(work, "payments", MEI, ANA, work.now + HOUR)
        incident = await incidents.open_one(work, "Checkout fails", MEI, alert_id="A-1")
        return silence, page, cover, incident

    kept = await unit.run(act)
    async with unit() as work:
        for thing in kept:
            assert await work.get(type(thing), thing.id) == thing
        rotation = await work.get(Rotation, "payments")
        assert rotation
        assert rotation.on_call == MEI.id
        assert [one.id for one in await work.find(Silence, state="active")] == ["Q-1"]
        assert [one.id for one in await work.find(Page, team="payments")] == ["P-1"]


async def test_an_alert_is_found_by_where_its_card_stands(database: Database, clock: Any) -> None:
    unit = UnitOfWork(database, team=ONCALL_TEAM, render=RENDER)
    await firing(unit)
    outbox = Outbox(database, "me")
    claim = await outbox.claim(10)
    [step] = [step for step in claim.steps if step.key == "alert:A-1"]
    await outbox.settle([Sent(step, clock.now(), "C0ALERTS", "17.000100", step.revision)])

    async with unit() as work:
        assert await work.message_key("C0ALERTS", "17.000100") == "alert:A-1"
        assert await work.message_key("C0ALERTS", "17.000200") is None
    async with unit.reading() as work:
        assert await work.message_key("C0ALERTS", "17.000100") == "alert:A-1"
