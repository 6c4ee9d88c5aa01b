"""What the rules of an environment say about a deployment just now, from what is kept of runs, locks and incidents."""

from datetime import datetime
from typing import Any

from bot.core.find_or_refuse import every, looking_back
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.core.team import Environment
from bot.stages.build.model.run import Run
from bot.stages.deploy import fixes
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.obstacles import (
    Before,
    Checks,
    Facts,
    Freeze,
    Frozen,
    Kind,
    Obstacle,
    obstacles,
    rule_of,
    start_waits,
)
from bot.stages.deploy.model.slot import Slot, slot_id
from bot.team.environments.model.lock import Lock, LockState

NEARBY = 20  # deployments that may have been asked for before others, and ended after them


async def facts_of(work: Work, deployment: Deployment) -> Facts:
    """Everything that the rules want to know of it, as it is now."""
    environment = environment_of(work, deployment.environment)
    locks = await work.find(Lock, environment=deployment.environment, state=LockState.HELD)
    return Facts(
        work.now,
        await checks_of(work, deployment, environment.checks),
        await _before(work, deployment, environment),
        freezes_of(work, deployment.service, environment, locks),
        tuple(locks),
        tuple(await fixes.incidents_of(work, deployment.service)),
        slot.latest if (slot := await work.get(Slot, slot_id(deployment.service, deployment.environment))) else "",
    )


async def standing_against(work: Work, deployment: Deployment) -> list[Obstacle]:
    """What stands in its way now, by every rule, warnings last."""
    facts = await facts_of(work, deployment)
    return obstacles(deployment, environment_of(work, deployment.environment), facts)


async def holding(work: Work, deployment: Deployment) -> list[Obstacle]:
    """What keeps it from starting now."""
    if deployment.rolls_back and not deployment.unapproved:
        return []
    return start_waits(await standing_against(work, deployment))


def starts_by(work: Work, deployment: Deployment) -> datetime | None:
    """Until when it may be held before its approval is too old; None for what is not approved, or needs no approval.

    It lasts as long as people have to decide, from the last yes on: a yes is to what they saw at that time.
    """
    approval = deployment.approval
    if deployment.state is not State.QUEUED or not approval.needed or not approval.approvals:
        return None
    return approval.approvals[-1].at + environment_of(work, deployment.environment).expires_after


async def must_be_askable(work: Work, deployment: Deployment, command: str) -> Deployment:
    """The request, with the freeze that it asks to pass. Raises ``Refusal`` where it cannot even be asked for.

    ``command`` is what asks for it again; it is shown with what has to be added.
    """
    for one in await standing_against(work, deployment):
        if one.kind is Kind.ORDER:
            raise Refusal(
                f"{one.sentence(work.now)} Deploy it there first, or change {one.rule} in the team file.",
                field="environment",
            )
        if one.kind is Kind.FREEZE and not deployment.because:
            raise Frozen(one, work.now, command)
    return deployment


async def freeze_to_pass(work: Work, service: str, environment: str) -> Freeze | None:
    """The freeze that a request made now has to override, if one is on."""
    found = freezes_of(
        work,
        service,
        environment_of(work, environment),
        await work.find(Lock, environment=environment, state=LockState.HELD),
    )
    return found[0] if found else None


async def checks_of(work: Work, deployment: Deployment, required: tuple[str, ...] = ()) -> Checks:
    """How its commit's pipelines stand, as its own repository says; nothing is known of a version without a commit.

    Another repository (a fork has the same commits) may say the same of the same commit, and means its own. Nor does a
    run of a fork's commit in our repository count: whoever wrote it chose what it runs.
    """
    service = work.team.services.get(deployment.service)
    found = await work.find(Run, sha=deployment.sha) if deployment.sha and service else []
    return Checks.of([run for run in found if service and run.is_of(service.repository)], required)


def freezes_of(work: Work, service: str, environment: Environment, locks: list[Lock]) -> tuple[Freeze, ...]:
    """What keeps everybody out now: windows of the calendar, and freezes that somebody set."""
    by_calendar = [
        Freeze(window.name, rule_of(environment, f"freezes ({window.name})"), *span)
        for window in environment.freezes
        if (span := window.over(work.now))
    ]
    by_people = [
        Freeze(lock.id, lock.id, lock.at, lock.until, lock.by_name, lock.reason)
        for lock in locks
        if lock.freezes(service, work.now)
    ]
    return (*by_calendar, *by_people)


def environment_of(work: Work, name: str) -> Environment:
    """The environment as the team file has it; one that it names no longer asks for nothing more."""
    return work.team.environments.get(name) or Environment(name)


async def _before(work: Work, deployment: Deployment, environment: Environment) -> Before | None:
    """How the same commit did where it has to be first, however long ago."""
    if not environment.after:
        return None
    where: dict[str, Any] = {
        "service": deployment.service,
        "environment": environment.after,
        "state": State.SUCCEEDED,
    }
    named = await every(work, Deployment, version=deployment.version, **where)
    if deployment.sha:
        of_commit = await every(work, Deployment, sha=deployment.sha, state=State.SUCCEEDED)
        named += [
            one for one in of_commit if (one.service, one.environment) == (deployment.service, environment.after)
        ]
    same = {one.id: one for one in named if _is_same(one, deployment)}
    there = await _since(work, set(same), where)
    taken_back = {one.rolls_back for one in there}
    stays = [_stay(one, there) for one in same.values() if one.ended_at and one.id not in taken_back]
    stay = max(stays, key=lambda one: (one[1] or work.now) - one[0], default=None)
    if stay is None:
        return Before(environment.after)
    # One that goes on may still become long enough.
    lasting = next((one for one in stays if one[1] is None), None)
    is_enough = (stay[1] or work.now) - stay[0] >= environment.soak
    return Before(environment.after, *(stay if is_enough or lasting is None else lasting))


async def _since(work: Work, ids: set[str], where: dict[str, Any]) -> list[Deployment]:
    """What was live there since the oldest of these, the newest first: what followed each, or took it back."""
    there: list[Deployment] = []
    left, nearby = set(ids), NEARBY if ids else 0
    async for one in looking_back(work, Deployment, **where):
        if not nearby:
            break
        there.append(one)
        left.discard(one.id)
        nearby -= not left
    return there


def _is_same(one: Deployment, deployment: Deployment) -> bool:
    """The same commit; the same version where either is not known by its commit (others do not always tell it)."""
    if one.sha and deployment.sha:
        return one.sha == deployment.sha
    return one.version == deployment.version


def _stay(one: Deployment, there: list[Deployment]) -> tuple[datetime, datetime | None]:
    """From when until when it was live there; None where nothing has come since."""
    came = one.ended_at or one.asked_at
    later = [other.ended_at for other in there if other.ended_at and other.ended_at > came]
    return came, min(later, default=None)
