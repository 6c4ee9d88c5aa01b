"""Runs that somebody else carries out: asked for once, followed to their end, never said to be what they are not."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.core import run_references
from bot.core.deploy_targets import Command, Elsewhere, HttpCall
from bot.core.events import RunState
from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Outcome
from bot.core.ports import Tools, Work
from bot.core.team import Team
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy import cards as news
from bot.stages.deploy import finish
from bot.stages.deploy.image import pinned
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Carrier, Finished, NotTaken, Order, Report, Taken, Unsure
from bot.stages.deploy.model.run_elsewhere import Carried, finished
from bot.stages.deploy.queue import slot_of
from bot.stages.deploy.request import known
from bot.stages.deploy.run_elsewhere_job import FOLLOW

# A webhook tells at once, where there is one; a look costs one of the code host's 5,000 requests an hour.
LOOKS = ((timedelta(minutes=2), timedelta(seconds=5)), (timedelta(minutes=10), timedelta(seconds=15)))
SELDOM = timedelta(seconds=30)
# How long a start that nobody confirmed is looked for before a person is asked.
FOUND_WITHIN = timedelta(minutes=2)
# How long somebody who was told to stop may take to end.
GRACE = timedelta(minutes=2)
# Where a person has been asked, we go on looking: its end may be told before they come.
UNKNOWN_FOR, UNKNOWN_EVERY = timedelta(days=1), timedelta(minutes=10)


def beginning(how: Elsewhere, deployment: Deployment) -> tuple[Carried, str]:
    """What is known of the next run before anybody is asked: who shall carry it out, and what they will call it."""
    run = f"{deployment.id}/{deployment.run + 1}"
    reference = (
        run_references.deployment_reference(run_references.HTTP, "", run) if isinstance(how, HttpCall) else ""
    )
    return Carried(how.title), reference


async def hand_over(tools: Tools, begun: Deployment, how: Elsewhere) -> Outcome:
    """Ask for it, once; what is not certain afterwards, the job that follows it finds out."""
    try:
        carrier = tools.port_if_any(Carrier)
        if carrier is None:
            raise NotTaken("nothing here can reach it")
        taken = await carrier.start(how, _order(tools.team, begun))
    except NotTaken as why:
        end = Finished(None, note=f"{how.title} did not take it: {why}")
        return await tools.unit.until_kept(partial(finish.end, begun, end, []))
    except Unsure as why:
        return await tools.unit.until_kept(partial(_noted, begun, f"{how.title} did not answer well: {why}"))
    # What they call it is told once, in their answer; without it nobody finds the run again.
    return await tools.unit.until_kept(partial(_taken, begun, taken))


@due_outside(FOLLOW)
async def follow(tools: Tools, it: Due) -> Outcome | Again:
    """Look where it is, pass on that it shall end, and see when its time is up."""
    async with tools.unit() as work:
        deployment = await work.get(Deployment, it.job.args["deployment"])
    if deployment is None or deployment.run != it.job.args["run"] or not is_under_way(deployment):
        return Outcome.NOOP
    how, carrier = target_of(tools.team, deployment), tools.port_if_any(Carrier)
    if how is None or carrier is None:
        return await tools.unit.run(partial(_lost, deployment, "the team file says no longer how it is deployed"))
    report = None
    try:
        report = await _look(tools, carrier, how, deployment)
    except HostUnreachable as why:
        await tools.unit.run(partial(_noted, deployment, f"I cannot see how it goes: {why}"))
    if report is not None and await tools.unit.run(partial(_reported, deployment, report, how)):
        return Outcome.DONE
    return await _wait_on(tools, carrier, how, deployment)


async def _wait_on(tools: Tools, carrier: Carrier, how: Elsewhere, looked_at: Deployment) -> Outcome | Again:
    """It has not ended, as far as anybody tells: pass on that it shall, or ask a person once that takes too long."""
    async with tools.unit() as work:  # looking has told us more of it
        deployment = await work.get(Deployment, looked_at.id)
    now = tools.clock.now()
    if deployment is None or deployment.run != looked_at.run or not is_under_way(deployment):
        return Outcome.DONE
    if _should_end(deployment, how, now):
        try:
            await _tell_to_stop(tools, carrier, how, deployment)
        except HostUnreachable as why:
            await tools.unit.run(partial(_noted, deployment, f"I cannot stop it: {why}"))
    if silence := _silence(deployment, how, now):
        await tools.unit.run(partial(_lost, deployment, silence))
    return _again(deployment, now)


async def hear(work: Work, deployment: Deployment, report: Report) -> None:
    """A report of one of ours that came by itself. After its end, only one that says otherwise is news."""
    if deployment.carried is None or deployment.carried.is_past(report):
        return
    if is_under_way(deployment):
        await _reported(deployment, report, target_of(work.team, deployment), work)
    elif report.state.ended and (report.state is RunState.PASSED) != (deployment.state is State.SUCCEEDED):
        deployment = replace(deployment, carried=deployment.carried.reported(report))
        await _keep(work, deployment)
        news.record(work, deployment, "contradicted", state=str(report.state))
        slot = await slot_of(work, deployment.service, deployment.environment)
        is_last = slot.latest == deployment.id and not slot.taken_by
        if report.state is RunState.PASSED and deployment.state is State.FAILED and is_last:
            # Nothing has come after it, and nobody wants it once more: so this is live.
            deployment = await finish.mended(work, deployment, report.note)
        news.tell_in_thread(work, deployment, "contradicted", report=report)


def is_under_way(deployment: Deployment) -> bool:
    """Whether somebody else may still tell us how its run ends."""
    return deployment.carried is not None and deployment.state in (State.RUNNING, State.UNKNOWN)


def target_of(team: Team, deployment: Deployment) -> Elsewhere | None:
    """Who carries it out elsewhere, as the team file has it now; None where nobody does."""
    service = team.services.get(deployment.service)
    how = service.deploy if service else None
    return None if how is None or isinstance(how, Command) else how


def values(team: Team, deployment: Deployment) -> dict[str, str]:
    """What the placeholders of a target stand for."""
    return {
        "service": deployment.service,
        "version": deployment.called or deployment.version,
        "environment": deployment.environment,
        "sha": deployment.sha or "",
        "deployment": deployment.id,
        "artifact": pinned(team, deployment),
    }


async def _look(tools: Tools, carrier: Carrier, how: Elsewhere, deployment: Deployment) -> Report | None:
    """Where it is; a run that nobody confirmed is looked for first."""
    order = _order(tools.team, deployment)
    if not order.reference:
        taken = await carrier.find(how, order)
        if taken is None:
            return None
        await tools.unit.run(partial(_taken, deployment, taken))
        order = replace(order, reference=taken.reference)
    return await carrier.look(how, order)


async def _tell_to_stop(tools: Tools, carrier: Carrier, how: Elsewhere, deployment: Deployment) -> None:
    order = _order(tools.team, deployment)
    if not order.reference or deployment.carried is None or deployment.carried.stop_told_at:
        return
    note = "" if await carrier.stop(how, order) else f"{how.title} cannot be stopped from here"
    await tools.unit.until_kept(partial(_stop_told, deployment, note))


def _again(deployment: Deployment, now: datetime) -> Outcome | Again:
    ran = now - (deployment.started_at or now)
    if deployment.state is State.UNKNOWN:
        return Again(UNKNOWN_EVERY, "nobody knows its end") if ran < UNKNOWN_FOR else Outcome.DONE
    return Again(next((pause for until, pause in LOOKS if ran < until), SELDOM), "it is under way")


def _silence(deployment: Deployment, how: Elsewhere, now: datetime) -> str:
    """Why a person has to look by now, as nobody tells us; "" while somebody still may."""
    ran = now - (deployment.started_at or now)
    if deployment.state is not State.RUNNING:
        return ""
    if not deployment.reference and ran > FOUND_WITHIN:
        return f"{how.title} was asked and did not answer well, and no run of it is to be found there"
    told_at = deployment.carried.stop_told_at if deployment.carried else None
    if told_at and now - told_at > GRACE:
        return f"{how.title} was to stop, and has not told me of its end"
    return f"{how.title} has not told me" if ran > how.limit + GRACE else ""


def _should_end(deployment: Deployment, how: Elsewhere, now: datetime) -> bool:
    return bool(deployment.stop_asked_by) or now - (deployment.started_at or now) > how.limit


def _order(team: Team, deployment: Deployment) -> Order:
    repository = team.services[deployment.service].repository
    at = deployment.started_at or deployment.asked_at
    told = values(team, deployment)
    return Order(deployment.run_name, repository, told, at, deployment.reference, deployment.version)


async def _current(work: Work, deployment: Deployment) -> tuple[Deployment, Carried] | None:
    """The same run as it is by now; None where it is over, or somebody said how it ended."""
    now = await known(work, deployment.id)
    if now.run != deployment.run or not is_under_way(now) or now.carried is None:
        return None
    return now, now.carried


async def _taken(deployment: Deployment, taken: Taken, work: Work) -> Outcome:
    if (found := await _current(work, deployment)) is None:
        return Outcome.NOOP
    now, carried = found
    if now.reference != taken.reference or not carried.is_taken:
        now = now.carry(now.run, carried.taken(taken), work.now, taken.reference)
        news.record(work, now, "handed_over", reference=taken.reference)
        await _keep(work, now)
    return Outcome.DONE


async def _noted(deployment: Deployment, note: str, work: Work) -> Outcome:
    if (found := await _current(work, deployment)) is None:
        return Outcome.NOOP
    now, carried = found
    if carried.note != note:
        await _keep(work, now.carry(now.run, carried.noted(note), work.now))
    return Outcome.DONE


async def _stop_told(deployment: Deployment, note: str, work: Work) -> Outcome:
    if (found := await _current(work, deployment)) is None:
        return Outcome.NOOP
    now, carried = found
    await _keep(work, now.carry(now.run, carried.told_to_stop(note, work.now), work.now))
    return Outcome.DONE


async def _reported(deployment: Deployment, report: Report, how: Elsewhere | None, work: Work) -> bool:
    """Take a report in; whether it was the end."""
    if (found := await _current(work, deployment)) is None:
        return True
    now, carried = found
    after = carried.reported(report)
    now = now.carry(now.run, after, work.now)
    if report.state.ended:
        end = finished(report)
        is_late = how is not None and work.now - (now.started_at or work.now) > how.limit
        if is_late and carried.stop_told_at and not now.stop_asked_by and not end.ok:
            end = Finished(None, timed_out=True, note=end.note)
        await work.save(now)
        await finish.end(now, end, report.lines, work)
        return True
    if after != carried:
        await _keep(work, now)
        if now.state is State.RUNNING:
            news.tell_progress(work, now, list(report.lines), len(report.lines))
    return False


async def _lost(deployment: Deployment, why: str, work: Work) -> Outcome:
    """Nobody tells how it ended: a person is asked, and nothing starts there before they say."""
    if (found := await _current(work, deployment)) is None or found[0].state is not State.RUNNING:
        return Outcome.NOOP
    now, carried = found
    now = now.carry(now.run, carried.noted(why), work.now).lose(work.now)
    news.record(work, now, "interrupted")
    news.tell_progress(work, now, [], 0)
    news.tell_in_thread(work, now, "interrupted")
    await _keep(work, now)
    return Outcome.DONE


async def _keep(work: Work, deployment: Deployment) -> None:
    await work.save(deployment)
    await news.show(work, deployment, await slot_of(work, deployment.service, deployment.environment))
