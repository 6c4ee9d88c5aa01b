"""How an environment is kept still for a while, and let go again."""

from datetime import datetime

from bot.domain.deployments import Deployment, State
from bot.domain.jobs import Due, Job, Outcome
from bot.domain.ledger import Entry, Subject
from bot.domain.locks import Lock, LockState
from bot.domain.messages import Message
from bot.domain.people import Person
from bot.domain.ports import Work
from bot.domain.refusals import Refusal, Stale
from bot.domain.stages import Stage
from bot.workflows import deploy_news as news
from bot.workflows.handles import due
from bot.workflows.slots import slot_of, start_next


async def place(
    work: Work,
    environment: str,
    by: Person,
    *,
    service: str | None = None,
    until: datetime | None = None,
    reason: str = "",
) -> Lock:
    """A new lock with its card in the deploy channel. Raises ``Stale`` where it is locked already, ``Refusal``."""
    for other in await held(work, environment):
        if other.service in (None, service):
            raise Stale(
                f"{other.what} is locked already by {other.by_name}. "
                f'Take that lock off with "/deploy unlock {_where(other)}" if yours is to replace it.'
            )
    lock = await work.add(Lock.place(environment, by, work.now, service=service, until=until, reason=reason))
    work.owe(Job("lock.expire", _expiry_key(lock), lock.until, {"lock": lock.id}))
    _record(work, lock, "placed", by.id)
    _show(work, lock)
    await _redraw_queues(work, lock)
    return lock


async def take_off(work: Work, environment: str, by: Person, *, service: str | None = None) -> Lock:
    """The lock on this environment, or on this service there, taken off; its owner is told if it was not them.

    What waited for it starts. Raises ``Refusal`` where there is no such lock.
    """
    locks = await held(work, environment)
    lock = next((one for one in locks if one.service == service), None)
    if lock is None:
        what = f"{service} in {environment}" if service else environment
        others = ", ".join(f'"/deploy unlock {_where(one)}"' for one in locks)
        raise Refusal(
            f"There is no lock on {what}. " + (f"Did you mean {others}?" if others else "Nothing is in the way.")
        )
    lock = lock.release(by.id, work.now)
    await work.save(lock)
    work.forgive(_expiry_key(lock))
    _record(work, lock, "released", by.id)
    _show(work, lock)
    if lock.by != by.id:
        work.say(Message(f"lock:{lock.id}:taken_off", lock.by, "deploy/lock_taken_off", {"lock": lock}))
    await _let_go(work, lock)
    return lock


@due("lock.expire")
async def expire(work: Work, it: Due) -> Outcome:
    """A lock at its end; what waited for it starts."""
    lock = await work.get(Lock, it.job.args["lock"])
    if lock is None or lock.state is not LockState.HELD or work.now < lock.until:
        return Outcome.NOOP
    lock = lock.expire(work.now)
    await work.save(lock)
    _record(work, lock, "expired")
    _show(work, lock)
    await _let_go(work, lock)
    return Outcome.DONE


async def held(work: Work, environment: str | None = None) -> list[Lock]:
    """Locks that hold now, the newest first; of one environment, or all."""
    locks = await work.find(Lock, state=LockState.HELD)
    return [lock for lock in locks if lock.holds(work.now) and environment in (None, lock.environment)]


async def _let_go(work: Work, lock: Lock) -> None:
    waiting = await _queued(work, lock)
    for service in dict.fromkeys(deployment.service for deployment in waiting):
        slot = await start_next(work, await slot_of(work, service, lock.environment))
        await news.show_queue(work, slot)


async def _redraw_queues(work: Work, lock: Lock) -> None:
    for service in dict.fromkeys(deployment.service for deployment in await _queued(work, lock)):
        await news.show_queue(work, await slot_of(work, service, lock.environment))


async def _queued(work: Work, lock: Lock) -> list[Deployment]:
    queued = await work.find(Deployment, environment=lock.environment, state=State.QUEUED)
    return [deployment for deployment in queued if lock.service in (None, deployment.service)]


def _show(work: Work, lock: Lock) -> None:
    channel = work.team.channel_for(Stage.DEPLOY, lock.service)
    work.say(Message(f"lock:{lock.id}", channel, "deploy/lock", {"lock": lock}))


def _record(work: Work, lock: Lock, what: str, by: str = "") -> None:
    where = [Subject("lock", lock.id), Subject("environment", lock.environment)]
    if lock.service:
        where.append(Subject("service", lock.service))
    work.record(Entry(f"lock.{what}", tuple(where), by, {"until": lock.until.isoformat()}))


def _where(lock: Lock) -> str:
    return f"{lock.environment} for {lock.service}" if lock.service else lock.environment


def _expiry_key(lock: Lock) -> str:
    return f"lock.expire:{lock.id}"
