"""A world in which alerts fire, people take turns on call, and an Alertmanager says what a test wants."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from bot.core.events import AlertFired, AlertResolved
from bot.slack.rendering.render import Rendering
from bot.stages.monitor import act, alerts, escalate, silences, silences_in_alertmanager
from bot.stages.monitor.model.escalation import Escalations, Policy, Step
from bot.stages.monitor.model.ports import AlertmanagerUnreachable, Silencer
from bot.stages.monitor.model.silence import Silence
from bot.team.oncall import rotations, user_group
from bot.team.oncall.model.ports import SlackSilent, UserGroups
from bot.team.oncall.model.rotation import Every, Rota
from bot.team.oncall.model.rotations import Rotations
from tests.fakes import ANA, MEI, NOON, TEAM, TOM, FakeUnit, World

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ROTA = Rota(
    people=(ANA.id, TOM.id, MEI.id),
    every=Every.DAY,
    at=time(9),
    zone="Europe/Berlin",
    starts_on=date(2026, 11, 24),
    channel="#payments",
    user_group="S0ONCALL",
    services=("payments",),
)
LOUD = Policy("payments", (Step(timedelta(), "payments"), Step(10 * MINUTE, MEI.id), Step(15 * MINUTE, "#ops")))
ONCALL_TEAM = replace(TEAM, alertmanager="http://alertmanager.example").with_parts(
    Rotations({"payments": ROTA}), Escalations({"payments": LOUD})
)
JOBS: tuple[Any, ...] = (
    silences.notice,
    silences.end,
    act.nag,
    act.lapse,
    escalate.step,
    escalate.wake,
    rotations.turn,
)


class ScriptedSilencer:
    """An Alertmanager that keeps what it is told, and may be down."""

    def __init__(self) -> None:
        self.kept: dict[str, datetime] = {}
        self.down = ""
        self.fires: frozenset[str] = frozenset()

    async def keep(self, silence: Silence) -> str:
        self._must_answer()
        self.kept[silence.id] = silence.until
        return f"there-{silence.id}"

    async def end(self, silence: Silence) -> None:
        self._must_answer()
        self.kept.pop(silence.id, None)

    async def firing(self) -> frozenset[str]:
        self._must_answer()
        return self.fires

    def _must_answer(self) -> None:
        if self.down:
            raise AlertmanagerUnreachable(self.down)


class ScriptedGroups:
    """User groups that remember who is in them."""

    def __init__(self) -> None:
        self.groups: dict[str, list[tuple[str, ...]]] = {}
        self.silent = False
        self.trouble = ""

    async def put(self, group_id: str, people: Any) -> str:
        if self.silent:
            raise SlackSilent("TimeoutError")
        if not self.trouble:
            self.groups.setdefault(group_id, []).append(tuple(people))
        return self.trouble


class Alerting:
    """The world, its Alertmanager and its user groups; everything that is said is rendered."""

    def __init__(self, *, team: Any = ONCALL_TEAM, at: datetime = NOON) -> None:
        self.world = World(team=team, at=at, render=Rendering())
        self.silencer = ScriptedSilencer()
        self.groups = ScriptedGroups()
        self.world.tools = self.world.tools.with_ports({Silencer: self.silencer, UserGroups: self.groups})

    async def begin(self) -> None:
        """As the bot starts: rotations are there, hand-overs and audits owed."""
        async with self.world.unit() as work:
            await escalate.seed(work)

    def restart(self, team: Any) -> None:
        """What was committed stays; the team file is another one."""
        world = self.world
        world.team, world.unit = team, FakeUnit(world.clock, team, world.store, Rendering())
        world.tools = replace(world.tools, unit=cast(Any, world.unit), team=team)

    async def fire(
        self, name: str = "HighErrorRate", service: str = "payments", severity: str = "critical", **labels: str
    ) -> None:
        """One alert; its labels tell it from others."""
        every = {"alertname": name, "service": service, "severity": severity, **labels}
        now = self.world.clock.now()
        print_ = f"{name}/{labels.get('instance', '')}"
        event = AlertFired("alertmanager", print_, name, every, {"summary": "5xx at 7 %"}, now, now)
        await self.world.happen(event, alerts.fired)

    async def resolve(self, name: str = "HighErrorRate", service: str = "payments", **labels: str) -> None:
        """It fires no longer."""
        every = {"alertname": name, "service": service, "severity": "critical", **labels}
        now = self.world.clock.now()
        print_ = f"{name}/{labels.get('instance', '')}"
        event = AlertResolved("alertmanager", print_, name, every, {}, None, now, now)
        await self.world.happen(event, alerts.resolved)

    async def later(self, by: timedelta, **how: Any) -> Any:
        """The clock moves, and what is due is done."""
        outside = (silences_in_alertmanager.write, silences_in_alertmanager.look, user_group.keep_group)
        return await self.world.later(by, *JOBS, *outside, **how)

    def texts(self, key: str) -> str:
        """The plain text of the newest message under this key."""
        message = self.world.said[key]
        return Rendering()(message.template, message.context).text

    def keys(self, part: str) -> list[str]:
        """Keys of what was said that hold this."""
        return [key for key in self.world.said if part in key]
