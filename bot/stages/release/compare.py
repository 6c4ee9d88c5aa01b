"""Asks the code host what a deployment brought or took back, as its card does not list every commit."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Outcome
from bot.core.messages import Message
from bot.core.ports import Tools, Work
from bot.core.stages import Stage
from bot.stages.code.model.ports import CodeHost, Commit, HostUnreachable, RangeTooLong, RefUnknown
from bot.stages.deploy.model.changes_shipped import Version
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.deploy.model.slot import Slot, slot_id
from bot.stages.release import correct, what_is_live
from bot.stages.release.model.release_state import ROLLED_BACK

GIVEN_UP_AFTER = timedelta(minutes=2)  # since it was due
AGAIN_AFTER = timedelta(seconds=30)


@due_outside(what_is_live.COMPARE)
async def compare(tools: Tools, it: Due) -> Outcome | Again:
    """Strike what was live before this deployment and is not now, and lift what is; or say that nobody can tell.

    What is live now decides and not what the deployment brought, so that it is right however late it comes.
    """
    async with tools.unit() as work:
        deployment = await work.get(Deployment, it.job.args["deployment"])
        move = await what_is_live.move_of(work, deployment) if deployment else None
        slot = await work.get(Slot, slot_id(deployment.service, deployment.environment)) if deployment else None
    live = slot.live if slot else None
    service = tools.team.services.get(deployment.service) if deployment else None
    if deployment is None or move is None or live is None or not move.was or not live.sha:
        return Outcome.NOOP
    if service is None or not service.repository.is_known:
        return Outcome.NOOP
    try:
        gone = await tools.port(CodeHost).commits(service.repository, live.sha, move.was)
        come = await tools.port(CodeHost).commits(service.repository, move.was, live.sha)
    except (RangeTooLong, RefUnknown):
        why = "Its commits are too many to be read, or its history was rewritten."
        return await tools.unit.run(partial(_unsure, move, why))
    except HostUnreachable as reason:
        if it.late_by < GIVEN_UP_AFTER:
            return Again(AGAIN_AFTER, str(reason))
        return await tools.unit.run(partial(_unsure, move, f"{reason}."))
    return await tools.unit.run(partial(_compared, deployment, live, gone, come))


async def _compared(
    deployment: Deployment, live: Version, gone: Sequence[Commit], come: Sequence[Commit], work: Work
) -> Outcome | Again:
    slot = await work.get(Slot, slot_id(deployment.service, deployment.environment))
    if slot is None or slot.live is None or slot.live.sha != live.sha:
        return Again(timedelta(), "something else went live meanwhile")
    lost, found = {one.sha for one in gone}, {one.sha for one in come}
    pulls = {
        one.pull_request for one in come if one.pull_request
    }  # picked to another branch, it is the same change
    for before in await correct.published(work, deployment.service):
        numbers = what_is_live.of_commits(before, lost)
        release = before.strike(what_is_live.struck_by(deployment, numbers, work.now))
        release = release.lift(what_is_live.of_commits(release, found, pulls), ROLLED_BACK)
        await correct.correct(work, before, release)
    return Outcome.DONE


async def _unsure(move: what_is_live.Move, why: str, work: Work) -> Outcome:
    """Tell those who release that notes may not be true any more, and which ones."""
    deployment = move.deployment
    published = await correct.published(work, deployment.service)
    if releases := [release for release in published if move.is_open_for(release)]:
        context = {"releases": releases, "deployment": deployment, "goes_back": move.goes_back, "why": why}
        channel = work.team.channel_for(Stage.RELEASE, deployment.service)
        work.say(Message(f"release:unsure:{deployment.id}", channel, "release/unsure", context))
    return Outcome.DONE
