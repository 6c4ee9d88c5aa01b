"""Carries out a deployment: starts its command exactly once, shows what it prints, says how it ended."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import cast

from bot.domain.deployments import TAIL_LINES, Deployment, State
from bot.domain.jobs import Due, Outcome
from bot.domain.ledger import Subject
from bot.domain.people import Person
from bot.domain.ports import Tools, Work
from bot.domain.refusals import Stale
from bot.domain.slots import Slot
from bot.domain.stages import Stage
from bot.domain.target_ports import Finished, Line, Target
from bot.domain.targets import Command
from bot.workflows import changes, deploy_watch, release_corrections
from bot.workflows import deploy_news as news
from bot.workflows.deploy import known
from bot.workflows.handles import due_outside
from bot.workflows.slots import slot_of, start_next

# A channel takes about one message a second; its other news must find a place between two of ours.
PROGRESS_EVERY = timedelta(seconds=2)


@due_outside("deploy.run")
async def run(tools: Tools, it: Due) -> Outcome:
    """Start the command if it is this deployment's turn, and follow it to its end.

    Found running already, it was started by somebody who is gone: then nothing is started, and a person is asked.
    """
    begun: Deployment | None = await tools.unit.run(partial(_begin, it.job.args))
    if begun is None:
        return Outcome.NOOP
    command = tools.team.services[begun.service].deploy
    if not isinstance(command, Command):  # the team file has changed since it was asked for
        finished = Finished(None)
        printed = _Printed(deque(["The team file says no longer how this service is deployed."]))
    else:
        printed = _Printed()
        finished = await _follow(tools, begun, command, printed)
    return await tools.unit.run(partial(_end, begun, finished, printed))


async def settle(work: Work, id: str, by: Person, *, is_live: bool) -> Deployment:
    """How an interrupted run ended, as a person saw it. Raises ``Stale`` where that is known already."""
    deployment = (await known(work, id)).settle(is_live=is_live, by=by.id, at=work.now)
    await work.save(deployment)
    await _ended(work, deployment, by=by.id)
    return deployment


class _Printed:
    """What the command has printed: the last lines, and how many there were."""

    def __init__(self, tail: deque[str] | None = None) -> None:
        self.tail = tail or deque[str](maxlen=TAIL_LINES)
        self.count = len(self.tail)
        self.told = 0
        self.finished: Finished | None = None

    async def read(self, target: Target, command: Command, values: Mapping[str, str]) -> None:
        """Take every line until the end; cancelling it ends the command's process group."""
        lines = target.run(command, values)
        async with aclosing(cast("AsyncGenerator[Line | Finished, None]", lines)):
            async for line in lines:
                if isinstance(line, Line):
                    self.tail.append(line.text)
                    self.count += 1
                else:
                    self.finished = line


async def _begin(args: Mapping[str, object], work: Work) -> Deployment | None:
    deployment = await known(work, str(args["deployment"]))
    slot = await slot_of(work, deployment.service, deployment.environment)
    if deployment.state is State.RUNNING and deployment.run == args["run"]:
        deployment = deployment.lose(work.now)
        await work.save(deployment)
        news.record(work, deployment, "interrupted")
        news.tell_in_thread(work, deployment, "interrupted")
        await news.show(work, deployment, slot)
        return None
    is_its_turn = slot.taken_by == deployment.id and args["run"] == deployment.run + 1
    if deployment.state is not State.QUEUED or not is_its_turn:
        return None
    deployment = deployment.start(work.now, slot.live)
    await work.save(deployment)
    replaced = slot.latest
    slot = slot.started(deployment.id)
    await work.save(slot)
    news.record(work, deployment, "started")
    if not deployment.rolls_back:
        for change in deployment.ships.changes:
            await changes.advance(
                work, change, Stage.DEPLOY, by=deployment.asked_by, because=(Subject("deployment", deployment.id),)
            )
    await news.show(work, deployment, slot)
    await news.show_queue(work, slot)
    await news.tell_next(work, deployment, slot)
    await _redraw(work, replaced, slot)
    return deployment


async def _follow(tools: Tools, deployment: Deployment, command: Command, printed: _Printed) -> Finished:
    reading = asyncio.create_task(printed.read(tools.target, command, _values(deployment)))
    is_stopping = False
    try:
        while not reading.done():
            await asyncio.wait({reading}, timeout=PROGRESS_EVERY.total_seconds())
            if not reading.done() and not is_stopping:
                is_stopping = await tools.unit.run(partial(_tell, deployment, printed))
                if is_stopping:
                    reading.cancel()
    finally:
        if not reading.done():  # it is we who are told to stop; the command must not outlive us
            reading.cancel()
            await asyncio.wait({reading})
    if not reading.cancelled():
        reading.result()
    return printed.finished or Finished(None)


async def _tell(deployment: Deployment, printed: _Printed, work: Work) -> bool:
    """Show what is new; whether somebody asked for it to stop."""
    now = await known(work, deployment.id)
    if printed.count != printed.told:
        news.tell_progress(work, deployment, list(printed.tail), printed.count)
        printed.told = printed.count
    return bool(now.stop_asked_by)


async def _end(begun: Deployment, finished: Finished, printed: _Printed, work: Work) -> Outcome:
    deployment = await known(work, begun.id)
    try:
        deployment = deployment.finish(begun.run, finished, printed.tail, work.now)
    except Stale:  # a person had the last word while we were thought to be gone
        return Outcome.NOOP
    await work.save(deployment)
    news.tell_progress(work, deployment, list(printed.tail), printed.count)
    await _ended(work, deployment)
    return Outcome.DONE


async def _ended(work: Work, deployment: Deployment, by: str = "") -> None:
    slot = await slot_of(work, deployment.service, deployment.environment)
    replaced = slot.live.deployment if slot.live else ""
    slot = slot.settled(deployment)
    await work.save(slot)
    if deployment.state is State.SUCCEEDED:
        news.record(work, deployment, "succeeded", by, seconds=_seconds(deployment))
        await _take_back(work, deployment)
        await release_corrections.after_deployment(work, deployment)
        await deploy_watch.tell_people(work, deployment)
    else:
        facts = {"exit_code": deployment.exit_code, "timed_out": deployment.timed_out}
        news.record(work, deployment, "failed", by or deployment.stop_asked_by, **facts)
    news.tell_end(work, deployment)
    slot = await start_next(work, slot)
    await news.show(work, deployment, slot)
    await news.show_queue(work, slot)
    for other in dict.fromkeys((replaced, deployment.rolls_back)):
        if other != deployment.id:
            await _redraw(work, other, slot)


async def _take_back(work: Work, deployment: Deployment) -> None:
    """After a rollback, what the version brought is released and not deployed any more."""
    if deployment.rolls_back:
        because = (Subject("deployment", deployment.id),)
        for change in deployment.ships.changes:
            await changes.fall_back(work, change, Stage.RELEASE, by=deployment.asked_by, because=because)


async def _redraw(work: Work, id: str, slot: Slot) -> None:
    if id and (other := await work.get(Deployment, id)):
        await news.show(work, other, slot)


def _values(deployment: Deployment) -> dict[str, str]:
    return {
        "service": deployment.service,
        "version": deployment.version,
        "environment": deployment.environment,
        "sha": deployment.sha or "",
        "deployment": deployment.id,
    }


def _seconds(deployment: Deployment) -> int | None:
    return round(deployment.took.total_seconds()) if deployment.took else None
