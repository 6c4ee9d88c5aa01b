"""What was in the way may be over, or new: a check, a freeze, a lock, an incident, an approval that is too old."""

from datetime import timedelta
from functools import partial

from bot.core.events import PipelineChanged
from bot.core.handlers import due, due_outside, on
from bot.core.jobs import Again, Due, Outcome
from bot.core.ports import Tools, Work
from bot.stages.build import runs
from bot.stages.code import blocker_links
from bot.stages.code.model.ports import CodeHost, HostUnreachable
from bot.stages.deploy import cards as news
from bot.stages.deploy import rules
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.queue import slot_of, start_next, will_lapse

AGAIN_AFTER = timedelta(minutes=1)


@due("deploy.look", lasting=True)
async def look_again(work: Work, it: Due) -> Outcome:
    """Let it start, if nothing holds it any more; else its card says what does."""
    deployment = await work.get(Deployment, it.job.args["deployment"])
    if deployment is None or deployment.state not in (State.WAITING, State.QUEUED):
        return Outcome.NOOP
    slot = await slot_of(work, deployment.service, deployment.environment)
    if deployment.state is State.WAITING:
        await news.show(work, deployment, slot)
    else:
        await news.show_queue(work, await start_next(work, slot))
    return Outcome.DONE


@due("deploy.lapse", lasting=True)
async def lapse(work: Work, it: Due) -> Outcome:
    """An approved one that is still held when its approval is too old: it ends, and whoever asked is told why.

    What only waits for its turn behind another one does not lapse for that.
    """
    deployment = await work.get(Deployment, it.job.args["deployment"])
    by = rules.starts_by(work, deployment) if deployment else None
    if deployment is None or by is None:
        return Outcome.NOOP
    if work.now < by:  # approved anew, or given longer by the team file
        will_lapse(work, deployment)
        return Outcome.NOOP
    slot = await slot_of(work, deployment.service, deployment.environment)
    waits = await rules.holding(work, deployment)
    if slot.taken_by == deployment.id or not waits:
        return Outcome.NOOP
    deployment = deployment.lapse("; ".join(one.what for one in waits), work.now)
    await work.save(deployment)
    news.record(work, deployment, "expired", held=", ".join(dict.fromkeys(one.rule for one in waits)))
    news.tell_in_thread(work, deployment, "lapsed", waits=waits, late_by=it.late_by)
    await blocker_links.deployment_moved(work, deployment)
    await news.redraw(work, deployment)
    await news.show_queue(work, slot)
    return Outcome.DONE


@due_outside("deploy.checks")
async def look_at_checks(tools: Tools, it: Due) -> Outcome | Again:
    """Read the checks that it waits for from the code host: not every team has webhooks."""
    async with tools.unit() as work:
        deployment = await work.get(Deployment, it.job.args["deployment"])
    service = tools.team.services.get(deployment.service) if deployment else None
    if deployment is None or deployment.state is not State.QUEUED or service is None or not deployment.sha:
        return Outcome.NOOP
    try:
        seen = await tools.port(CodeHost).checks(service.repository, deployment.sha)
    except HostUnreachable as reason:
        return Again(AGAIN_AFTER, str(reason))
    await tools.unit.run(partial(_checked, deployment, seen))
    return Outcome.DONE


async def _checked(deployment: Deployment, seen: list[PipelineChanged], work: Work) -> None:
    """It starts, or the next look is owed as this one was."""
    await runs.learn(work, seen)
    # The slot first: others of its queue are looked at in the same minute, and redraw each other's cards.
    slot = await start_next(work, await slot_of(work, deployment.service, deployment.environment))
    await news.show_queue(work, slot)
    await news.show(work, deployment, slot)


@on(PipelineChanged)
async def checked(work: Work, event: PipelineChanged) -> None:
    """Cards of deployments of this commit show how its checks stand now, and what waited for them starts."""
    if not event.sha or not event.state.ended:
        return
    waiting = await work.find(Deployment, sha=event.sha, state=(State.WAITING, State.QUEUED))
    # Slot by slot, in the order in which whoever else touches several of them does.
    for listed in sorted(waiting, key=lambda one: (one.environment, one.service)):
        # Whoever is just approving it may not have seen this check; then they leave it to us to start it.
        deployment = await work.get(Deployment, listed.id) or listed
        if deployment.state is State.QUEUED:
            await start_next(work, await slot_of(work, deployment.service, deployment.environment))
        await news.redraw(work, deployment)
