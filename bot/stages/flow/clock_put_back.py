"""A clock that was put back: what waits so long after something waits no longer than it was meant to."""

from datetime import timedelta

from bot.core.handlers import due
from bot.core.jobs import PUT_BACK, Due, Outcome
from bot.core.ports import Work
from bot.stages.monitor import escalate, heartbeats
from bot.stages.monitor.model.escalation import Escalation, EscalationState
from bot.stages.monitor.model.heartbeat import Vigil
from bot.stages.monitor.model.route import Alerting


@due(PUT_BACK)
async def shorten(work: Work, it: Due) -> Outcome:
    """Steps of escalations come, and sources that have gone quiet are missed, when they would have been.

    Nothing is moved twice, so that several replicas of one machine may each tell of it.
    """
    by = timedelta(seconds=float(it.job.args["seconds"]))
    for watch in work.team.part(Alerting).watches:
        vigil = await work.get(Vigil, watch.name)
        if vigil is not None and (sooner := vigil.put_back(work.now, by)) != vigil:
            await work.save(sooner)
            heartbeats.wait(work, sooner, watch)
    for found in await work.find(Escalation, state=EscalationState.RUNNING):
        escalation = await work.get(Escalation, found.id)
        if escalation is not None and (earlier := escalation.put_back(work.now, by)) != escalation:
            await work.save(earlier)
            escalate.owe_step(work, earlier)
    return Outcome.DONE
