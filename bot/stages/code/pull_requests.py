"""What a code host tells beside pipelines: pull requests, pushes, tags, releases, deployments by others."""

from dataclasses import replace

from bot.core.events import PullRequestChanged, PullRequestReviewed, PullRequestState, Pushed, ReleasePublished
from bot.core.handlers import on
from bot.core.ledger import Entry, Fact, Subject
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.code.hosted import pull_request_of
from bot.stages.code.model.pull_request import PullRequest
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change, change_ids_in
from bot.team.services import person_of_login, placed, service_of_repository


@on(PullRequestChanged)
async def pull_request_changed(work: Work, event: PullRequestChanged) -> None:
    """Keep the pull request, and tie it to the changes that its title, branch or text name."""
    event = placed(work.team, event)
    id = await pull_request_of(work, event)
    known = await work.get(PullRequest, id)
    named = change_ids_in(f"{event.title}\n{event.branch}\n{event.body}")
    pull = await _opened(work, event, id) if known is None else known.changed(event)
    if pull is known:
        return
    ids = tuple(dict.fromkeys((*pull.changes, *await _existing(work, named))))
    pull = _with_changes(pull, ids)
    await (work.add(pull) if known is None else work.save(pull))
    by = await person_of_login(work, event.actor) or event.source
    subjects = (Subject("pr", id), *_commit(event.sha), *(Subject("change", change) for change in ids))
    _record(work, f"pr.{event.state}", subjects, pull.service, by)
    stage = Stage.BUILD if event.state is PullRequestState.MERGED else Stage.CODE
    if event.state is not PullRequestState.CLOSED:
        for change in ids:
            await changes.advance(work, change, stage, by=by, because=(Subject("pr", id),))


@on(PullRequestReviewed)
async def pull_request_reviewed(work: Work, event: PullRequestReviewed) -> None:
    """Note who reviewed what, and how; its changes' passports and the reviewer's stand-up tell of it."""
    event = placed(work.team, event)
    id = await pull_request_of(work, event)
    known = await work.get(PullRequest, id)
    changes_named = known.changes if known else await _existing(work, change_ids_in(event.title))
    subjects = (Subject("pr", id), *(Subject("change", change) for change in changes_named))
    service = service_of_repository(work.team, event)
    by = await person_of_login(work, event.actor) or event.source
    _record(work, f"pr.{event.verdict}", subjects, service, by, review=event.review)


@on(Pushed)
async def pushed(work: Work, event: Pushed) -> None:
    """Note commits and tags, and the changes that commit messages name."""
    service = service_of_repository(work.team, event)
    by = await person_of_login(work, event.actor) or event.source
    if event.deleted:
        return
    if event.tag is not None:
        version = (Subject("version", f"{service}@{event.tag}"),) if service else ()
        _record(work, "tag.pushed", (Subject("sha", event.after), *version), service, by, tag=event.tag)
        return
    branch = event.ref.removeprefix("refs/heads/")
    for commit in event.commits:
        ids = await _existing(work, change_ids_in(commit.message))
        subjects = (Subject("sha", commit.sha), *(Subject("change", id) for id in ids))
        author = await person_of_login(work, commit.author) or by
        _record(work, "commit.pushed", subjects, service, author, branch=branch, forced=event.forced)
        for id in ids:
            await changes.advance(work, id, Stage.CODE, by=author, because=(Subject("sha", commit.sha),))


@on(ReleasePublished)
async def release_published(work: Work, event: ReleasePublished) -> None:
    """Note a release that was published on the code host itself."""
    service = service_of_repository(work.team, event)
    version = (Subject("version", f"{service}@{event.tag}"),) if service else ()
    by = await person_of_login(work, event.author) or event.source
    repository = work.team.called(event.repository, placed(work.team, event).host)
    subjects = version or (Subject("tag", f"{repository}@{event.tag}"),)
    _record(work, "release.published_on_host", subjects, service, by, tag=event.tag)


def _commit(sha: str) -> tuple[Subject, ...]:
    """Not every sender knows the commit, and what is about none must not be about the same one."""
    return (Subject("sha", sha),) if sha else ()


async def _opened(work: Work, event: PullRequestChanged, id: str) -> PullRequest:
    return PullRequest(
        id=id,
        repository=event.repository,
        number=event.number,
        service=service_of_repository(work.team, event),
        state=event.state,
        title=event.title,
        branch=event.branch,
        sha=event.sha,
        author=event.author,
        author_id=await person_of_login(work, event.author) or None,
        opened_at=event.at,
        changed_at=event.at,
        url=event.url,
        host=event.host,
    )


def _with_changes(pull: PullRequest, ids: tuple[str, ...]) -> PullRequest:
    return pull if ids == pull.changes else replace(pull, changes=ids)


async def _existing(work: Work, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the ids that are changes of ours: "C-4" in a title may be anything."""
    return tuple([change.id for id in ids if (change := await work.get(Change, id)) is not None])


def _record(
    work: Work, kind: str, subjects: tuple[Subject, ...], service: str | None, by: str, **facts: Fact
) -> None:
    broad = (Subject("service", service),) if service else ()
    work.record(Entry(kind, (*subjects, *broad), by, facts))
