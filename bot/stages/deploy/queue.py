"""Whose turn it is: one deployment at a time for each service in each environment, and none past what holds it."""

from datetime import datetime, timedelta

from bot.core.jobs import Job
from bot.core.ports import Work
from bot.stages.deploy import fixes, rules
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.obstacles import Kind, Obstacle
from bot.stages.deploy.model.slot import Slot, slot_id
from bot.team.environments.model.lock import Lock, Locked, LockState


async def slot_of(work: Work, service: str, environment: str) -> Slot:
    """The slot of this service there, made where nothing has come to it yet."""
    slot = await work.get(Slot, slot_id(service, environment))
    return slot or await work.add(Slot.of(service, environment))


async def queue_of(work: Work, slot: Slot) -> list[Deployment]:
    """What is approved and waits for its turn there, in its order."""
    queued = await work.find(
        Deployment, service=slot.service, environment=slot.environment, state=State.QUEUED, newest_first=False
    )
    return sorted(queued, key=lambda one: one.queued_at or one.asked_at)


async def lock_against(work: Work, deployment: Deployment) -> Lock | None:
    """The lock that keeps it from starting: one whose owner neither asked for it nor approved it.

    A rollback passes every lock, since a lock must never keep something broken live; so does the fix of an
    incident that is open.
    """
    if deployment.rolls_back or await fixes.is_fix(work, deployment):
        return None
    people = {deployment.asked_by, *(vote.by for vote in deployment.approval.approvals)}
    locks = await work.find(Lock, environment=deployment.environment, state=LockState.HELD)
    return next((lock for lock in locks if lock.stops(deployment.service, people, work.now)), None)


async def must_be_open(work: Work, service: str, environment: str, asker: str, more: str = "") -> None:
    """Raises ``Locked`` where somebody else's lock stands in the way of this person; ``more`` is said with it."""
    for lock in await work.find(Lock, environment=environment, state=LockState.HELD):
        if lock.stops(service, {asker}, work.now):
            raise Locked(lock, work.now, more)


async def start_next(work: Work, slot: Slot) -> Slot:
    """Let the first of the queue start, if the slot is free and nothing holds it; gives the slot as it is then.

    The slot is taken in this transaction, so of two that try at once one meets a ``Conflict``.
    """
    if slot.taken_by:
        return slot
    for deployment in await queue_of(work, slot):
        waits = await rules.holding(work, deployment)
        if waits:
            _look_again(work, deployment, waits)
        else:
            slot = slot.take(deployment.id)
            await work.save(slot)
            args = {"deployment": deployment.id, "run": deployment.run + 1}
            work.owe(Job("deploy.run", run_key(deployment, slot), work.now, args))
            return slot
    return slot


def _look_again(work: Work, deployment: Deployment, waits: list[Obstacle]) -> None:
    """Owe a look at the instant at which what holds it may be over. A lock tells us of its end."""
    will_lapse(work, deployment)
    due = {one.until for one in waits if one.until and one.kind in (Kind.FREEZE, Kind.SOAK)}
    if any(one.kind is Kind.INCIDENT for one in waits):
        due.add(_next_minute(work.now))
    service = work.team.services.get(deployment.service)
    if service and service.repository.remote and any(one.kind is Kind.CHECKS for one in waits):
        at = _next_minute(work.now)
        key = f"deploy.checks:{deployment.id}:{at:%Y%m%dT%H%M}"
        work.owe(Job("deploy.checks", key, at, {"deployment": deployment.id}))
    for at in sorted(due)[:1]:
        work.owe(
            Job("deploy.look", f"deploy.look:{deployment.id}:{at:%Y%m%dT%H%M%S}", at, {"deployment": deployment.id})
        )


def will_lapse(work: Work, deployment: Deployment) -> None:
    """Owe a look at whether it is still held when its approval is too old."""
    by = rules.starts_by(work, deployment)
    if by is not None:
        at = max(by, work.now)
        key = f"deploy.lapse:{deployment.id}:{at:%Y%m%dT%H%M%S}"
        work.owe(Job("deploy.lapse", key, at, {"deployment": deployment.id}))


def _next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


async def give_back(work: Work, slot: Slot, deployment: Deployment) -> Slot:
    """The slot, free if this deployment had it."""
    freed = slot.free(deployment.id)
    if freed != slot:
        await work.save(freed)
    return freed


def run_key(deployment: Deployment, slot: Slot) -> str:
    """Names the job of the run that comes next; another turn in the queue is another job."""
    return f"deploy.run:{deployment.id}:{deployment.run + 1}:{slot.turns}"
