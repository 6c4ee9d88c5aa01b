"""Whatever order deliveries, clicks, jobs and crashes come in: what the channel shows is what the database holds."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from bot.core.events import AlertFired, AlertResolved
from bot.core.messages import Message
from bot.core.refusals import Refusal
from bot.stages.monitor import alerts, silences, storms
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.matchers import read
from bot.stages.monitor.model.route import Alerting, Route
from bot.stages.monitor.model.storm import Storm
from commands.monitor import command as monitor
from tests.fakes import ANA, TEAM, TOM, World

INTERLEAVINGS, STEPS = 1_000, 14
SECOND = timedelta(seconds=1)
JOBS = (storms.redraw, storms.list_groups, storms.end, alerts.redraw, alerts.newcomers, alerts.calm, silences.end)
CLICKS = (("ack", {}), ("resolve", {}), ("silence", {"end": timedelta(minutes=7)}), ("unsilence", {}))
ROUTES = (
    Route("pager", read('severity="critical"'), "#pager", storm=3),
    Route("web", read('service="web"'), storm=2),
)


class Crashed(Exception):
    """The process died before its commit."""


class Chance:
    """One interleaving: a world, and what comes next in it."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - not for secrets
        self.world = World(team=TEAM.with_parts(Alerting(ROUTES, Route("default", storm=4), flaps=2)))
        self.sent: list[Sequence[AlertFired | AlertResolved]] = []

    async def step(self) -> None:
        """A delivery, an old one again, a click, or a while in which jobs come due; each may crash and come again."""
        what = self.chance.choices((self.deliver, self.repeat, self.click, self.wait), (6, 2, 3, 3))[0]
        await what()

    async def deliver(self) -> None:
        """Some alerts of one group fire or resolve, with instants that may be old, missing or from the future."""
        group = f"g{self.chance.randrange(9)}"
        now = self.world.clock.now()
        events: list[AlertFired | AlertResolved] = []
        for _ in range(self.chance.randint(1, 3)):
            name = f"{group}-{self.chance.randrange(3)}"
            labels = {
                "alertname": group,
                "instance": name,
                "severity": self.chance.choice(("critical", "warning", "purple")),
                "service": self.chance.choice(("web", "payments", "")),
            }
            at = self.chance.choice((None, now, now - timedelta(minutes=3), now - timedelta(days=2)))
            if self.chance.random() < 0.6:
                notes = {"summary": f"{self.chance.random():.2f}"}
                events.append(AlertFired("am", name, group, labels, notes, at, now))
            else:
                ended = self.chance.choice((None, now, now - timedelta(minutes=1)))
                events.append(AlertResolved("am", name, group, labels, {}, at, ended, now))
        self.sent.append(events)
        await self.take(events)

    async def repeat(self) -> None:
        """A delivery of before comes once more, late."""
        if self.sent:
            await self.take(self.chance.choice(self.sent))

    async def take(self, events: Sequence[AlertFired | AlertResolved]) -> None:
        """Work on a delivery; a crash before the commit leaves nothing behind, and it is worked on again."""

        async def and_die(work: Any) -> None:
            await alerts.happened(work, events)
            raise Crashed

        if self.chance.random() < 0.2:
            with pytest.raises(Crashed):
                await self.world.unit.run(and_die)
        await self.world.unit.run(lambda work: alerts.happened(work, events))

    async def click(self) -> None:
        """Somebody presses a button, perhaps one that is old by now; perhaps Slack delivers the press twice."""
        groups = await self.world.find(AlertGroup)
        if not groups:
            return
        verb, args = self.chance.choice(CLICKS)
        given: dict[str, Any] = {name: self.world.clock.now() + value for name, value in args.items()}
        on = self.chance.choice(groups).id
        who, key = self.chance.choice((ANA, TOM)), f"press:{self.chance.random()}"
        try:
            for _ in range(self.chance.randint(1, 2)):
                await self.world.use(monitor, verb, by=who, key=key, alert=on, **given)
        except Refusal:
            pass

    async def wait(self) -> None:
        """Time goes by; jobs are done when they are due, or late, after a time in which we were down."""
        down = timedelta(minutes=self.chance.choice((0, 0, 2)))
        await self.world.later(SECOND * self.chance.choice((1, 3, 40, 900)), *JOBS, up_late=down)

    async def wrong(self) -> list[str]:
        """What is shown and not so, once all is said that was put off."""
        world = self.world
        await world.later(15 * SECOND, *JOBS)
        found: list[str] = []
        listed: dict[str, AlertGroup] = {}
        for message in world.said.values():
            if message.template == "monitor/storm_page":
                listed |= {group.id: group for group in message.context["groups"]}
        for group in await world.find(AlertGroup):
            card = world.said.get(f"alert:{group.id}")
            if card is None and group.has_card:
                found.append(f"{group.id} has no card")
            elif card is not None and _visible(card.context["group"]) != _visible(group):
                found.append(f"{group.id} is {group}, and is shown as {card.context['group']}")
            if group.storm and (group.id not in listed or listed[group.id].state != group.state):
                found.append(f"{group.id} is not in its storm's list as {group.state}")
        found += [f"{key} hangs on nothing" for key, m in world.said.items() if _hangs_on_nothing(world, m)]
        for storm in await world.find(Storm):
            summary = world.said[f"storm:{storm.id}"].context["summary"]
            groups = await world.find(AlertGroup, storm=storm.id)
            firing = sum(group.state == "firing" for group in groups)
            shown = (summary.storm.ended_at, summary.groups, summary.firing)
            if shown != (storm.ended_at, len(groups), firing):
                found.append(f"{storm.id} is shown as {shown}")
        return found


def _visible(group: AlertGroup) -> AlertGroup:
    """Without what no card shows."""
    return replace(group, untold=())


def _hangs_on_nothing(world: World, message: Message) -> bool:
    return bool(message.thread_of) and message.thread_of not in world.said


async def _run(seed: int) -> list[str]:
    one = Chance(seed)
    for _ in range(STEPS):
        await one.step()
    return [f"seed {seed}: {what}" for what in await one.wrong()]


def test_what_is_shown_is_what_is_so_after_any_interleaving() -> None:
    async def all_of_them() -> list[str]:
        wrong: list[str] = []
        for seed in range(INTERLEAVINGS):
            wrong += await _run(seed)
        return wrong

    assert asyncio.run(all_of_them()) == []
