"""Pipelines: one message a run, edited from queued to its end."""

from collections.abc import Iterable
from dataclasses import replace

from bot.core.events import PipelineChanged, RunState
from bot.core.find_or_refuse import every, looking_back
from bot.core.handlers import on
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.core.ports import Work
from bot.core.run_references import run_reference
from bot.core.stages import Stage
from bot.stages.build.model.run import Purpose, Run
from bot.stages.code.hosted import run_of
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.plan import changes
from bot.team.services import is_of_another_host, person_of_login, placed, service_of_repository

LOOKED_BACK = 20  # runs that may have come in another order than they were begun


@on(PipelineChanged)
async def pipeline_changed(work: Work, event: PipelineChanged) -> None:
    """Keep the run and its message true; repositories of no service are in the ledger, not in a channel."""
    await _take(work, event, is_news=True)


async def learn(work: Work, events: Iterable[PipelineChanged]) -> None:
    """Keep how these runs stand, because somebody looked: that is no news, so that no new message says it."""
    for event in events:
        await _take(work, event, is_news=False)


async def _take(work: Work, event: PipelineChanged, *, is_news: bool) -> None:
    event = placed(work.team, event)
    id = await run_of(work, event)
    before = await work.get(Run, id)
    if before is None and await _deploys(work, event):
        return  # at our request: the deployment's card says how it goes
    run = before.changed(event) if before else Run.begun(event, service_of_repository(work.team, event), id)
    was_told = before is not None and before.is_told
    has_changed = run is not before
    if not has_changed and (was_told or not is_news):
        return
    run = replace(run, is_told=was_told or is_news)
    await (work.save(run) if before else work.add(run))
    if before is None or (run.state, run.attempt, run.fork) != (before.state, before.attempt, before.fork):
        _record(work, run, by=await person_of_login(work, event.actor) or event.source)
        if run.state is RunState.PASSED and not run.fork:
            await _advance(work, run)
    if run.is_told and run.service is not None:  # a message that stands is kept true, whoever tells us
        context = {"run": run, "previous": await _previous(work, run)}
        channel = work.team.channel_for(Stage(run.purpose), run.service)
        work.say(Message(f"run:{run.id}", channel, "build/run", context))


async def _deploys(work: Work, event: PipelineChanged) -> bool:
    reference = run_reference(event.source, event.repository, event.run)
    found = await every(work, Deployment, reference=reference)
    return any(not is_of_another_host(work.team, one.service, event) for one in found)


async def latest(work: Work, purpose: Purpose, service: str | None) -> list[Run]:
    """The newest run of this service, or of each service that has one, in the team file's order."""
    names = [service] if service else list(work.team.services)
    found = [await _newest_of_ours(work, purpose, name) for name in names]
    return [run for run in found if run is not None]


async def _newest_of_ours(work: Work, purpose: Purpose, service: str) -> Run | None:
    async for run in looking_back(work, Run, purpose=purpose, service=service):
        if not run.fork:
            return run
    return None


async def _advance(work: Work, run: Run) -> None:
    """Changes that this commit belongs to have come this far."""
    if not run.sha:  # not every sender knows of which commit it was
        return
    sha = Subject("sha", run.sha)
    known = await work.history(sha)
    ids = dict.fromkeys(s.name for one in known for s in one.entry.subjects if s.kind == "change")
    for id in ids:
        await changes.advance(work, id, Stage(run.purpose), by="", because=(sha,))


async def _previous(work: Work, run: Run) -> Run | None:
    """The run of the same pipeline on the same branch before this one, to say whether it broke or mended."""
    before: list[Run] = []
    async for other in looking_back(work, Run, purpose=run.purpose, service=run.service, branch=run.branch):
        is_same = other.id != run.id and other.identity == run.identity
        if is_same and other.place < run.place and other.state.ended:
            before.append(other)
        if len(before) == LOOKED_BACK:
            break
    return max(before, key=lambda one: one.place, default=None)


def _record(work: Work, run: Run, by: str) -> None:
    kind = "testrun" if run.purpose is Purpose.TEST else "build"
    subjects = [Subject(kind, run.id)]
    if run.sha:
        subjects.append(Subject("sha", run.sha))
    if run.service:
        subjects.append(Subject("service", run.service))
    facts = {"state": str(run.state), "attempt": run.attempt, "number": run.number}
    work.record(Entry(f"{kind}.{run.state}", tuple(subjects), by, facts))
