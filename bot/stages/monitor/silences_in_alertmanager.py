"""Has Alertmanager keep the silences that we keep, whenever it can be reached, and says where it cannot."""

from datetime import timedelta

from bot.core.events import AlertResolved
from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Outcome
from bot.core.ports import Tools, Work
from bot.stages.monitor import alerts, silences
from bot.stages.monitor import cards as news
from bot.stages.monitor.model.ports import AlertmanagerRefused, AlertmanagerUnreachable, Silencer
from bot.stages.monitor.model.silence import Kept, Silence, SilenceState

TRIED_EVERY = timedelta(minutes=1)
GIVEN_UP_AFTER = timedelta(hours=1)  # for asking what still fires: by then the source has told by itself


@due_outside("silence.write")
async def write(tools: Tools, it: Due) -> Outcome | Again:
    """Make Alertmanager's silence what ours is; until that has worked, the cards say that only we keep it."""
    id, revision = str(it.job.args["silence"]), it.job.args["revision"]
    async with tools.unit() as work:
        silence = await work.get(Silence, id)
    silencer = tools.port_if_any(Silencer)
    # A newer change has a job of its own, and Alertmanager ends what has come to its end by itself.
    if silence is None or silence.revision != revision or silencer is None:
        return Outcome.NOOP
    if silence.state is SilenceState.EXPIRED or silence.until <= tools.clock.now():
        return Outcome.NOOP
    try:
        if silence.state is SilenceState.LIFTED:
            await silencer.end(silence)
            kept, said = Kept.THERE, silence.remote_id
        else:
            kept, said = Kept.THERE, await silencer.keep(silence)
    except AlertmanagerUnreachable as fault:
        kept, said = Kept.UNREACHABLE, str(fault)
    except AlertmanagerRefused as fault:
        kept, said = Kept.REJECTED, str(fault)
    # Without its id we would write a second one there next time.
    await tools.unit.until_kept(lambda work: _settle(work, id, revision, kept, said))
    return Again(TRIED_EVERY, said) if kept is Kept.UNREACHABLE else Outcome.DONE


@due_outside("silence.look")
async def look(tools: Tools, it: Due) -> Outcome | Again:
    """What ended while Alertmanager kept it quiet: it tells nobody of that, so it is asked."""
    silencer = tools.port_if_any(Silencer)
    if silencer is None:
        return Outcome.NOOP
    try:
        firing = await silencer.firing()
    except AlertmanagerUnreachable as fault:
        return Again(TRIED_EVERY, str(fault)) if it.late_by < GIVEN_UP_AFTER else Outcome.MISSED
    except AlertmanagerRefused:
        return Outcome.NOOP
    await tools.unit.run(lambda work: _resolve_what_ended(work, str(it.job.args["silence"]), firing))
    return Outcome.DONE


async def _settle(work: Work, id: str, revision: int, kept: Kept, said: str) -> None:
    silence = await work.get(Silence, id)
    if silence is None or silence.revision != revision:
        return
    after = silence.kept_there(said) if kept is Kept.THERE else silence.not_kept_there(kept, said)
    if after == silence:
        return
    await work.save(after)
    silences.record(work, after, "written" if kept is Kept.THERE else "not_written")
    await silences.follow(work, after)


async def _resolve_what_ended(work: Work, id: str, firing: frozenset[str]) -> None:
    silence = await work.get(Silence, id)
    if silence is None:
        return
    ended = [
        AlertResolved(
            group.source,
            alert.fingerprint,
            (group.origin or group.group).removeprefix(f"{group.source}:"),
            alert.labels,
            alert.annotations,
            alert.starts_at,
            work.now,
            work.now,
            alert.url,
        )
        for group in await news.open_groups(work)
        if group.source == "alertmanager" and group.is_muted_by(silence)
        for alert in group.firing
        if alert.fingerprint not in firing
    ]
    if ended:
        await alerts.happened(work, ended)
