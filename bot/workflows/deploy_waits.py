"""What was in the way may be over: a check has passed, a freeze or an incident has ended."""

from bot.domain.deployments import Deployment, State
from bot.domain.events import PipelineChanged
from bot.domain.jobs import Due, Outcome
from bot.domain.ports import Work
from bot.workflows import deploy_news as news
from bot.workflows.handles import due, on
from bot.workflows.slots import slot_of, start_next


@due("deploy.look")
async def look_again(work: Work, it: Due) -> Outcome:
    """Let it start, if nothing holds it any more; else its card says what does."""
    deployment = await work.get(Deployment, it.job.args["deployment"])
    if deployment is None or deployment.state is not State.QUEUED:
        return Outcome.NOOP
    slot = await start_next(work, await slot_of(work, deployment.service, deployment.environment))
    await news.show_queue(work, slot)
    return Outcome.DONE


@on(PipelineChanged)
async def checked(work: Work, event: PipelineChanged) -> None:
    """Cards of deployments of this commit show how its checks stand now, and what waited for them starts."""
    if not event.sha or not event.state.ended:
        return
    for deployment in await work.find(Deployment, sha=event.sha, state=(State.WAITING, State.QUEUED)):
        slot = await slot_of(work, deployment.service, deployment.environment)
        if deployment.state is State.QUEUED:
            slot = await start_next(work, slot)
        await news.show(work, deployment, slot)
