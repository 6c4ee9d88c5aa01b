"""Alerts on real databases: several people at once, an alert found by where its card stands, everything read back."""

import asyncio
from datetime import timedelta
from typing import Any

from bot.domain.alerts import AlertGroup
from bot.domain.events import AlertFired
from bot.domain.oncall import Rotation
from bot.domain.pages import Page
from bot.domain.people import Person
from bot.domain.refusals import Stale
from bot.domain.silences import Silence
from bot.storage.database import Database
from bot.storage.outbox import Outbox
from bot.storage.outbox_steps import Sent
from bot.storage.unit_of_work import UnitOfWork
from bot.workflows import alert_actions, escalate, incidents, oncall, pages, silences, triage
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.rendered import RENDER
from tests.workflows.alerting import ONCALL_TEAM

HOUR = timedelta(hours=1)
PEOPLE = (ANA, TOM, MEI, LUIS)


async def firing(unit: UnitOfWork) -> None:
    async def fire(work: Any) -> None:
        await escalate.seed(work)
        labels = {"alertname": "HighErrorRate", "service": "payments", "severity": "critical"}
        await triage.fired(work, AlertFired("alertmanager", "f", "g", labels, {}, work.now, work.now))

    await unit.run(fire)


async def test_of_four_that_acknowledge_at_once_one_is_on_it_and_three_are_told_who(database: Database) -> None:
    unit = UnitOfWork(database, team=ONCALL_TEAM, render=RENDER)
    await firing(unit)

    async def take(person: Person) -> str:
        try:
            await unit.run(lambda work: alert_actions.acknowledge(work, "A-1", person))
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
        cover = await oncall.cover(work, "payments", MEI, ANA, work.now + HOUR)
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
