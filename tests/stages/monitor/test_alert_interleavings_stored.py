"""The same on real databases: cards in the outbox, after deliveries, clicks, jobs and restarts, say what is so."""

from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from bot import discovery
from bot.core.events import AlertFired, AlertResolved
from bot.core.ports import Tools
from bot.core.refusals import Refusal
from bot.runtime.worker import Worker
from bot.slack.rendering.render import Rendering
from bot.stages.monitor import act as monitor_act
from bot.stages.monitor import alerts
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.route import Alerting, Route
from bot.storage.outbox.tables import outbox
from bot.storage.queues.inbox import Inbox
from bot.storage.work.unit_of_work import UnitOfWork
from tests.example_team import ANA, TEAM

STEPS = 25
ALERTS_TEAM = TEAM.with_parts(Alerting(default=Route("default", storm=4), flaps=2))
RENDER = Rendering()


class Running:
    """A bot on a database, which a restart takes down and brings up again."""

    def __init__(self, database: Any, clock: Any) -> None:
        self.database, self.clock = database, clock
        self.restart()

    def restart(self) -> None:
        """All that was in memory is gone."""
        found = discovery.workflows()
        self.unit = UnitOfWork(self.database, team=ALERTS_TEAM, render=RENDER)
        tools = Tools(self.unit, self.clock, None, ALERTS_TEAM)  # type: ignore[arg-type]
        inbox = Inbox(self.database, self.database.replica_id)
        parts = {"inside": found.inside, "outside": {}, "inbox": inbox, "settle": None}
        self.worker = Worker(self.database, self.unit, tools, **parts)  # type: ignore[arg-type]

    async def deliver(self, chance: Random) -> None:
        """Some alerts of one group; the first try may die before its commit."""
        group, now = f"g{chance.randrange(7)}", self.clock.now()
        events: list[AlertFired | AlertResolved] = []
        for _ in range(chance.randint(1, 3)):
            name = f"{group}-{chance.randrange(3)}"
            labels = {"alertname": group, "instance": name, "severity": chance.choice(("critical", "warning"))}
            if chance.random() < 0.6:
                notes = {"summary": f"{chance.random():.2f} <!channel>"}
                events.append(AlertFired("am", name, group, labels, notes, None, now))
            else:
                events.append(AlertResolved("am", name, group, labels, {}, None, None, now))
        if chance.random() < 0.3:
            with pytest.raises(ZeroDivisionError):
                await self.unit.run(lambda work: _and_die(work, events))
            self.restart()
        await self.unit.run(lambda work: alerts.happened(work, events))

    async def click(self, chance: Random) -> None:
        """Somebody is on it, or resolves it."""
        async with self.unit.reading() as work:
            groups = await work.find(AlertGroup)
        if not groups:
            return
        id, act = chance.choice(groups).id, chance.choice((monitor_act.acknowledge, monitor_act.close))
        with suppress(Refusal):
            await self.unit.run(lambda work: act(work, id, ANA))

    async def wait(self, chance: Random) -> None:
        """Time goes by, and what is due is done."""
        self.clock.move(timedelta(seconds=chance.choice((1, 4, 60))))
        await self.worker.turn()


async def _and_die(work: Any, events: list[AlertFired | AlertResolved]) -> None:
    await alerts.happened(work, events)
    raise ZeroDivisionError


@pytest.mark.parametrize("seed", range(4))
async def test_cards_say_what_the_database_holds(database: Any, clock: Any, seed: int) -> None:
    running, chance = Running(database, clock), Random(seed)  # noqa: S311 - not for secrets
    for _ in range(STEPS):
        await chance.choices((running.deliver, running.click, running.wait), (6, 2, 3))[0](chance)
    clock.move(timedelta(seconds=20))
    await running.worker.turn()

    async with running.unit.reading() as work:
        groups = await work.find(AlertGroup)
    async with database.read() as conn:
        rows = await conn.execute(outbox.select())
        shown = {row.key: (row.text, tuple(row.blocks)) for row in rows}
    assert groups
    for group in groups:
        if group.has_card:
            rendered = RENDER("monitor/card", {"group": group})
            assert shown[f"alert:{group.id}"] == (rendered.text, rendered.blocks)
            assert "<!channel>" not in str(shown[f"alert:{group.id}"])
