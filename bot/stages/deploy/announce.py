"""Tells others, outside of Slack, that something went live: a job of its own, so that their silence delays nobody."""

from datetime import timedelta

from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.announcement_port import LiveAs, Outlet, Told
from bot.stages.deploy.model.deployment import Deployment

TELL = "cdevents.tell"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=1)  # then it is a dead letter, which an admin can try again


def owe(work: Work, deployment: Deployment) -> None:
    """Have it told, from the commit on, where the team file says whom."""
    if not work.team.cdevents:
        return
    args = {"deployment": deployment.id, "run": deployment.run}
    work.owe(Job(TELL, f"{TELL}:{deployment.run_name}", work.now, args))


@due_outside(TELL)
async def tell(tools: Tools, it: Due) -> Outcome | Again:
    """Send it; where nobody listens any more, there is nothing to do."""
    outlet = tools.port_if_any(Outlet)
    if outlet is None:
        return Outcome.NOOP
    async with tools.unit() as work:
        deployment = await work.get(Deployment, it.job.args["deployment"])
    service = tools.team.services.get(deployment.service) if deployment else None
    if deployment is None or service is None or deployment.run != it.job.args["run"] or not deployment.ended_at:
        return Outcome.NOOP
    told = Told(
        _kind(deployment),
        deployment.run_name,
        deployment.service,
        deployment.environment,
        deployment.version,
        deployment.sha or "",
        service.repository,
        deployment.ended_at,
        deployment.carried.url if deployment.carried else "",
    )
    try:
        await outlet.tell(told)
    except HostUnreachable as why:
        age = tools.clock.now() - deployment.ended_at
        if age > GIVEN_UP_AFTER:
            raise Refusal(f"{deployment.what} could not be told as a CDEvent for a day: {why}") from why
        return Again(min(max(FIRST_PAUSE, age / 2), LONGEST_PAUSE), str(why))
    return Outcome.DONE


def _kind(deployment: Deployment) -> LiveAs:
    if deployment.rolls_back:
        return LiveAs.ROLLED_BACK
    return LiveAs.UPGRADED if deployment.before else LiveAs.DEPLOYED
