"""What blockers are linked to: found in their words, and closing them when the last of it moves."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.core.events import AlertResolved, PullRequestChanged, PullRequestState
from bot.core.find_or_refuse import every
from bot.core.handlers import on
from bot.core.ledger import Subject
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.stages.code import blocker_cards as news
from bot.stages.code.ask_unblocker import step_key
from bot.stages.code.hosted import (
    pull_request_meant,
    pull_request_of,
    pull_requests_meant,
    services_of_pull_request,
)
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.code.model.links import links_in, pull_requests_in
from bot.stages.code.model.pull_request import PullRequest
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.plan.model.change import Change
from bot.team.services import person_of_login, placed


@dataclass(slots=True)
class Linked:
    """What a blocker's words name, of what there is.

    Attributes:
        links: all of it.
        waits_for: what has yet to move.
        moved: what has moved before, each as a sentence.
        change: the first change that is named.
        service: whose it is, as far as that can be told.
    """

    links: list[Subject] = field(default_factory=list[Subject])
    waits_for: list[Subject] = field(default_factory=list[Subject])
    moved: list[str] = field(default_factory=list[str])
    change: Change | None = None
    service: str | None = None


async def linked(work: Work, text: str, change: Change | None = None) -> Linked:
    """What a text names. An id that names nothing of ours is taken for ordinary words."""
    found = Linked(change=change, service=change.service if change else None)
    for name in pull_requests_in(text, work.team.repositories, found.service):
        for id in await pull_requests_meant(work, name):
            await _note_pull_request(work, found, Subject("pr", id))
    for thing in links_in(text):
        match thing.kind:
            case "change":
                await _note_change(work, found, thing)
            case "alert":
                await _note_alert(work, found, thing)
            case _:
                await _note_deployment(work, found, thing)
    return found


async def must_still_wait(work: Work, text: str, change: Change | None = None) -> None:
    """Raises ``Refusal`` where all that a text waits for has moved already, or a pull request may be one of several."""
    for name in pull_requests_in(text, work.team.repositories, change.service if change else None):
        await pull_request_meant(work, name, field="what")
    found = await linked(work, text, change)
    if found.moved and not found.waits_for:
        raise Refusal(
            f"{found.moved[0]} already, so nobody waits for it any more. If something else holds you up, "
            "say that, without the number.",
            field="what",
        )


@on(PullRequestChanged)
async def pull_request_moved(work: Work, event: PullRequestChanged) -> None:
    """Merged or closed, it holds nobody up any more."""
    if event.state is PullRequestState.OPEN:
        return
    id = await pull_request_of(work, placed(work.team, event))
    known = await work.get(PullRequest, id)
    if known is not None and known.changed_at > event.at:
        return  # overtaken on the way by what happened to it since
    by = await person_of_login(work, event.actor)
    await moved(work, Subject("pr", id), f"{id} is {event.state}", by or event.source)


async def alerts_moved(work: Work, events: Sequence[AlertResolved]) -> None:
    """Alerts of one delivery have ended: once nothing of a group fires, it holds nobody up any more."""
    by_origin: dict[str, list[AlertResolved]] = {}
    for event in events:
        by_origin.setdefault(f"{event.source}:{event.group}", []).append(event)
    for id in await _awaited(work, "alert"):
        group = await work.get(AlertGroup, id)
        ended = by_origin.get(group.origin, ()) if group else ()
        if group is None or not any(group.knows(event.fingerprint) for event in ended):
            continue
        # What takes the same events for the alerts themselves may have come before or after this.
        after = group.take(by_origin[group.origin])
        if after.state == "resolved":
            how = f"{after.id} {after.name} has resolved"
            await moved(work, Subject("alert", after.id), how, events[0].source)


async def _awaited(work: Work, kind: str) -> list[str]:
    """What of a kind open blockers wait for: much less than there ever was of it."""
    waiting = await every(work, Blocker, state=BlockerState.OPEN, newest_first=False)
    things = (thing.partition(":") for one in waiting for thing in one.waits_for)
    return list(dict.fromkeys(name for its_kind, _, name in things if its_kind == kind))


@on(AlertResolved, together=alerts_moved)
async def alert_moved(work: Work, event: AlertResolved) -> None:
    """Once nothing of its group fires, it holds nobody up any more."""
    await alerts_moved(work, (event,))


async def deployment_moved(work: Work, deployment: Deployment, by: str = "") -> None:
    """Once it is decided, nobody waits for its approval any more."""
    if deployment.state is State.WAITING:
        return
    how = {State.REFUSED: "refused", State.EXPIRED: "not decided in time", State.CANCELLED: "cancelled"}
    decided = how.get(deployment.state, "approved")
    what = f"{deployment.id} {deployment.what} is {decided}"
    await moved(work, Subject("deployment", deployment.id), what, by)


async def moved(work: Work, thing: Subject, how: str, by: str = "") -> None:
    """Close each open blocker that waited for this alone; of one that waits for more, its thread says what is left.

    ``how`` is the sentence that says what happened, ``by`` a user id or the name of a source.
    """
    for seen in await every(work, Blocker, state=BlockerState.OPEN, newest_first=False):
        if seen.without(thing) is seen:
            continue
        blocker = await work.get(Blocker, seen.id)  # found without a lock; somebody may just have closed it
        if blocker is None or not blocker.is_open:
            continue
        left = blocker.without(thing)
        if left.waits_for:
            await work.save(left)
            news.record(work, left, "moved", by)
            news.tell(work, left, "moved", how=how)
            await news.show(work, left)
        else:
            await closed(work, left.close_itself(work.now, how, by), by)


async def closed(work: Work, blocker: Blocker, by: str) -> Blocker:
    """Keep that a blocker is closed, and say so once to whoever has to know."""
    blocker = replace(blocker, told=by != blocker.owner_id or blocker.closed_itself)
    await work.save(blocker)
    work.forgive(step_key(blocker))
    news.record(work, blocker, "closed", by, open_for_seconds=round(blocker.age(work.now).total_seconds()))
    if blocker.closed_itself:
        news.tell(work, blocker, "closed")
    await news.show(work, blocker)
    if blocker.told:
        news.show_told(work, blocker)
    return blocker


async def _note_change(work: Work, found: Linked, thing: Subject) -> None:
    change = await work.get(Change, thing.name)
    if change is not None:
        found.links.append(thing)
        found.change = found.change or change
        found.service = found.service or change.service


async def _note_pull_request(work: Work, found: Linked, thing: Subject) -> None:
    found.links.append(thing)
    known = await work.get(PullRequest, thing.name)
    found.service = found.service or next(iter(services_of_pull_request(work.team, thing.name, known)), None)
    if known is None or known.state is PullRequestState.OPEN:
        found.waits_for.append(thing)
    else:
        found.moved.append(f"{known.id} is {known.state}")


async def _note_alert(work: Work, found: Linked, thing: Subject) -> None:
    group = await work.get(AlertGroup, thing.name)
    if group is not None:
        found.links.append(thing)
        found.service = found.service or group.service
        if group.state == "firing":
            found.waits_for.append(thing)


async def _note_deployment(work: Work, found: Linked, thing: Subject) -> None:
    deployment = await work.get(Deployment, thing.name)
    if deployment is not None:
        found.links.append(thing)
        found.service = found.service or deployment.service
        if deployment.state is State.WAITING:
            found.waits_for.append(thing)
