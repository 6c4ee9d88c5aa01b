"""The brief at a hand-over: what is open, quiet, half done, held and due, for whoever comes on call."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.find_or_refuse import every
from bot.core.flow import LooseEnd
from bot.core.messages import Message
from bot.core.ports import Work
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.flow.loose_ends import loose_ends
from bot.stages.monitor import cards
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.incident import Incident, IncidentState
from bot.team.oncall.model.rotation import Rotation

UNDER_WAY = (State.WAITING, State.QUEUED, State.RUNNING, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Brief:
    """What whoever comes on call has to know. ``due`` are loose ends that end within the turn."""

    incidents: tuple[Incident, ...] = ()
    alerts: tuple[AlertGroup, ...] = ()
    silences: tuple[LooseEnd, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    locks: tuple[LooseEnd, ...] = ()
    due: tuple[LooseEnd, ...] = ()

    def __bool__(self) -> bool:
        return any((self.incidents, self.alerts, self.silences, self.deployments, self.locks, self.due))


async def brief(work: Work, services: tuple[str, ...], until: datetime) -> Brief:
    """How things stand, for these services (for all of them, where none is named)."""

    def ours(service: str | None) -> bool:
        return not services or service is None or service in services

    ends = await loose_ends(work)
    told = ("silence", "lock", "deployment")
    deployments = await every(work, Deployment, state=UNDER_WAY, newest_first=False)
    incidents = await every(work, Incident, state=IncidentState.OPEN, newest_first=False)
    return Brief(
        incidents=tuple(one for one in incidents if ours(one.service)),
        alerts=tuple(one for one in await cards.open_groups(work) if ours(one.service)),
        silences=tuple(one for one in ends if one.kind == "silence"),
        deployments=tuple(one for one in deployments if ours(one.service)),
        locks=tuple(one for one in ends if one.kind == "lock"),
        due=tuple(one for one in ends if one.kind not in told and one.until and one.until <= until),
    )


async def tell(
    work: Work, rotation: Rotation, channel: str, before: str, until: datetime, late_by: timedelta
) -> None:
    """Post the brief in the rotation's channel, and tell whoever comes on, directly."""
    context = {
        "rotation": rotation,
        "before": before,
        "until": until,
        "brief": await brief(work, rotation.rota.services, until),
        "late_by": late_by,
    }
    key = f"handover:{rotation.id}:{work.now:%Y%m%dT%H%M%S}:{rotation.on_call}"
    work.say(Message(key, channel, "monitor/handover", context))
    work.say(Message(f"{key}:you", rotation.on_call, "monitor/you_are_on", context))
