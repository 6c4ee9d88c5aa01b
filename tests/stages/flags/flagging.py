"""A world in which things are hidden behind flags, with every card rendered by the real templates."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.command import Call
from bot.core.events import AlertFired, AlertResolved
from bot.core.people import Person
from bot.core.team import Rule
from bot.slack.rendering.render import Rendering
from bot.stages.flags import flags, rollouts
from bot.stages.flags.model.flag import Flag
from bot.stages.flags.model.segment import Segments, read_segment
from bot.stages.flow.authorise import perform
from bot.stages.monitor import alerts
from commands.release import command
from tests.fakes import ANA, TEAM, TOM, World

HOUR = timedelta(hours=1)
BETA = replace(read_segment("plan = pro", {}), name="beta")
TEAM_WITH_FLAGS = replace(
    TEAM,
    policy=(*TEAM.policy, Rule("policy.2", ("release.flag-approve", "release.roll-out-approve"), (), ("release",))),
).with_parts(Segments({"beta": BETA}))


class Stage(World):
    """The world, with one flag, ``checkout_v2`` of web."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"team": TEAM_WITH_FLAGS, "render": Rendering(), **more})

    @classmethod
    async def set(cls, key: str = "checkout_v2", **args: Any) -> "Stage":
        """A world with this flag in it."""
        world = cls()
        await world.say("flag-add", key=key, service="web", **args)
        return world

    async def say(self, verb: str, by: Person = TOM, **args: Any) -> Any:
        """Use a verb of /release; unlike ``use`` it takes arguments that are called ``key`` and ``on``."""
        declared = command.verbs[verb]
        call = Call(args, by, self.clock.now(), "")
        if declared.prepare:
            call = replace(call, prepared=await declared.prepare(call, self.tools))
        answer = await self.unit.run(lambda work: perform(declared, call, work))
        if answer is not None:
            Rendering()(answer.template, answer.context)
        return answer

    async def change(self, by=TOM, key: str = "checkout_v2", environment: str = "production", **args: Any) -> str:
        """Ask for a change; gives its id, or that of the roll-out that ended with it."""
        answer = await self.say("flag", by, key=key, environment=environment, **args)
        return next(answer.context[name].id for name in ("change", "rollout") if name in answer.context)

    async def plan(self, by=TOM, environment: str = "production", **args: Any) -> str:
        """Ask for a roll-out; gives its id."""
        answer = await self.say("roll-out", by, key="checkout_v2", environment=environment, **args)
        return answer.context["rollout"].id

    async def press(self, verb: str, id: str, by=ANA) -> Any:
        """Press a button on a card; gives the private answer, if there is one."""
        name = "request" if id.startswith("G") else "rollout"
        return await self.say(verb, by, **{name: id})

    async def wait(self, by: timedelta, **how: Any) -> list[Any]:
        """Let time pass, as the worker would."""
        return await self.later(by, flags.end, flags.expire, rollouts.step, rollouts.expire, **how)

    async def served(self, environment: str = "production", key: str = "checkout_v2") -> str:
        """Who gets the flag, in words."""
        return str((await self.get(Flag, key)).serving(environment))

    def card(self, id: str) -> Any:
        """The card of a change or a roll-out, as it stands."""
        return self.said[f"{'flag_change' if id.startswith('G') else 'rollout'}:{id}"]

    def standing(self, id: str) -> str:
        """The state that the card shows."""
        context = self.card(id).context
        return str(context["change" if id.startswith("G") else "rollout"].state)

    async def fire(self, fingerprint: str = "f1", *, service: str = "web", environment: str = "production") -> None:
        """An alert fires, as its delivery would be worked on."""
        labels = {"alertname": "HighErrorRate", "service": service, "environment": environment}
        event = AlertFired("alertmanager", fingerprint, "g", labels, {}, self.clock.now(), self.clock.now())
        await self.take(event)

    async def resolve(self, fingerprint: str = "f1") -> None:
        """It resolves."""
        labels = {"alertname": "HighErrorRate", "service": "web", "environment": "production"}
        now = self.clock.now()
        await self.take(AlertResolved("alertmanager", fingerprint, "g", labels, {}, now, now, now))

    async def take(self, event: AlertFired | AlertResolved) -> None:
        """Roll-outs hear of an alert before the alerts' own story does, as in a delivery."""

        async def both(work: Any) -> None:
            await rollouts.mind_alerts(work, [event])
            await alerts.happened(work, [event])

        await self.unit.run(both)
