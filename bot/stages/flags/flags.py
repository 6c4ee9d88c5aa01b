"""How flags are made, changed with somebody else's yes, taken back by a person or by the clock, and retired."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core.approvals import Decision, digest_of
from bot.core.find_or_refuse import found
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.core.refusals import Refusal, Stale
from bot.core.team import Environment
from bot.stages.flags import cards as news
from bot.stages.flags import rollouts, rules
from bot.stages.flags.model.flag import MOST_FLAGS, Flag, FlagState, Kind, Place, Serving
from bot.stages.flags.model.flag_change import ChangeState, FlagChange
from bot.stages.flags.model.rollout import OPEN, Rollout
from bot.stages.flags.places import change_waiting, end_key, expiry_key, known, must_be_free, put, rollout_of
from bot.stages.plan.model.change import Change
from bot.stages.release import correct
from bot.stages.release.model.release import Release
from bot.team.environments.look_again import look_at_next_turn


async def add(
    work: Work,
    key: str,
    by: Person,
    *,
    kind: Kind = Kind.BOOLEAN,
    on: str | None = None,
    off: str | None = None,
    about: str | None = None,
    service: str | None = None,
    change: str | None = None,
    release: str | None = None,
) -> Flag:
    """A new flag, off everywhere. Raises ``Refusal``: there is one of this key, or it names what there is not."""
    other = await work.get(Flag, key)
    if other is not None:
        word = "is" if other.is_active else "was, and is retired now,"
        raise Refusal(
            f"There {word} a flag {other.id} already, made by {other.made_name}. Take another key.", field="key"
        )
    if await work.count(Flag) >= MOST_FLAGS:
        raise Refusal(f"There are {MOST_FLAGS:,} flags, which is the most. Ask an admin to clear away old ones.")
    carried = await found(work, Change, change, "change", field="change") if change else None
    if release:
        named = await found(work, Release, release, "release", field="release")
        service = service or named.service
    service = service or (carried.service if carried else None)
    flag = await work.add(
        Flag.make(
            key,
            by,
            work.now,
            kind=kind,
            on=on,
            off=off,
            about=about,
            service=service,
            change=change,
            release=release,
        )
    )
    news.record(work, flag, "added", by=by.id, type=str(kind))
    await correct.after_flag(work, flag)
    return flag


async def change(
    work: Work,
    flag: Flag,
    environment: Environment,
    wanted: Serving,
    by: Person,
    *,
    because: str | None = None,
    lasts: timedelta | None = None,
    until: datetime | None = None,
) -> FlagChange | Rollout:
    """A change with its card in the release channel; in force at once where nobody has to approve.

    With a reason it passes a freeze, if somebody else approves; what takes it from people passes freezes and locks.
    Turning a flag off ends a roll-out that has it in hand; that roll-out is given back where the flag is off anyway.

    Raises ``Refusal``: a roll-out has the flag in hand, or the environment is locked or frozen. ``Stale``: it is so, or
    another change waits.
    """
    flag.must_be_active()
    if wanted.is_off and (plan := await rollout_of(work, flag, environment.name)):
        ended = await rollouts.end(work, plan, flag, by)
        if flag.serving(environment.name).is_off:
            return ended
    await must_be_free(work, flag, environment.name)
    freeze = None
    if not wanted.is_within(flag.serving(environment.name)):
        freeze = await rules.must_be_askable(work, flag, environment, wanted, by.id, because)
    asked = FlagChange.ask(
        flag.id,
        environment,
        wanted,
        flag.places.get(environment.name),
        by,
        work.now,
        service=flag.service,
        because=because,
        overrides=freeze.key if freeze else "",
        overrides_since=freeze.since if freeze else None,
        lasts=lasts,
        until=until,
    )
    other = await change_waiting(work, flag, environment.name)
    if other is not None and not asked.approval.is_given:
        raise Stale(
            f"{other.id} ({other.what}) waits for approval already. Have it decided, or cancel it on its card, first."
        )
    asked = await work.add(asked)
    if asked.approval.is_given:
        return await _come(work, asked, flag, by.id)
    args = {"change": asked.id}
    work.owe(Job("flag.expire", expiry_key(asked), asked.approval.expires_at, args))
    look_at_next_turn(work, environment.name)
    news.record(work, flag, "requested", environment.name, by.id, request=asked.id, to=wanted.brief)
    await news.show_change(work, asked, flag)
    return asked


async def decide(work: Work, id: str, decision: Decision, by: Person) -> FlagChange:
    """One more vote; with the last yes it is in force. Raises ``Stale``, ``NotAllowed``, ``Refusal`` in a freeze."""
    asked = (await known_change(work, id)).decide(decision, by, work.now)
    flag = await known(work, asked.flag)
    if decision is Decision.APPROVE and rules.reaches_more(asked, flag):
        await rules.must_let_pass(work, asked, by.id)
    why = Policy(work.team).grounds(f"release.flag-{decision}", asked.environment, by, service=asked.service)
    if asked.approval.is_given:
        await must_be_free(work, flag, asked.environment)
        vote = digest_of(asked.approval.last, asked.id)
        news.record(work, flag, "approved", asked.environment, by.id, request=asked.id, vote=vote, **why)
        return await _come(work, asked, flag, asked.asked_by)
    await work.save(asked)
    if asked.state is ChangeState.REFUSED:
        work.forgive(expiry_key(asked))
    what = "approved" if decision is Decision.APPROVE else "refused"
    vote = digest_of(asked.approval.last, asked.id)
    news.record(work, flag, what, asked.environment, by.id, request=asked.id, vote=vote, **why)
    await news.show_change(work, asked, flag)
    return asked


async def cancel(work: Work, id: str, by: Person) -> FlagChange:
    """Cancelled before its decision. Raises ``Stale``."""
    asked = (await known_change(work, id)).cancel(by, work.now)
    work.forgive(expiry_key(asked))
    return await _over(work, asked, "cancelled", by.id)


async def take_back(work: Work, id: str, by: Person) -> FlagChange:
    """What was served before, at once: it was approved and served before, so it needs no new approval.

    Raises ``Stale`` where something else came since.
    """
    asked = await known_change(work, id)
    flag = await known(work, asked.flag)
    await must_be_free(work, flag, asked.environment)
    asked = asked.take_back(by.id, by.name, work.now)
    work.forgive(end_key(asked))
    return await _taken_back(work, asked, flag, by.id, "taken back")


@due("flag.end", lasting=True)
async def end(work: Work, it: Due) -> Outcome:
    """The time of a temporary change is over: what was served before comes back, and whoever asked is told."""
    asked = await work.get(FlagChange, it.job.args["change"])
    flag = await work.get(Flag, asked.flag) if asked else None
    if asked is None or flag is None or asked.state is not ChangeState.IN_FORCE or not asked.until:
        return Outcome.NOOP
    place = flag.places.get(asked.environment)
    if place is None or place.by_what != asked.id or work.now < asked.until:
        return Outcome.NOOP
    asked = await _taken_back(work, asked.take_back("", "", work.now), flag, "", "time is over")
    news.tell_end(work, asked, it.late_by)
    return Outcome.DONE


@due("flag.look")
async def look(work: Work, it: Due) -> Outcome:
    """What surrounds a change that waits is otherwise: its card says so."""
    asked = await work.get(FlagChange, it.job.args["change"])
    if asked is None or asked.state is not ChangeState.WAITING:
        return Outcome.NOOP
    await news.show_change(work, asked, await known(work, asked.flag))
    return Outcome.DONE


@due("flag.expire", lasting=True)
async def expire(work: Work, it: Due) -> Outcome:
    """A change that nobody decided lapses."""
    asked = await work.get(FlagChange, it.job.args["change"])
    if asked is None or asked.state is not ChangeState.WAITING:
        return Outcome.NOOP
    await _over(work, asked.expire(work.now), "expired")
    return Outcome.DONE


async def retire(work: Work, key: str, by: Person) -> Flag:
    """The flag, never to be changed again; what it serves stays. Raises ``Stale``, ``Refusal``."""
    flag = await known(work, key)
    waiting = await work.find(FlagChange, flag=flag.id, state=ChangeState.WAITING, limit=1)
    plans = await work.find(Rollout, flag=flag.id, state=OPEN, limit=1)
    if waiting or plans:
        id = (waiting or plans)[0].id
        raise Refusal(f"{flag.id} cannot be retired while {id} is open. End that on its card first.", field="key")
    flag = flag.retire(by, work.now)
    await work.save(flag)
    news.record(work, flag, "retired", by=by.id)
    return flag


async def listed(work: Work, service: str | None = None) -> Sequence[Flag]:
    """Flags that can still be changed, of one service or all, by their keys."""
    if service:
        found_ones = await work.find(Flag, state=FlagState.ACTIVE, service=service, limit=MOST_FLAGS)
    else:
        found_ones = await work.find(Flag, state=FlagState.ACTIVE, limit=MOST_FLAGS)
    return sorted(found_ones, key=lambda flag: flag.id.casefold())


async def hidden(work: Work, changes: Sequence[str], environment: str) -> Sequence[Flag]:
    """Flags that keep these changes from some or all people there: what is deployed is not yet seen by them."""
    found_ones = [flag for id in changes for flag in await work.find(Flag, change=id)]
    return [flag for flag in found_ones if not flag.serving(environment).is_on]


async def known_change(work: Work, id: str) -> FlagChange:
    """The change of a flag with this id. Raises ``Unknown`` with the newest ones."""
    return await found(work, FlagChange, id, "change of a flag", field="request")


async def _come(work: Work, asked: FlagChange, flag: Flag, by: str) -> FlagChange:
    asked = asked.come(work.now)
    await work.save(asked)
    work.forgive(expiry_key(asked))
    if asked.until:
        work.owe(Job("flag.end", end_key(asked), asked.until, {"change": asked.id}))
    flag = await put(work, flag, asked.environment, asked.place(), by=by, why=asked.id)
    await news.show_change(work, asked, flag)
    return asked


async def _taken_back(work: Work, asked: FlagChange, flag: Flag, by: str, why: str) -> FlagChange:
    place = flag.places.get(asked.environment)
    if place is None or place.by_what != asked.id:
        raise Stale(
            f"{flag.id} in {asked.environment} has moved on since {asked.id}: it is {flag.serving(asked.environment)} "
            f"by {place.by_what if place else 'nobody'} now, whose card has the buttons."
        )
    await work.save(asked)
    back = Place(asked.falls_back_to, work.now, asked.id)
    flag = await put(work, flag, asked.environment, back, by=by, why=f"{asked.id} {why}")
    await news.show_change(work, asked, flag)
    return asked


async def _over(work: Work, asked: FlagChange, what: str, by: str = "") -> FlagChange:
    await work.save(asked)
    flag = await known(work, asked.flag)
    news.record(work, flag, what, asked.environment, by, request=asked.id)
    await news.show_change(work, asked, flag)
    return asked
