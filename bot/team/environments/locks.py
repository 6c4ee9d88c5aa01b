"""How an environment is kept still for a while, and let go again."""

from datetime import datetime

from bot.core.find_or_refuse import found
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import NotAllowed, Refusal, Stale
from bot.core.stages import Stage
from bot.stages.deploy import cards as news
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.queue import slot_of, start_next
from bot.team.environments.look_again import look_around
from bot.team.environments.model.lock import EXTENSION, Lock, LockKind, LockState


async def place(
    work: Work,
    environment: str,
    by: Person,
    *,
    service: str | None = None,
    until: datetime | None = None,
    reason: str = "",
    kind: LockKind = LockKind.LOCK,
) -> Lock:
    """A new lock or freeze with its card in the deploy channel.

    Raises ``Stale`` where there is one of its kind already, ``Refusal``.
    """
    for other in await held(work, environment, kind):
        if other.service in (None, service):
            off, take = ("thaw", "") if other.is_freeze else ("unlock", f', or make it yours: "{_steal(other)}"')
            raise Stale(
                f"{other.what} is {_done_to(other)} already by {other.by_name}. "
                f'End that with "/deploy {off} {_where(other)}" if yours is to replace it{take}.'
            )
    placed = Lock.place(environment, by, work.now, service=service, until=until, reason=reason, kind=kind)
    return await _add(work, placed)


async def steal(work: Work, environment: str, by: Person, reason: str, *, service: str | None = None) -> Lock:
    """Somebody else's lock made one's own until the same end; its owner is told who has it and why.

    Raises ``Refusal`` where there is no such lock, or it is theirs already.
    """
    lock = await _the_one(work, environment, service, LockKind.LOCK)
    if lock.by == by.id:
        raise Stale(f"The lock on {lock.what} is yours already.")
    lock = await _end(work, lock, by)
    taken = Lock.place(
        environment, by, work.now, service=service, until=lock.until, reason=reason, stolen_from=lock.by_name
    )
    taken = await _add(work, taken, "stolen")
    work.say(Message(f"lock:{lock.id}:taken_off", lock.by, "deploy/lock_taken_off", {"lock": lock, "now": taken}))
    return taken


async def take_off(
    work: Work, environment: str, by: Person, *, service: str | None = None, kind: LockKind = LockKind.LOCK
) -> Lock:
    """The lock on this environment, or on this service there, taken off; its owner is told if it was not them.

    What waited for it starts. Raises ``Refusal`` where there is no such lock.
    """
    lock = await _end(work, await _the_one(work, environment, service, kind), by)
    if lock.by != by.id:
        work.say(
            Message(f"lock:{lock.id}:taken_off", lock.by, "deploy/lock_taken_off", {"lock": lock, "now": None})
        )
    await _let_go(work, lock)
    return lock


async def extend(work: Work, id: str, by: Person) -> Lock:
    """An hour more, for its owner. Raises ``Stale`` where it has ended, ``NotAllowed`` where it is not theirs."""
    lock = _own(await found(work, Lock, id, "lock", field="lock"), by)
    work.forgive(_expiry_key(lock))
    work.forgive(_asking_key(lock))
    lock = lock.extend(EXTENSION, work.now)
    await work.save(lock)
    _owe_its_end(work, lock)
    _record(work, lock, "extended", by.id)
    _show(work, lock)
    _ask(work, lock, "extended")
    _look_around(work, lock)
    return lock


async def let_end(work: Work, id: str, by: Person) -> Lock:
    """Its owner knows that it ends. Raises ``Stale``, ``NotAllowed``."""
    lock = _own(await found(work, Lock, id, "lock", field="lock"), by)
    if not lock.holds(work.now):
        raise Stale(f"The {lock.kind} on {lock.what} has ended already.")
    _ask(work, lock, "ends")
    return lock


