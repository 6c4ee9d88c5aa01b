"""Dead-man's switches: a source that has gone quiet raises an alert of our own, until it is heard of again."""

from dataclasses import replace
from datetime import timedelta

from bot.core.handlers import due
from bot.core.jobs import Due, Outcome
from bot.core.ports import Work
from bot.stages.monitor import alerts, heartbeats
from bot.stages.monitor.model.heartbeat import Vigil
from bot.stages.monitor.model.route import Alerting

# A job that is later than this was not done in time because we were down, and nobody could reach us either.
DOWN = timedelta(seconds=30)


async def begin(work: Work) -> None:
    """Wait for every source that the team file wants to be heard of, from now on; for when the bot starts."""
    for watch in work.team.part(Alerting).watches:
        if await work.get(Vigil, watch.name) is None:
            heartbeats.wait(work, await work.add(Vigil(watch.name, work.now)), watch)


@due("alert.quiet", urgent=True)
async def quiet(work: Work, job: Due) -> Outcome:
    """Nothing was heard in time: raise the alarm."""
    name = str(job.job.args["watch"])
    watch = next((one for one in work.team.part(Alerting).watches if one.name == name), None)
    vigil = await work.get(Vigil, name)
    if watch is None or vigil is None or vigil.quiet_since or vigil.turn != job.job.args["turn"]:
        return Outcome.NOOP
    if job.late_by > DOWN and vigil.heard_at < job.job.due:
        vigil = replace(vigil, heard_at=work.now, turn=vigil.turn + 1)
        await work.save(vigil)
        heartbeats.wait(work, vigil, watch)
        return Outcome.NOOP
    after = vigil.falls_quiet(work.now, watch)
    if after is vigil:
        heartbeats.wait(work, vigil, watch)
        return Outcome.NOOP
    await work.save(after)
    await alerts.happened(work, (heartbeats.alarm(work, watch),))
    return Outcome.DONE
