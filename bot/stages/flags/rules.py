"""What keeps a flag from reaching more people: its environment's freezes and locks, as they keep deployments still."""

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.core.team import Environment
from bot.stages.deploy import fixes, rules
from bot.stages.deploy.model.obstacles import Facts, Frozen, Kind, Obstacle, still
from bot.stages.deploy.queue import must_be_open
from bot.stages.flags.model.flag import Flag, Serving
from bot.stages.flags.model.flag_change import ChangeState, FlagChange
from bot.stages.flags.model.rollout import Rollout, RolloutState
from bot.stages.flags.model.share import WHOLE, percent
from bot.team.environments.model.lock import Lock, Locked, LockState


async def against(work: Work, one: FlagChange | Rollout, *more: str) -> list[Obstacle]:
    """What a change or a roll-out meets there now, warnings last; ``more`` are people who agree with it just now."""
    people = {one.asked_by, *(vote.by for vote in one.approval.approvals), *more}
    passes = (one.overrides, one.overrides_since) if isinstance(one, FlagChange) else ("", None)
    return await _still(work, one.service, one.environment, people, passes)


async def holding(work: Work, one: FlagChange | Rollout, *more: str) -> list[Obstacle]:
    """Those of them that keep it from reaching more people."""
    return [each for each in await against(work, one, *more) if not each.is_warning]


async def concerning(work: Work, one: FlagChange | Rollout, flag: Flag) -> Sequence[Obstacle]:
    """What its card says of them, for as long as it is to reach more people."""
    if isinstance(one, FlagChange):
        is_coming = one.state is ChangeState.WAITING and reaches_more(one, flag)
    else:
        is_coming = one.state in (RolloutState.WAITING, RolloutState.RUNNING)
    return await against(work, one) if is_coming else []


def reaches_more(change: FlagChange, flag: Flag) -> bool:
    """Whether somebody gets it by this change who does not have it now; then it waits for freezes and locks."""
    return not change.wanted.is_within(flag.serving(change.environment))


async def must_be_askable(
    work: Work, flag: Flag, environment: Environment, wanted: Serving, asker: str, because: str | None
) -> Obstacle | None:
    """The freeze that a request made now asks to pass, if one is on.

    Raises ``Locked`` where somebody else's lock is in the way; ``Frozen`` where a freeze is, and no reason is given.
    """
    await must_be_open(work, flag.service or "", environment.name, asker)
    for one in await _still(work, flag.service, environment.name, {asker}):
        if one.kind is Kind.FREEZE:
            if not (because or "").strip():
                raise Frozen(one, work.now, _command(flag, environment, wanted))
            return one
    return None


async def must_let_pass(work: Work, one: FlagChange | Rollout, approver: str) -> None:
    """Raises ``Refusal`` where no yes counts now, ``Locked`` where its last one would put it past a lock."""
    for each in await holding(work, one, approver):
        if each.kind is Kind.FREEZE:
            raise Refusal(
                f"{each.sentence(work.now)} ({each.rule}) No yes counts before its end. If it cannot wait, cancel this "
                f"and change the flag with a reason, which somebody else has to approve."
            )
        if one.approval.is_given and (lock := await work.get(Lock, each.rule)):
            raise Locked(lock, work.now)


async def _still(
    work: Work,
    service: str | None,
    environment: str,
    people: Collection[str],
    passes: tuple[str, datetime | None] = ("", None),
) -> list[Obstacle]:
    where = rules.environment_of(work, environment)
    locks = await work.find(Lock, environment=environment, state=LockState.HELD)
    # A flag of no service is kept still by what is for every service.
    named = service or ""
    facts = Facts(
        work.now,
        freezes=rules.freezes_of(work, named, where, locks),
        locks=tuple(locks),
        incidents=tuple(await fixes.incidents_of(work, named)),
    )
    return still(named, where, facts, people, passes)


def _command(flag: Flag, environment: Environment, wanted: Serving) -> str:
    to = "on" if wanted.share == WHOLE else f"to {percent(wanted.share)}"
    whom = "" if wanted.segment.is_everybody else f" for {wanted.segment.called}"
    return f"/release flag {flag.id} {to}{whom} in {environment.name}"
