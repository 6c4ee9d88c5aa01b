"""What others say of deployments: of those that we asked them for, and of those that nobody asked us for."""

from dataclasses import replace

from bot.domain.deployments import Deployment, State
from bot.domain.events import DeploymentReported, PipelineChanged
from bot.domain.ledger import Entry, Subject
from bot.domain.ports import Work
from bot.domain.references import HTTP, deployment_reference, run_reference
from bot.domain.reported import report_of, reported
from bot.domain.slots import Slot
from bot.domain.stages import Stage
from bot.domain.target_ports import Report
from bot.workflows import changes, deploy_ends
from bot.workflows import deploy_news as news
from bot.workflows.deploy_elsewhere import hear
from bot.workflows.handles import on
from bot.workflows.services import environment_of, person_of_login, service_of_repository
from bot.workflows.slots import slot_of


@on(DeploymentReported)
async def deployment_reported(work: Work, event: DeploymentReported) -> None:
    """One of ours is where its carrier says; any other one is noted, and what went live by it is live."""
    reference = deployment_reference(event.source, event.repository, event.deployment)
    known = await _with_reference(work, reference)
    if known and not known.reported_by:
        await hear(work, known, report_of(event))
        return
    named = event.facts.get("service")
    service = service_of_repository(work.team, event.repository)
    if service is None and named in work.team.services:
        service = named
        # Argo CD tells the commit of the repository with the manifests, which is none of the service's.
        event = replace(event, sha="" if event.repository else event.sha)
    environment = environment_of(work.team, event.environment)
    by = await person_of_login(work, event.actor)
    _note(work, event, reference, service, environment, by or event.source)
    if service and environment and event.source != HTTP:
        slot = await slot_of(work, service, environment)
        if not await _is_known(work, event, slot):
            told = reported(event, service, environment, slot.live, by, reference)
            if told is not None:
                await _enter(work, told, known, slot)


@on(PipelineChanged)
async def run_reported(work: Work, event: PipelineChanged) -> None:
    """A run of a workflow or pipeline that we asked for is where its code host says."""
    known = await _with_reference(work, run_reference(event.source, event.repository, event.run))
    if known is not None:
        await hear(work, known, Report(event.state, url=event.url))


async def _with_reference(work: Work, reference: str) -> Deployment | None:
    found = await work.find(Deployment, reference=reference, limit=1)
    return await work.get(Deployment, found[0].id) if found else None


async def _is_known(work: Work, event: DeploymentReported, slot: Slot) -> bool:
    """Whether it tells nothing new: an echo of what we do or did ourselves, or older than what is live."""
    running = await work.get(Deployment, slot.taken_by) if slot.taken_by else None
    if running and running.sha and running.sha == event.sha:
        return True
    live = slot.live
    if live is None:
        return False
    return bool(event.sha and live.sha == event.sha) or bool(live.since and event.at <= live.since)


async def _enter(work: Work, told: Deployment, known: Deployment | None, slot: Slot) -> None:
    """Its card in the channel, and what is live afterwards."""
    if known is not None and known.state is told.state:
        return
    replaced = slot.live.deployment if slot.live else ""
    if known is None:
        told = await work.add(told)
    else:
        told = replace(told, id=known.id, before=known.before)
        await work.save(told)
    if not slot.taken_by:
        slot = slot.started(told.id)
    slot = slot.settled(told)
    await work.save(slot)
    what = "succeeded" if told.state is State.SUCCEEDED else "failed"
    news.record(work, told, what, told.asked_by or told.reported_by, reported_by=told.reported_by)
    if told.state is State.SUCCEEDED and told.sha:
        await _advance(work, told, told.sha)
    await news.show(work, told, slot)
    if replaced and replaced != told.id:
        await deploy_ends.redraw(work, replaced, slot)


async def _advance(work: Work, told: Deployment, sha: str) -> None:
    """Changes that this commit belongs to have come this far."""
    known = await work.history(Subject("sha", sha))
    ids = dict.fromkeys(one.name for entry in known for one in entry.entry.subjects if one.kind == "change")
    for id in ids:
        because = (Subject("deployment", told.id),)
        await changes.advance(work, id, Stage.DEPLOY, by=told.asked_by, because=because)


def _note(
    work: Work, event: DeploymentReported, reference: str, service: str | None, environment: str | None, by: str
) -> None:
    """What was said, whatever comes of it. Not every sender knows the commit."""
    subjects = (
        Subject("deployment_elsewhere", reference),
        *([Subject("sha", event.sha)] if event.sha else []),
        *([Subject("version", f"{service}@{event.ref}")] if service and event.facts.get("version") else []),
        *([Subject("environment", environment)] if environment else []),
        *([Subject("service", service)] if service else []),
    )
    facts = {"environment": event.environment}
    work.record(Entry(f"deployment_elsewhere.{event.state}", subjects, by, facts))
