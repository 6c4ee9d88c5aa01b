"""What is temporary, whose it is, and until when: nothing half done is forgotten."""

from bot.domain.alerts import AlertGroup
from bot.domain.blockers import Blocker, BlockerState
from bot.domain.deployments import Deployment, State
from bot.domain.flow import LooseEnd
from bot.domain.locks import Lock, LockState
from bot.domain.ports import Work


async def loose_ends(work: Work) -> list[LooseEnd]:
    """Locks, silences, open blockers, and deployments that wait for somebody: what ends soonest comes first."""
    found = [*await _locks(work), *await _silences(work), *await _blockers(work), *await _deployments(work)]
    return sorted(found, key=lambda end: (end.until is None, end.until or end.since))


async def _locks(work: Work) -> list[LooseEnd]:
    locks = await work.find(Lock, state=LockState.HELD)
    return [
        LooseEnd("lock", lock.id, f"lock on {lock.what}{_why(lock.reason)}", lock.by, lock.at, lock.until)
        for lock in locks
        if lock.until > work.now
    ]


async def _silences(work: Work) -> list[LooseEnd]:
    groups = await work.find(AlertGroup, state="firing")
    return [
        LooseEnd(
            "silence",
            group.id,
            f"silence on {group.name}{_why(group.silenced_because)}",
            group.silenced_by,
            group.opened_at,
            group.silenced_until,
        )
        for group in groups
        if group.silenced_until and group.silenced_until > work.now
    ]


async def _blockers(work: Work) -> list[LooseEnd]:
    blockers = await work.find(Blocker, state=BlockerState.OPEN)
    return [
        LooseEnd("blocker", one.id, f"blocked: {one.what}", one.unblocker_id or one.owner_id, one.opened_at)
        for one in blockers
    ]


async def _deployments(work: Work) -> list[LooseEnd]:
    waiting = await work.find(Deployment, state=(State.WAITING, State.UNKNOWN))
    return [
        LooseEnd(
            "deployment",
            one.id,
            f"{one.what} waits for approval" if one.state is State.WAITING else f"{one.what} was interrupted",
            one.asked_by,
            one.asked_at,
            one.approval.expires_at if one.state is State.WAITING else None,
        )
        for one in waiting
    ]


def _why(reason: str) -> str:
    return f" ({reason})" if reason else ""
