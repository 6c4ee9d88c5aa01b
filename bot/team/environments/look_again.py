"""Has what waits looked at again when the world around it moves: an incident, a lock, a flag, or the calendar."""

from bot.core.find_or_refuse import every
from bot.core.freezes import next_turn
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ports import Work
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.flags.model.flag_change import ChangeState, FlagChange
from bot.stages.flags.model.rollout import Rollout, RolloutState
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import ReleaseState

AROUND = "deploy.around"
_LOOKS = {
    Deployment: ("deploy.look", "deployment"),
    FlagChange: ("flag.look", "change"),
    Rollout: ("rollout.look", "rollout"),
    Release: ("release.look", "release"),
}


def look_around(work: Work, why: str, environment: str | None = None, service: str | None = None) -> None:
    """Have whatever waits there looked at once this is committed; without a name, in any environment, of any service.

    ``why`` names the occasion: the same one is looked at once.
    """
    args = {"environment": environment or "", "service": service or ""}
    work.owe(Job(AROUND, f"{AROUND}:{why}", work.now, args))


def look_at_next_turn(work: Work, environment: str) -> None:
    """Have the same done when the next freeze of this environment's calendar begins, or the one that is on ends."""
    where = work.team.environments.get(environment)
    at = next_turn(where.freezes, work.now) if where else None
    if at is not None:
        args = {"environment": environment, "service": ""}
        work.owe(Job(AROUND, f"{AROUND}:{environment}:{at:%Y%m%dT%H%M%S}", at, args))


@due(AROUND)
async def when_it_moved(work: Work, it: Due) -> Outcome:
    """Have each of those that it may concern looked at, in a transaction of its own."""
    where = {key: value for key, value in it.job.args.items() if value}
    service = where.get("service")
    there = {key: value for key, value in where.items() if key == "environment"}
    theirs = {key: value for key, value in where.items() if key == "service"}
    coming = (RolloutState.WAITING, RolloutState.RUNNING)
    found = [
        *await every(work, Deployment, state=(State.WAITING, State.QUEUED), **where),
        *await every(work, FlagChange, state=ChangeState.WAITING, **there),
        *await every(work, Rollout, state=coming, **where),
    ]
    concerned = [one for one in found if service in (None, one.service)]
    drafts = await every(work, Release, state=ReleaseState.DRAFT, **theirs)
    for one in (*concerned, *drafts):
        kind, noun = _LOOKS[type(one)]
        work.owe(Job(kind, f"{kind}:{one.id}:{it.job.key}", work.now, {noun: one.id}))
    for name in dict.fromkeys(one.environment for one in concerned):
        look_at_next_turn(work, name)
    return Outcome.DONE if concerned or drafts else Outcome.NOOP
