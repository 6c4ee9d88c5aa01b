"""Publishes release notes once, now or at an hour that somebody chose, to everybody who reads them."""

from datetime import datetime, timedelta
from functools import partial

from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.ledger import Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal
from bot.core.stages import Stage
from bot.stages.plan import changes
from bot.stages.release import cards as news
from bot.stages.release import correct, tags, write_elsewhere
from bot.stages.release.draft_and_approve import known
from bot.stages.release.model.release import Release

PUBLISH = "release.publish"
LATE = timedelta(minutes=5)  # what is later says so


async def publish(work: Work, id: str, by: Person) -> Release:
    """Post the notes to every audience, the rest of long ones in the thread. Raises ``Stale``, ``Refusal``."""
    release = await known(work, id)
    _forgive(work, release)
    return await _publish(work, release, by.id, by.name)


async def schedule(work: Work, id: str, at: datetime, by: Person) -> Release:
    """Have it published by itself; another hour moves it. Raises ``Stale``, ``Refusal``."""
    before = await known(work, id)
    release = before.schedule(at, by, work.now)
    _forgive(work, before)
    await work.save(release)
    args = {"release": release.id, "turn": release.planned}
    work.owe(Job(PUBLISH, f"{PUBLISH}:{release.id}:{release.planned}", at, args))
    news.record(work, release, "scheduled", by.id, at=at.isoformat())
    await news.show(work, release)
    return release


async def unschedule(work: Work, id: str, by: Person) -> Release:
    """Have it not published by itself. Raises ``Stale`` where it was not to be."""
    before = await known(work, id)
    release = before.unschedule(work.now)
    _forgive(work, before)
    await work.save(release)
    news.record(work, release, "unscheduled", by.id)
    await news.show(work, release)
    return release


@due_outside(PUBLISH, lasting=True)
async def publish_when_due(tools: Tools, it: Due) -> Outcome | Again:
    """Publish it, saying so where it is late; or tell whoever scheduled it what is still missing.

    Where the code host cannot tell whether its tag has moved since it was approved, it waits for a quarter of an hour.
    """
    seen = await tags.look(tools, str(it.job.args["release"]))
    if seen.trouble and it.late_by < tags.UNSEEN_FOR:
        return Again(tags.AGAIN_AFTER, seen.trouble)
    return await tools.unit.run(partial(_publish_due, it, seen))


async def _publish_due(it: Due, seen: tags.Seen, work: Work) -> Outcome:
    release = await work.get(Release, it.job.args["release"])
    plan = release.plan if release else None
    if release is None or plan is None or release.is_published or plan.turn != it.job.args["turn"]:
        return Outcome.NOOP
    try:
        late_by = it.late_by if it.late_by > LATE else None
        if why := await tags.not_as_it_was(work, release, seen):
            raise Refusal(why)
        await _publish(work, release, plan.by, plan.by_name, late_by)
    except Refusal as refusal:
        release = await known(work, release.id)
        release = release.unschedule(work.now) if release.plan else release
        await work.save(release)
        news.record(work, release, "not_published")
        await news.show(work, release)
        context = {"release": release, "why": refusal.sentence, "due_at": plan.at}
        key = f"release:{release.id}:not-published:{plan.at:%Y%m%d%H%M%S}"
        work.say(Message(key, plan.by, "release/not_published", context))
    return Outcome.DONE


async def _publish(work: Work, release: Release, by: str, name: str, late_by: timedelta | None = None) -> Release:
    release = release.publish(by, name, news.places(work, release), work.now, late_by)
    await work.save(release)
    news.say_notes(work, release)
    news.record(work, release, "published", by, commits=release.commits, places=len(release.posts))
    because = (Subject("release", release.id),)
    for change in release.changes:
        await changes.advance(work, change, Stage.RELEASE, by=by, because=because)
    await news.show(work, release)
    release = await correct.after_publication(work, release)
    if release.host_url:
        write_elsewhere.owe(work, release, release.on_host, key="published")
    return release


def _forgive(work: Work, release: Release) -> None:
    if release.plan is not None:
        work.forgive(f"{PUBLISH}:{release.id}:{release.plan.turn}")