@due("lock.ask")
async def ask(work: Work, it: Due) -> Outcome:
    """Before it lapses, its owner is asked whether it is still needed."""
    lock = await work.get(Lock, it.job.args["lock"])
    if lock is None or not lock.holds(work.now):
        return Outcome.NOOP
    _ask(work, lock, "")
    return Outcome.DONE


@due("lock.expire", lasting=True)
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


async def held(work: Work, environment: str | None = None, kind: LockKind | None = None) -> list[Lock]:
    """Locks and freezes that hold now, the newest first; of one environment and one kind, or all."""
    locks = await work.find(Lock, state=LockState.HELD)
    return [
        lock
        for lock in locks
        if lock.holds(work.now) and environment in (None, lock.environment) and kind in (None, lock.kind)
    ]


async def _add(work: Work, lock: Lock, what: str = "placed") -> Lock:
    lock = await work.add(lock)
    _owe_its_end(work, lock)
    _record(work, lock, what, lock.by)
    _show(work, lock)
    _look_around(work, lock)
    return lock


async def _end(work: Work, lock: Lock, by: Person) -> Lock:
    lock = lock.release(by.id, work.now)
    await work.save(lock)
    work.forgive(_expiry_key(lock))
    work.forgive(_asking_key(lock))
    _record(work, lock, "released", by.id)
    _show(work, lock)
    return lock


async def _the_one(work: Work, environment: str, service: str | None, kind: LockKind) -> Lock:
    locks = await held(work, environment, kind)
    lock = next((one for one in locks if one.service == service), None)
    if lock is None:
        what = f"{service} in {environment}" if service else environment
        verb = "thaw" if kind is LockKind.FREEZE else "unlock"
        others = ", ".join(f'"/deploy {verb} {_where(one)}"' for one in locks)
        raise Refusal(
            f"There is no {kind} on {what}. " + (f"Did you mean {others}?" if others else "Nothing is in the way.")
        )
    return lock


def _own(lock: Lock, by: Person) -> Lock:
    if lock.by != by.id:
        raise NotAllowed(
            f'The {lock.kind} on {lock.what} is {lock.by_name}\'s. Ask {lock.by_name}, or steal it: "{_steal(lock)}".'
        )
    return lock


def _owe_its_end(work: Work, lock: Lock) -> None:
    args = {"lock": lock.id}
    work.owe(Job("lock.expire", _expiry_key(lock), lock.until, args))
    if work.now < lock.ask_at() < lock.until:
        work.owe(Job("lock.ask", _asking_key(lock), lock.ask_at(), args))


def _ask(work: Work, lock: Lock, answer: str) -> None:
    """One direct message for each end that is near; after an answer it says which."""
    context = {"lock": lock, "answer": answer}
    until = lock.until - EXTENSION if answer == "extended" else lock.until
    work.say(Message(f"lock:{lock.id}:ask:{until:%Y%m%dT%H%M%S}", lock.by, "deploy/lock_ends", context))


async def _let_go(work: Work, lock: Lock) -> None:
    waiting = await _queued(work, lock)
    for service in sorted({deployment.service for deployment in waiting}):
        slot = await start_next(work, await slot_of(work, service, lock.environment))
        await news.show_queue(work, slot)
    _look_around(work, lock)


def _look_around(work: Work, lock: Lock) -> None:
    """Cards that wait there say that it is there, until when, or that it is gone."""
    why = f"{lock.id}:{lock.state}:{lock.until:%Y%m%dT%H%M%S}"
    look_around(work, why, environment=lock.environment, service=lock.service)


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


def _steal(lock: Lock) -> str:
    return f"/deploy steal {_where(lock)} because …"


def _done_to(lock: Lock) -> str:
    return "frozen" if lock.is_freeze else "locked"


def _expiry_key(lock: Lock) -> str:
    """Another end is another job."""
    return f"lock.expire:{lock.id}:{lock.until:%Y%m%dT%H%M%S}"


def _asking_key(lock: Lock) -> str:
    return f"lock.ask:{lock.id}:{lock.until:%Y%m%dT%H%M%S}"
