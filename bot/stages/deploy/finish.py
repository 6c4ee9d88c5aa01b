"""How a run ended: what is live then, who is told, and whose turn comes next."""

from collections.abc import Sequence

from bot.core.jobs import Outcome
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Stale
from bot.core.stages import Stage
from bot.stages.deploy import announce, tell_authors
from bot.stages.deploy import cards as news
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Finished
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.queue import slot_of, start_next
from bot.stages.deploy.request import known
from bot.stages.plan import changes
from bot.stages.release import correct
from bot.team.environments.look_again import look_around


async def end(
    begun: Deployment, finished: Finished, lines: Sequence[str], work: Work, *, printed: int = 0
) -> Outcome:
    """The run that was begun has ended so, with these last lines of all that it ``printed``."""
    deployment = await known(work, begun.id)
    try:
        deployment = deployment.finish(begun.run, finished, lines, work.now)
    except Stale:  # a person had the last word while we were thought to be gone
        return Outcome.NOOP
    await work.save(deployment)
    news.tell_progress(work, deployment, list(lines), max(printed, len(lines)))
    await ended(work, deployment)
    return Outcome.DONE


async def settle(work: Work, id: str, by: Person, *, is_live: bool) -> Deployment:
    """How an interrupted run ended, as a person saw it. Raises ``Stale`` where that is known already."""
    deployment = (await known(work, id)).settle(is_live=is_live, by=by.id, at=work.now)
    await work.save(deployment)
    await ended(work, deployment, by=by.id)
    return deployment


async def ended(work: Work, deployment: Deployment, by: str = "") -> None:
    """Its slot, everybody who is to know, and the next in the queue; ``by`` who saw its end, where we did not."""
    slot = await slot_of(work, deployment.service, deployment.environment)
    replaced = slot.live.deployment if slot.live else ""
    slot = slot.settled(deployment)
    await work.save(slot)
    if deployment.state is State.SUCCEEDED:
        news.record(work, deployment, "succeeded", by, seconds=_seconds(deployment))
        await tell_of_it(work, deployment)
        announce.owe(work, deployment)
    else:
        facts = {"exit_code": deployment.exit_code, "timed_out": deployment.timed_out}
        news.record(work, deployment, "failed", by or deployment.stop_asked_by, **facts)
    slot = await start_next(work, slot)
    news.tell_end(work, deployment, slot.taken_by)
    await news.show(work, deployment, slot)
    await news.show_queue(work, slot)
    for other in dict.fromkeys((replaced, deployment.rolls_back)):
        if other != deployment.id:
            await redraw(work, other, slot)


async def tell_of_it(work: Work, deployment: Deployment) -> None:
    """It is live: for its changes, readers of notes, its authors, and what has to be there before it goes on."""
    await _take_back(work, deployment)
    await correct.after_deployment(work, deployment)
    await tell_authors.tell_people(work, deployment)
    for name, environment in work.team.environments.items():
        if environment.after == deployment.environment:
            look_around(
                work, f"{deployment.run_name}:{deployment.state}", environment=name, service=deployment.service
            )


async def mended(work: Work, deployment: Deployment, note: str) -> Deployment:
    """It is live, though it was said to have failed."""
    deployment = deployment.mend(note, work.now)
    await work.save(deployment)
    news.tell_progress(work, deployment, [], 0)
    await ended(work, deployment)
    return deployment


async def _take_back(work: Work, deployment: Deployment) -> None:
    """After a rollback, what the version brought is released and not deployed any more."""
    if deployment.rolls_back:
        because = (Subject("deployment", deployment.id),)
        for change in deployment.ships.changes:
            await changes.fall_back(work, change, Stage.RELEASE, by=deployment.asked_by, because=because)


async def redraw(work: Work, id: str, slot: Slot) -> None:
    """Have another one's card show how it stands now."""
    if id and (other := await work.get(Deployment, id)):
        await news.show(work, other, slot)


def _seconds(deployment: Deployment) -> int | None:
    return round(deployment.took.total_seconds()) if deployment.took else None
