"""The fix of an incident: which one a deployment says that it fixes, and whether that is still open."""

import re

from bot.core.ports import Work
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.monitor.model.incident import Incident, IncidentState

_NAMED = re.compile(r"\bINC-[1-9]\d{0,8}\b", re.IGNORECASE)
# These words and nothing else: a reason may name an incident for many other ends.
_FIXED = re.compile(r"\bfixes\s+(INC-[1-9]\d{0,8})\b", re.IGNORECASE)


async def fixed_by(work: Work, service: str, because: str) -> Incident | None:
    """The open incident of this service (or of none in particular) that a reason says is fixed: "fixes INC-7"."""
    for id in _FIXED.findall(because):
        incident = await work.get(Incident, id)
        if incident and _concerns(incident, service):
            return incident
    return None


async def is_fix(work: Work, deployment: Deployment) -> bool:
    """Whether it fixes an incident that is open now, and concerns its service."""
    incident = await work.get(Incident, deployment.fixes) if deployment.fixes else None
    return incident is not None and _concerns(incident, deployment.service)


async def said_otherwise(work: Work, service: str, because: str) -> str:
    """What to tell whoever names an incident in a reason by which nothing is passed; or ""."""
    named = _NAMED.findall(because)
    if not named or await fixed_by(work, service, because):
        return ""
    for id in _FIXED.findall(because):
        incident = await work.get(Incident, id)
        if incident is None:
            return f"There is no {id.upper()}, so every rule holds for this."
        if incident.state is not IncidentState.OPEN:
            return f"{incident.id} is over, so every rule holds for this."
        return f"{incident.id} is about {incident.service}, so every rule holds for this."
    known = [
        incident for id in named if (incident := await work.get(Incident, id)) and _concerns(incident, service)
    ]
    if not known:
        return ""
    id = known[0].id
    return f"Naming {id} passes no rule. If this is its fix, say so in these words: “because it fixes {id}”."


async def incidents_of(work: Work, service: str) -> list[Incident]:
    """Open incidents of this service, and those of none in particular."""
    return [one for one in await work.find(Incident, state=IncidentState.OPEN) if _concerns(one, service)]


def _concerns(incident: Incident, service: str) -> bool:
    return incident.state is IncidentState.OPEN and incident.service in (None, service)
