"""What others say of deployments: of those that we asked them for, and of those that nobody asked us for."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.core.events import DeploymentReported, PipelineChanged, RunState
from bot.core.handlers import due_outside, on
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Fact, Subject
from bot.core.ports import Tools, Work
from bot.core.run_references import GITHUB, GITLAB, HTTP, deployment_reference, is_deployment, run_reference
from bot.core.stages import Stage
from bot.core.team import Team
from bot.core.versions import plain
from bot.stages.deploy import cards as news
from bot.stages.deploy import finish
from bot.stages.deploy.look_up_version import what_shipped, with_known_changes
from bot.stages.deploy.model.changes_shipped import Ships
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Finished, Report
from bot.stages.deploy.model.reported_by_others import CALLED, report_of, reported
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.queue import slot_of
from bot.stages.deploy.request import known as known_one
from bot.stages.deploy.run_elsewhere import hear
from bot.stages.plan import changes
from bot.team.services import environment_of, is_of_another_host, person_of_login, service_of_repository

SHIPS = "deploy.ships"
RECENT = 10  # deployments of one service in one environment
ECHO = timedelta(minutes=5)  # after our own's end, in which its carrier may still be telling of it


@on(DeploymentReported)
async def deployment_reported(work: Work, event: DeploymentReported) -> None:
    """One of ours is where its carrier says; any other one is noted, and what went live by it is live."""
    reference = deployment_reference(event.source, event.repository, event.deployment)
    known = await _with_reference(work, event, reference)
    if known and not known.reported_by:
        await hear(work, known, report_of(event))
        return
    named = event.facts.get("service")
    service = service_of_repository(work.team, event)
    if service is None and named in work.team.services:
        service = named
        # Argo CD tells the commit of the repository with the manifests, which is none of the service's.
        event = replace(event, sha="" if event.repository else event.sha)
    environment = environment_of(work.team, event.environment)
    by = await person_of_login(work, event.actor)
    _note(work, event, reference, service, environment, by or event.source)
    if service and environment and event.source != HTTP:
        echoed = await _echoed(work, event, service, environment)
        if echoed is not None:
            await _settle(work, event, echoed)
            return
        slot = await slot_of(work, service, environment)
        if not _is_old(event, slot):
            told = reported(event, service, environment, slot.live, by, reference)
            if told is not None:
                await _enter(work, told, known, slot)


@on(PipelineChanged)
async def run_reported(work: Work, event: PipelineChanged) -> None:
    """A run of a workflow or pipeline that we asked for is where its code host says."""
    known = await _with_reference(work, event, run_reference(event.source, event.repository, event.run))
    if known is not None:
        await hear(work, known, Report(event.state, url=event.url, attempt=event.attempt))


async def _with_reference(
    work: Work, event: DeploymentReported | PipelineChanged, reference: str
) -> Deployment | None:
    """The newest; two code hosts of one kind may number theirs alike."""
    found = await work.find(Deployment, reference=reference, limit=RECENT)
    ids = (one.id for one in found if not is_of_another_host(work.team, one.service, event))
    id = next(ids, None)
    return await work.get(Deployment, id) if id else None


async def _echoed(work: Work, event: DeploymentReported, service: str, environment: str) -> Deployment | None:
    """What runs there at our request, or did lately, if it tells of that: it may come when others have followed."""
    for one in await work.find(Deployment, service=service, environment=environment, limit=RECENT):
        if one.started_at and not one.reported_by and await _is_echo(work, event, one):
            return one
    return None


async def _is_echo(work: Work, event: DeploymentReported, ours: Deployment) -> bool:
    """Whether it tells of what we asked for: of the same thing, or in the meantime by the host that carries it out.

    A workflow of GitHub's reports the commit of its own branch, and not the one that it deploys.
    """
    is_same = _is_same(event, ours)
    if is_same and ours.state in (State.RUNNING, State.UNKNOWN):
        return True
    if not is_same and not _is_there(work.team, event, ours):
        return False
    return any(began <= event.at <= ended + ECHO for began, ended in await _runs(work, ours))


async def _runs(work: Work, ours: Deployment) -> list[tuple[datetime, datetime]]:
    """When each of its runs began and ended; the deployment itself knows only the last one."""
    began: dict[Fact, datetime] = {}
    ended: dict[Fact, datetime] = {}
    for one in await work.history(Subject("deployment", ours.id)):
        run = one.entry.facts.get("run")
        if one.entry.kind == "deployment.started":
            began[run] = one.at
        elif one.entry.kind in ("deployment.failed", "deployment.succeeded"):
            ended[run] = one.at  # a second end is the true one: it was mended
        elif one.entry.kind == "deployment.retried":
            ended.setdefault(run, one.at)  # nobody knew its end
    return [(at, ended.get(run, work.now)) for run, at in began.items()]


def _is_same(event: DeploymentReported, ours: Deployment) -> bool:
    if event.sha and ours.sha:
        return event.sha == ours.sha
    told = {plain(event.ref), plain(event.facts.get("version", ""))} - {""}
    return bool(told & {ours.version, ours.called, ours.sha})


def _is_there(team: Team, event: DeploymentReported, ours: Deployment) -> bool:
    """Whether it comes from where ours is carried out."""
    if ours.reference:
        # A deployment has a name of its own; a workflow or pipeline may make others while it runs.
        return ours.reference.startswith(f"{event.source}:") and not is_deployment(ours.reference)
    # Its start was cut, and no run of it has been found. Whoever deploys by a call goes by our own name for it.
    host = GITHUB if team.services[ours.service].repository.github else GITLAB
    return ours.carried is not None and event.source == host


async def _settle(work: Work, event: DeploymentReported, ours: Deployment) -> None:
    """Where nobody told us how ours ended, or we were told that it failed, this says so, if it is live."""
    began = ours.started_at
    if not _is_same(event, ours) or (began and event.at < began):
        return  # of a run before this one, or of something else that came by the same way
    if ours.state is State.UNKNOWN and event.state is RunState.PASSED:
        await work.save(replace(await known_one(work, ours.id), seen_by=event.source))
        await finish.end(ours, Finished(None, note=_seen_by(event), is_done=True), [], work)
    elif ours.state is State.FAILED and event.state is RunState.PASSED and ours.carried is None:
        # A command of ours gave up on what goes on without it; of a run elsewhere its carrier tells.
        slot = await slot_of(work, ours.service, ours.environment)
        failed = await known_one(work, ours.id)
        if slot.latest == failed.id and not slot.taken_by and failed.ended_at and event.at > failed.ended_at:
            await finish.mended(work, replace(failed, seen_by=event.source), _seen_by(event))


def _seen_by(event: DeploymentReported) -> str:
    return f"{CALLED.get(event.source, event.source)} reports that it is live"


def _is_old(event: DeploymentReported, slot: Slot) -> bool:
    """Whether it tells nothing new of what is live."""
    live = slot.live
    if live is None:
        return False
    return bool(event.sha and live.sha == event.sha) or bool(live.since and event.at <= live.since)


async def _enter(work: Work, told: Deployment, known: Deployment | None, slot: Slot) -> None:
    """Its card in the channel, and what is live afterwards. What has been live is not called failed later."""
    if known is not None and known.state is State.SUCCEEDED:
        # Argo CD names an app's revision: brought again, or with another image, it is another deployment.
        is_again = slot.live is None or slot.live.deployment != known.id or told.version != known.version
        if told.state is not State.SUCCEEDED or not is_again:
            return
        known = None
    if known is not None and known.state is told.state:
        return
    replaced = await work.get(Deployment, slot.live.deployment) if slot.live and slot.live.deployment else None
    told = _as_rollback(told, replaced)
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
    await news.show(work, told, slot)
    if replaced:
        await finish.redraw(work, replaced.id, slot)
    if told.state is State.SUCCEEDED:
        work.owe(Job(SHIPS, f"{SHIPS}:{told.id}", work.now, {"deployment": told.id}))


def _as_rollback(told: Deployment, live: Deployment | None) -> Deployment:
    """Where it brings back what was live before, it takes back what is live now."""
    before = live.before if live else None
    if told.state is not State.SUCCEEDED or live is None or before is None:
        return told
    is_back = before.sha == told.sha if before.sha and told.sha else before.name == told.version
    if not is_back:
        return told
    return replace(told, rolls_back=live.id, ships=replace(live.ships, goes_back=True, since=live.version))


@due_outside(SHIPS)
async def look_what_shipped(tools: Tools, it: Due) -> Outcome:
    """What came with it, so that its authors hear of it as of any other one; nobody waits for this in Slack."""
    async with tools.unit() as work:
        told = await work.get(Deployment, it.job.args["deployment"])
    if told is None:
        return Outcome.NOOP
    ships = told.ships
    service = tools.team.services.get(told.service)
    if not told.rolls_back and told.sha and service and service.repository.is_known:
        ships = await what_shipped(tools, service, told.before, told.version, told.sha)
    return await tools.unit.run(partial(_shipped, told, ships))


async def _shipped(told: Deployment, ships: Ships, work: Work) -> Outcome:
    now = await known_one(work, told.id)
    now = replace(now, ships=await with_known_changes(work, ships) or ships)
    await work.save(now)
    if now.sha and not now.rolls_back:
        await _advance(work, now, now.sha)
    await finish.tell_of_it(work, now)
    await news.redraw(work, now)
    return Outcome.DONE


async def _advance(work: Work, told: Deployment, sha: str) -> None:
    """Changes that this commit belongs to have come this far."""
    known = await work.history(Subject("sha", sha))
    ids = dict.fromkeys(one.name for entry in known for one in entry.entry.subjects if one.kind == "change")
    ids |= dict.fromkeys(told.ships.changes)
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
