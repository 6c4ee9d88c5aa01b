"""How release notes come to be: drafted from commits, edited in a form, published once where people read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot.domain import notes
from bot.domain.changes import Change, change_ids_in
from bot.domain.jobs import Again, Due, Job, Outcome
from bot.domain.ledger import Entry, Subject
from bot.domain.messages import Message
from bot.domain.people import Person
from bot.domain.ports import CodeHost, Commit, HostUnreachable, RangeTooLong, RefUnknown, Tools, Work
from bot.domain.refusals import Refusal
from bot.domain.releases import Release, ReleaseState
from bot.domain.stages import Stage
from bot.domain.team import Repository, Service
from bot.workflows import changes
from bot.workflows.finding import found
from bot.workflows.handles import due_outside

ATTEMPTS = 4
AGAIN_AFTER = timedelta(seconds=15)


async def draft(work: Work, service: str, by: Person, *, since: str = "", until: str = "") -> Release:
    """A release whose notes come soon, by direct message. Raises ``Refusal`` where there is no code to read."""
    has_code(work.team.services[service])
    asked = Release(
        service=service, asked_by=by.id, asked_name=by.name, asked_at=work.now, since=since, until=until
    )
    release = await work.add(asked)
    work.owe(Job("release.draft", f"release.draft:{release.id}", work.now, {"release": release.id}))
    return release


@due_outside("release.draft")
async def read_and_draft(tools: Tools, it: Due) -> Outcome | Again:
    """Read the commits and send the draft to whoever asked, or why there is none."""
    async with tools.unit() as work:
        release = await work.get(Release, it.job.args["release"])
    if release is None or release.state is not ReleaseState.DRAFTING:
        return Outcome.NOOP
    repository = tools.team.services[release.service].repository
    try:
        since, until = await bounds(tools.host, repository, release.since, release.until)
        sha = await tools.host.resolve(repository, until)
        commits = await tools.host.commits(repository, since or None, sha)
    except HostUnreachable as reason:
        if it.attempt < ATTEMPTS:
            return Again(AGAIN_AFTER, str(reason))
        why = f"I cannot reach the code of {release.service}: {reason}. Ask again when it answers."
    except RefUnknown as unknown:
        nearest = f" Did you mean {', '.join(unknown.nearest[:5])}?" if unknown.nearest else ""
        why = f"{release.service} has no tag, branch or commit “{unknown.ref}”.{nearest}"
    except RangeTooLong:
        why = "There are too many commits between the two to be read. Name a later start with “from”."
    else:
        if commits:
            read = _Read(since, until, sha, commits)
            return await tools.unit.run(partial(_drafted, release.id, read))
        why = (
            f"{until} brings nothing that {since or 'the beginning'} does not have. "
            "Name another range with “from” and “to”."
        )
    return await tools.unit.run(partial(_failed, release.id, why))


async def bounds(host: CodeHost, repository: Repository, since: str, until: str) -> tuple[str, str]:
    """The refs to draft between: as given, else from the tag before to the newest tag (HEAD where there is none).

    ``since`` comes back empty where everything counts.
    """
    if since and until:
        return since, until
    tags = await host.tags(repository)
    if not until:
        until = tags[0] if tags and since != tags[0] else "HEAD"
    if not since:
        # Of a tag, what came before it; of a branch or a commit, the newest tag.
        older = tags[tags.index(until) + 1 :] if until in tags else tags
        since = older[0] if older else ""
    return since, until


async def edit(work: Work, id: str, by: Person, *, version: str, texts: Sequence[tuple[str, str]]) -> Release:
    """The draft with the words that a person left; its card is redrawn. Raises ``Stale``, ``Refusal``."""
    release = (await known(work, id)).edited(texts, version, by.id, work.now)
    await work.save(release)
    work.record(Entry("release.edited", _subjects(release), by.id, {"lines": release.notes.count}))
    await show(work, release)
    return release


async def publish(work: Work, id: str, by: Person) -> Release:
    """Post the notes to the release channel, the rest of long ones in the thread. Raises ``Stale``, ``Refusal``."""
    release = await known(work, id)
    channel = work.team.channel_for(Stage.RELEASE, release.service)
    release = release.publish(by.id, by.name, channel, work.now)
    await work.save(release)
    parts = notes.pages(release.notes)
    first_key = f"release:{release.id}:notes"
    for number, part in enumerate(parts):
        context = {"release": release, "notes": part, "part": number + 1, "parts": len(parts)}
        if number == 0:
            work.say(Message(first_key, channel, "release/notes", context))
        else:
            key = f"{first_key}:{number + 1}"
            work.say(Message(key, channel, "release/notes_part", context, thread_of=first_key))
    work.record(Entry("release.published", _subjects(release), by.id, {"commits": release.commits}))
    because = (Subject("release", release.id),)
    for change in release.changes:
        await changes.advance(work, change, Stage.RELEASE, by=by.id, because=because)
    await show(work, release)
    return release


async def show(work: Work, release: Release) -> None:
    """Send the draft to whoever asked for it, or redraw it as it is now."""
    named = [await work.get(Change, id) for id in release.changes]
    context: Mapping[str, object] = {
        "release": release,
        "preview": notes.pages(release.notes)[:1],
        "parts": len(notes.pages(release.notes)),
        "changes": [change for change in named if change],
    }
    work.say(Message(f"release:{release.id}", release.asked_by, "release/card", context))


async def known(work: Work, id: str) -> Release:
    """The release with this id. Raises ``Unknown`` with the newest ones."""
    return await found(work, Release, id, "release", field="release")


def has_code(service: Service) -> None:
    """Raises ``Refusal`` where the team file does not say where this service's code is."""
    if not (service.repository.git or service.repository.github):
        raise Refusal(
            f"I do not know where the code of {service.name} is. An admin adds “repository” to "
            f"“services: {service.name}:” in the team file.",
            field="service",
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """What the code host told."""

    since: str
    until: str
    sha: str
    commits: Sequence[Commit]


async def _drafted(id: str, read: _Read, work: Work) -> Outcome:
    release = await known(work, id)
    if release.state is not ReleaseState.DRAFTING:
        return Outcome.NOOP
    named = change_ids_in("\n".join(f"{one.subject}\n{one.body}" for one in read.commits))
    release = release.drafted(
        since=read.since,
        until=read.until if read.until != "HEAD" else read.sha[:7],
        sha=read.sha,
        commits=len(read.commits),
        changes=[change for change in named if await work.get(Change, change)],
        notes=notes.of_commits(read.commits),
        at=work.now,
    )
    await work.save(release)
    work.record(Entry("release.drafted", _subjects(release), release.asked_by, {"commits": release.commits}))
    await show(work, release)
    return Outcome.DONE


async def _failed(id: str, why: str, work: Work) -> Outcome:
    release = await known(work, id)
    if release.state is not ReleaseState.DRAFTING:
        return Outcome.NOOP
    release = release.failed(work.now)
    await work.save(release)
    context = {"release": release, "why": why}
    work.say(Message(f"release:{release.id}", release.asked_by, "release/not_drafted", context))
    return Outcome.DONE


def _subjects(release: Release) -> tuple[Subject, ...]:
    return (
        Subject("release", release.id),
        *([Subject("version", f"{release.service}@{release.version}")] if release.version else []),
        *([Subject("sha", release.sha)] if release.sha else []),
        *(Subject("change", id) for id in release.changes),
        Subject("service", release.service),
    )
