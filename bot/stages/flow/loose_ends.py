"""What is temporary, whose it is, and until when: nothing half done is forgotten."""

from bot.core.find_or_refuse import every
from bot.core.flow import LooseEnd
from bot.core.ports import Work
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.flags.unfinished import flag_ends
from bot.stages.monitor import silences
from bot.stages.monitor.model.incident import Incident, IncidentState
from bot.stages.monitor.model.matchers import Op, written
from bot.stages.monitor.model.silence import Silence
from bot.team.environments.model.lock import Lock, LockState


async def loose_ends(work: Work) -> list[LooseEnd]:
    """Locks, silences, blockers, incidents, flags, and what waits for somebody: what ends soonest comes first."""
    found = [
        *await _locks(work),
        *await _silences(work),
        *await _blockers(work),
        *await _deployments(work),
        *await _incidents(work),
        *await flag_ends(work),
    ]
    return sorted(found, key=lambda end: (end.until is None, end.until or end.since))


async def _locks(work: Work) -> list[LooseEnd]:
    locks = await every(work, Lock, state=LockState.HELD)
    return [
        LooseEnd(
            "lock",
            lock.id,
            f"{lock.kind} on {lock.what}{_why(lock.reason)}",
            lock.by,
            lock.at,
            lock.until,
            lock.service,
        )
        for lock in locks
        if lock.until > work.now
    ]


async def _silences(work: Work) -> list[LooseEnd]:
    return [
        LooseEnd("silence", one.id, f"silence on {_muted(one)}{_why(one.because)}", one.by, one.at, one.until)
        for one in await silences.active(work)
    ]


def _muted(silence: Silence) -> str:
    """What it is about, shortly: the alert's name where that is one."""
    name = next((one.value for one in silence.matchers if one.label == "alertname" and one.op is Op.IS), "")
    return name or written(silence.matchers)[:80]


async def _blockers(work: Work) -> list[LooseEnd]:
    blockers = await every(work, Blocker, state=BlockerState.OPEN)
    return [
        LooseEnd(
            "blocker",
            one.id,
            f"blocked: {one.what}",
            one.unblocker_id or one.owner_id,
            one.opened_at,
            service=one.service,
        )
        for one in blockers
    ]


async def _deployments(work: Work) -> list[LooseEnd]:
    waiting = await every(work, Deployment, state=(State.WAITING, State.UNKNOWN))
    return [
        LooseEnd(
            "deployment",
            one.id,
            f"{one.what} waits for approval" if one.state is State.WAITING else f"{one.what} was interrupted",
            one.asked_by,
            one.asked_at,
            one.approval.expires_at if one.state is State.WAITING else None,
            one.service,
        )
        for one in waiting
    ]


async def _incidents(work: Work) -> list[LooseEnd]:
    incidents = await every(work, Incident, state=IncidentState.OPEN)
    return [
        LooseEnd("incident", one.id, f"incident: {one.title}", one.lead, one.opened_at, service=one.service)
        for one in incidents
    ]


def _why(reason: str) -> str:
    return f" ({reason})" if reason else ""
