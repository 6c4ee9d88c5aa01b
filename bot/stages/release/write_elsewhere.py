"""Writes a release where machines and other people look for it: on the code host, and as a section of a changelog."""

from datetime import timedelta
from functools import partial

from bot.core.find_or_refuse import found
from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.messages import File, Message
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal
from bot.stages.code.model.ports import CodeHost, HostUnreachable, RefUnknown, TagMoved
from bot.stages.release import cards as news
from bot.stages.release.model import changelog
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.release import Release

WRITE = "release.write"
GIVEN_UP_AFTER = timedelta(minutes=2)  # since it was due
AGAIN_AFTER = timedelta(seconds=30)


async def order(work: Work, id: str, voice: Voice, by: Person, key: str) -> Release:
    """Have it written to the code host; whoever asked is told by direct message. Raises ``Refusal``, ``Stale``.

    Only what is published: what needs approvals or a check-list is not to be read elsewhere before.
    """
    release = await found(work, Release, id, "release", field="release")
    release.must_be_written(work.now)
    service = work.team.services.get(release.service)
    if service is None or not service.repository.remote:
        raise Refusal(
            f"The team file names no repository of {release.service} on GitHub or GitLab, so it cannot be written. "
            f"“/release notes {release.id} as changelog” gives the text as a file."
        )
    if not release.is_published:
        raise Refusal(_not_yet(release))
    if not release.notes[voice].count:
        raise Refusal(f"{release.id} has no line for {voice}. Write one with “/release edit {release.id}” first.")
    release = release.to_write(voice)
    await work.save(release)
    owe(work, release, voice, asked_by=by.id, key=key)
    return release


def owe(work: Work, release: Release, voice: str, *, asked_by: str = "", key: str = "") -> None:
    """Have the code host show it as it is now; a correction asks for nobody."""
    args = {"release": release.id, "voice": str(voice), "asked_by": asked_by}
    work.owe(Job(WRITE, f"{WRITE}:{release.id}:{key or release.corrections}", work.now, args))


@due_outside(WRITE)
async def write(tools: Tools, it: Due) -> Outcome | Again:
    """Create the release of the tag on the code host, or make it say what the notes say now.

    Two of these may write at once, and the older text may come last: so each looks afterwards whether its own is right.
    """
    async with tools.unit() as work:
        release = await work.get(Release, it.job.args["release"])
    service = tools.team.services.get(release.service) if release else None
    if release is None or service is None:
        return Outcome.NOOP
    if not release.is_published:
        return await tools.unit.run(partial(_not_written, it, _not_yet(release)))
    text = _text(release, it)
    try:
        url = await tools.port(CodeHost).write_release(
            service.repository, release.until, release.sha or "", release.name, text
        )
    except (RefUnknown, TagMoved) as gone:
        return await tools.unit.run(partial(_not_written, it, _no_such_tag(release, gone)))
    except HostUnreachable as reason:
        if it.late_by < GIVEN_UP_AFTER:
            return Again(AGAIN_AFTER, str(reason))
        return await tools.unit.run(partial(_not_written, it, f"{reason}."))
    return await tools.unit.until_kept(partial(_written, it, text, url))


async def send_changelog(work: Work, id: str, voice: Voice, by: Person, key: str) -> Release:
    """The notes as a section of a CHANGELOG.md, as a file by direct message. Raises ``Stale``, ``Unknown``."""
    release = await found(work, Release, id, "release", field="release")
    release.must_be_written(work.now)
    content = changelog.changelog(release, voice).encode()
    name = f"CHANGELOG-{release.service}-{release.version}.md".replace("/", "-")
    context = {"release": release, "voice": voice.value}
    work.say(File(f"changelog:{key}", by.id, name, content, "release/changelog", context))
    return release


async def _written(it: Due, text: str, url: str, work: Work) -> Outcome | Again:
    release = await found(work, Release, it.job.args["release"], "release", field="release")
    if _text(release, it) != text:
        return Again(timedelta(), "the notes have changed meanwhile")
    if release.host_url != url:
        release = release.written(_voice(release, it), url)
        await work.save(release)
        news.record(work, release, "written_to_host", it.job.args["asked_by"])
        await news.show(work, release)
    if asked_by := it.job.args["asked_by"]:
        work.say(Message(f"{it.job.key}:told", asked_by, "release/on_host", {"release": release, "why": ""}))
    return Outcome.DONE


def _text(release: Release, it: Due) -> str:
    return changelog.release_text(release, _voice(release, it))


def _voice(release: Release, it: Due) -> Voice:
    """Whoever asked last chose it, whenever this was owed."""
    return Voice(release.on_host or it.job.args["voice"])


def _not_yet(release: Release) -> str:
    return (
        f"The notes of {release.name} are not published yet, and the code host shows only what is. "
        f"Publish them with “/release publish {release.id}”, then ask again."
    )


def _no_such_tag(release: Release, gone: RefUnknown | TagMoved) -> str:
    if isinstance(gone, RefUnknown):
        return f"{release.until} is no tag on the code host, and a release needs one. Push the tag, then ask again."
    return (
        f"{release.until} is {gone.sha[:7]} by now, and these notes are about {(release.sha or '')[:7]}. "
        "Put the tag back, or draft notes of what it is now."
    )


async def _not_written(it: Due, why: str, work: Work) -> Outcome:
    release = await found(work, Release, it.job.args["release"], "release", field="release")
    to = it.job.args["asked_by"] or release.published_by or release.asked_by
    work.say(Message(f"{it.job.key}:told", to, "release/on_host", {"release": release, "why": why}))
    return Outcome.DONE
