"""How release notes come to be: drafted from commits, edited in a form, agreed to, with their check-list ticked."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial

from bot.core.approvals import digest_of
from bot.core.find_or_refuse import found
from bot.core.handlers import due, due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal
from bot.core.team import Service
from bot.stages.code.model.ports import CodeHost, HostUnreachable
from bot.stages.plan.model.change import Change, change_ids_in
from bot.stages.release import ask_authors
from bot.stages.release import cards as news
from bot.stages.release.model import draft as release_draft
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.release import Release, ReleaseState
from bot.stages.release.model.rules import Releasing
from bot.stages.release.read_commits import CannotTell, Read, read

GIVEN_UP_AFTER = timedelta(minutes=2)  # since it was due
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
    service = tools.team.services.get(release.service)
    if service is None:
        why = f"{release.service} is not in the team file any more. Ask an admin to add it, then draft again."
        return await tools.unit.run(partial(_failed, release.id, why))
    try:
        told = await read(tools.port(CodeHost), service.repository, service.name, release.since, release.until)
    except HostUnreachable as reason:
        if it.late_by < GIVEN_UP_AFTER:
            return Again(AGAIN_AFTER, str(reason))
        why = f"I cannot reach the code of {release.service}: {reason}. Ask again when it answers."
        return await tools.unit.run(partial(_failed, release.id, why))
    except CannotTell as reason:
        return await tools.unit.run(partial(_failed, release.id, str(reason)))
    return await tools.unit.run(partial(_drafted, release.id, told))


async def edit(
    work: Work, id: str, by: Person, *, version: str, texts: Mapping[Voice, str], audiences: Iterable[str] = ()
) -> Release:
    """The draft with the words that a person left; its card is redrawn. Raises ``Stale``, ``Refusal``."""
    before = await known(work, id)
    chosen = tuple(audiences)
    if not before.audiences and set(chosen) == set(work.team.part(Releasing).audiences):
        chosen = ()  # the form ticks them all where nobody has chosen
    release = before.edited(texts, version, chosen, by.id, work.now)
    if release is before:
        return release
    await work.save(release)
    news.record(work, release, "edited", by.id, lines=sum(notes.count for notes in release.notes.values()))
    await news.show(work, release)
    return release


async def approve(work: Work, id: str, by: Person) -> Release:
    """With one more person's yes. Raises ``Stale``, ``NotAllowed``, ``Refusal``."""
    release = (await known(work, id)).decide(by, work.now)
    await work.save(release)
    vote = digest_of(release.approval.last, release.id) if release.approval else None
    why = Policy(work.team).grounds("release.approve", None, by, service=release.service)
    news.record(work, release, "approved", by.id, vote=vote, **why)
    await news.show(work, release)
    return release


async def tick(work: Work, id: str, number: int, by: Person, *, is_done: bool) -> Release:
    """With a line of the check-list ticked, or open again. Raises ``Stale``, ``Refusal``."""
    release = (await known(work, id)).tick(number, by, work.now, is_done=is_done)
    await work.save(release)
    news.record(work, release, "ticked" if is_done else "unticked", by.id, activity=number)
    await news.show(work, release)
    return release


async def known(work: Work, id: str) -> Release:
    """The release with this id. Raises ``Unknown`` with the newest ones."""
    return await found(work, Release, id, "release", field="release")


def has_code(service: Service) -> None:
    """Raises ``Refusal`` where the team file does not say where this service's code is."""
    if not service.repository.is_known:
        raise Refusal(
            f"I do not know where the code of {service.name} is. An admin adds “repository” to "
            f"“services: {service.name}:” in the team file.",
            field="service",
        )


async def _drafted(id: str, told: Read, work: Work) -> Outcome:
    release = await known(work, id)
    if release.state is not ReleaseState.DRAFTING:
        return Outcome.NOOP
    named = change_ids_in("\n".join(f"{one.subject}\n{one.body}" for one in told.commits))
    service = work.team.services.get(release.service)
    mark = service.repository.pull_mark if service else "#"
    drafted = release_draft.of_commits(told.commits, told.pulls, mark=mark)
    release = release.drafted(
        drafted,
        since=told.since,
        until=told.until,
        version=told.until if told.until != "HEAD" else told.sha[:7],
        sha=told.sha,
        commits=len(told.commits),
        changes=[change for change in named if await work.get(Change, change)],
        rules=work.team.part(Releasing).rules_for(release.service),
        caveats=told.caveats,
        at=work.now,
    )
    release = await ask_authors.ask_authors(work, release, drafted.unsaid)
    await work.save(release)
    news.record(work, release, "drafted", release.asked_by, commits=release.commits)
    await news.show(work, release)
    return Outcome.DONE


@due("release.look")
async def look(work: Work, it: Due) -> Outcome:
    """What surrounds a draft is otherwise: its card says so."""
    release = await work.get(Release, it.job.args["release"])
    if release is None or release.state is not ReleaseState.DRAFT:
        return Outcome.NOOP
    await news.show(work, release)
    return Outcome.DONE


async def _failed(id: str, why: str, work: Work) -> Outcome:
    release = await known(work, id)
    if release.state is not ReleaseState.DRAFTING:
        return Outcome.NOOP
    release = release.failed(work.now)
    await work.save(release)
    context = {"release": release, "why": why}
    work.say(Message(news.card_key(release), release.asked_by, "release/not_drafted", context))
    return Outcome.DONE
