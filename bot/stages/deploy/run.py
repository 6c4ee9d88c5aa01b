"""Carries out a deployment: starts its command exactly once, shows what it prints, says how it ended."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from bot.core.deploy_targets import Command
from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Outcome
from bot.core.ledger import Subject
from bot.core.ports import Tools, Work
from bot.core.refusals import Conflict, OutcomeUnknown, StorageUnavailable
from bot.core.stages import Stage
from bot.stages.deploy import cards as news
from bot.stages.deploy import finish, rules, run_elsewhere, run_elsewhere_job, start
from bot.stages.deploy.look_up_version import Found
from bot.stages.deploy.model.deployment import TAIL_LINES, Deployment, State
from bot.stages.deploy.model.ports import Finished, Line, Target
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.queue import give_back, slot_of, start_next
from bot.stages.deploy.request import known
from bot.stages.plan import changes

# A channel takes about one message a second; its other news must find a place between two of ours.
PROGRESS_EVERY = timedelta(seconds=2)


@due_outside("deploy.run", follows=True)
async def run(tools: Tools, it: Due) -> Outcome | Again:
    """Start the command if it is this deployment's turn, and follow it to its end; what is deployed elsewhere is asked
    for, and followed by a job of its own.

    Found running already, it was started by somebody who is gone: then nothing is started, and a person is asked.
    """
    seen = await start.look_before_start(tools, str(it.job.args["deployment"]))
    begun = await _begun(tools, it, seen)
    if not isinstance(begun, Deployment):
        return begun
    service = tools.team.services.get(begun.service)
    command = service.deploy if service else None
    if command is not None and not isinstance(command, Command):
        return await run_elsewhere.hand_over(tools, begun, command)
    if command is None:  # the team file has changed since it was asked for
        finished = Finished(None)
        printed = _Printed(deque(["The team file says no longer how this service is deployed."]))
    else:
        printed = _Printed()
        finished = await _follow(tools, begun, command, printed)
    # Whoever ran it is gone by now and says it to nobody else: it is kept, however long the database is away.
    return await tools.unit.until_kept(partial(_end, begun, finished, printed))


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


async def _begun(tools: Tools, it: Due, seen: Found) -> Deployment | Outcome | Again:
    """What became of its beginning. Where the answer of that commit was lost, it is looked for until it is found.

    Nothing runs yet then, and nobody else may start it while the job is ours.
    """
    ours: set[datetime] = set()  # when those of our tries began of which nobody knows whether they were kept

    async def begin(work: Work) -> Deployment | Outcome | Again:
        ours.clear()  # a try before this one met with a conflict: it was not kept, and what stands is another's
        return await _begin(it, seen, ours, work)

    try:
        return await tools.unit.run(begin)
    except OutcomeUnknown:
        return await tools.unit.until_kept(partial(_begin, it, seen, ours))


async def _begin(it: Due, seen: Found, ours: set[datetime], work: Work) -> Deployment | Outcome | Again:
    args = it.job.args
    deployment = await known(work, str(args["deployment"]))
    slot = await slot_of(work, deployment.service, deployment.environment)
    is_running = deployment.state is State.RUNNING and deployment.run == args["run"]
    if is_running and deployment.started_at in ours:
        return deployment
    ours.add(work.now)
    if is_running and deployment.carried is None:
        await _interrupted(work, deployment, slot)
    is_its_turn = slot.taken_by == deployment.id and args["run"] == deployment.run + 1
    if deployment.state is not State.QUEUED or not is_its_turn:
        return Outcome.NOOP
    if await rules.holding(work, deployment):  # since its turn came: a freeze, a lock, a check
        slot = await start_next(work, await give_back(work, slot, deployment))
        await news.show(work, deployment, slot)
        await news.show_queue(work, slot)
        return Outcome.NOOP
    if seen.trouble or not start.is_of(seen, deployment):
        return await start.hold(work, it, deployment, slot, seen.trouble)
    if start.has_moved(seen):
        await start.send_back(work, deployment, slot, seen)
        return Outcome.DONE
    return await _start(work, deployment, slot, seen.called)


async def _interrupted(work: Work, deployment: Deployment, slot: Slot) -> None:
    """Whoever ran it is gone: nobody knows how it ended, so a person is asked."""
    deployment = deployment.lose(work.now)
    await work.save(deployment)
    news.record(work, deployment, "interrupted")
    news.tell_in_thread(work, deployment, "interrupted")
    await news.show(work, deployment, slot)


async def _start(work: Work, deployment: Deployment, slot: Slot, called: str) -> Deployment:
    how = run_elsewhere.target_of(work.team, deployment)
    carried, reference = run_elsewhere.beginning(how, deployment) if how else (None, "")
    deployment = deployment.start(work.now, slot.live, carried, reference, called)
    await work.save(deployment)
    if how:
        run_elsewhere_job.will_follow(work, deployment)
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
    await finish.redraw(work, replaced, slot)
    return deployment


async def _follow(tools: Tools, deployment: Deployment, command: Command, printed: _Printed) -> Finished:
    reading = asyncio.create_task(
        printed.read(tools.port(Target), command, run_elsewhere.values(tools.team, deployment))
    )
    is_stopping = False
    try:
        while not reading.done():
            await asyncio.wait({reading}, timeout=PROGRESS_EVERY.total_seconds())
            if not reading.done() and not is_stopping:
                is_stopping = await _told(tools, deployment, printed)
                if is_stopping:
                    reading.cancel()
    finally:
        if not reading.done():  # it is we who are told to stop; the command must not outlive us
            reading.cancel()
            await asyncio.wait({reading})
    if not reading.cancelled():
        reading.result()
    return printed.finished or Finished(None)


async def _told(tools: Tools, deployment: Deployment, printed: _Printed) -> bool:
    """Show what is new; whether it is to stop. Progress is only news: without a database the command goes on."""
    try:
        return await tools.unit.run(partial(_tell, deployment, printed))
    except (StorageUnavailable, Conflict):
        return False  # it is told with the next news


async def _tell(deployment: Deployment, printed: _Printed, work: Work) -> bool:
    """Show what is new; whether somebody asked for it to stop."""
    now = await known(work, deployment.id)
    if printed.count != printed.told:
        news.tell_progress(work, deployment, list(printed.tail), printed.count)
        printed.told = printed.count
    return bool(now.stop_asked_by)


async def _end(begun: Deployment, finished: Finished, printed: _Printed, work: Work) -> Outcome:
    return await finish.end(begun, finished, printed.tail, work, printed=printed.count)
