"""Whether what is about to start is what was approved: its ref and its image are read again when its turn comes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.core.jobs import Again, Due, Outcome
from bot.core.ports import Tools, Work
from bot.core.team import Service
from bot.core.versions import in_full
from bot.stages.build import runs
from bot.stages.code import blocker_links
from bot.stages.code.model.ports import HostUnreachable, RefUnknown
from bot.stages.deploy import ask_approvers, image, rules
from bot.stages.deploy import cards as news
from bot.stages.deploy.look_up_version import (
    PATIENCE_SECONDS,
    Found,
    checks_of,
    resolved,
    trouble_with,
    what_ships,
    with_known_changes,
)
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.moved import sent_back
from bot.stages.deploy.model.registry_port import ArtifactUnknown
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.queue import give_back, start_next
from bot.stages.deploy.request import will_expire

# A code host that is down for longer is down for the approval too: people ask again once it is back.
AGAIN_AFTER, UNSEEN_FOR = timedelta(minutes=1), timedelta(minutes=15)


async def look_before_start(tools: Tools, id: str) -> Found:
    """What its ref and its image are now; nothing is asked of what is not about to start.

    A rollback is about what was live, and what nobody has to approve about what was asked for: neither goes back to
    anybody, so that only its name is looked at. What is told to the target is a commit in any doubt.
    """
    async with tools.unit() as work:
        asked = await work.get(Deployment, id)
    if asked is None or asked.state is not State.QUEUED:
        return Found()
    about = Found(asked.sha, artifact=asked.artifact, instead_of=asked.sha, artifact_instead_of=asked.artifact)
    service = tools.team.services.get(asked.service)
    if service is None:  # the team file has changed, which its end will say
        return about
    about = replace(about, called=await _called(tools, service, asked))
    if asked.rolls_back or not asked.approval.needed:
        return about
    try:
        sha = await _commit(tools, service, asked)
        artifact = await image.seen_again(tools, service, asked, sha)
    except (RefUnknown, HostUnreachable, TimeoutError) as reason:
        return replace(about, trouble=trouble_with(asked.version, asked.sha or "", reason))
    except ArtifactUnknown as gone:
        return replace(about, trouble=f"{gone.name} is in its registry no more")
    about = replace(about, sha=sha, artifact=artifact or asked.artifact)
    return await _with_what_ships(tools, service, asked, about) if has_moved(about) else about


def has_moved(seen: Found) -> bool:
    """Whether it is another commit or image than what was asked for."""
    return seen.sha != seen.instead_of or seen.artifact != seen.artifact_instead_of


def is_of(seen: Found, deployment: Deployment) -> bool:
    """Whether the look was at what the deployment is about still."""
    return (seen.instead_of, seen.artifact_instead_of) == (deployment.sha, deployment.artifact)


async def send_back(work: Work, deployment: Deployment, slot: Slot, seen: Found) -> None:
    """What was approved is not what its name stands for by now: those who approve are asked anew, and told why."""
    await runs.learn(work, seen.checks)
    ships = await with_known_changes(work, seen.ships) if seen.sha != deployment.sha else deployment.ships
    where = rules.environment_of(work, deployment.environment)
    before = deployment
    deployment = sent_back(deployment, seen.sha, ships, where, work.now, seen.artifact)
    await work.save(deployment)
    news.record(work, deployment, "moved", was=before.sha, fell_away=deployment.fell_away)
    will_expire(work, deployment)
    slot = await start_next(work, await give_back(work, slot, deployment))
    deployment = await ask_approvers.ask(
        work, deployment, [one for one in seen.people if one.id not in deployment.asked]
    )
    voters = [vote.by for vote in before.approval.approvals]
    news.tell_in_thread(work, deployment, "sent_back", voters=voters)
    await blocker_links.deployment_moved(work, deployment)
    await news.redraw(work, deployment)
    await news.show_queue(work, slot)


async def hold(work: Work, it: Due, deployment: Deployment, slot: Slot, trouble: str) -> Outcome | Again:
    """It cannot be told whether it is still what was approved: it waits, its card says why, and at last it lapses."""
    if deployment.note and it.late_by >= UNSEEN_FOR:  # the first look may itself be late
        deployment = deployment.lapse(trouble, work.now)
        await work.save(deployment)
        slot = await start_next(work, await give_back(work, slot, deployment))
        news.record(work, deployment, "expired", held="ref")
        news.tell_in_thread(work, deployment, "unseen")
        await blocker_links.deployment_moved(work, deployment)
        await news.redraw(work, deployment)
        await news.show_queue(work, slot)
        return Outcome.DONE
    if deployment.note != trouble:
        deployment = replace(deployment, note=trouble)
        await work.save(deployment)
        await news.show(work, deployment, slot)
    return Again(AGAIN_AFTER, trouble or "it has changed since we looked")


async def _commit(tools: Tools, service: Service, asked: Deployment) -> str | None:
    if not service.repository.is_known or asked.sha is None or asked.sha == asked.version:
        return asked.sha
    return await resolved(tools, service, asked.version, within=PATIENCE_SECONDS)


async def _with_what_ships(tools: Tools, service: Service, asked: Deployment, seen: Found) -> Found:
    """With what whoever approves it has to see."""
    seen = replace(seen, people=await tools.directory.people())
    if seen.sha is None or seen.sha == asked.sha:
        return seen
    ships, checks = await asyncio.gather(
        what_ships(tools, service, asked.environment, asked.version, seen.sha), checks_of(tools, service, seen.sha)
    )
    return replace(seen, ships=ships, checks=checks)


async def _called(tools: Tools, service: Service, asked: Deployment) -> str:
    """Its name where that is a tag which stands at the commit; else the commit, which cannot move.

    A code host that cannot be asked leaves it at the commit: a rollback waits for nobody.
    """
    if not service.repository.is_known or asked.sha is None:
        return asked.version
    try:
        tagged = await resolved(tools, service, in_full(asked.version, "tags"), within=PATIENCE_SECONDS)
    except (RefUnknown, HostUnreachable, TimeoutError):
        return asked.sha
    return asked.version if tagged == asked.sha else asked.sha
