"""What follows a deployment: its authors hear that it is live, and alerts that begin soon after stand on its card."""

from collections import defaultdict
from collections.abc import Iterable

from bot.core.ledger import Entry, Subject
from bot.core.messages import Band, Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.team import Repository
from bot.stages.code.hosted import pull_request_in
from bot.stages.code.model.pull_request import PullRequest
from bot.stages.deploy import cards as news
from bot.stages.deploy import rules
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.deploy.model.mute import LiveNews
from bot.stages.deploy.model.slot import Slot
from bot.stages.manage.model.feedback import Feedback
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.plan.model.change import Change
from bot.team.services import person_of_login

LOOKED_AT = 50  # changes and pull requests of one deployment; whoever ships more tells people by other means


async def tell_people(work: Work, deployment: Deployment) -> None:
    """Tell each author, and whoever filed feedback that it answers, that it is live in the last environment (or was
    taken back there); nobody who muted it, nor whoever asked for it, who has seen it."""
    if not _is_last(work, deployment):
        return
    theirs, remarks = await _theirs(work, deployment), await _answered(work, deployment)
    muted = {
        one.id for one in await work.find(LiveNews, id=(*theirs, *(r.filed_by for r in remarks))) if one.is_muted
    }
    for user, things in theirs.items():
        if user not in muted and user != deployment.asked_by:
            context = {"deployment": deployment, "things": things}
            key = f"deployment:{deployment.run_name}:yours:{user}"
            work.say(Message(key, user, "deploy/yours", context, band=Band.BULK))
    for remark in remarks:
        if remark.filed_by not in muted:
            key = f"deployment:{deployment.run_name}:feedback:{remark.id}"
            context = {"deployment": deployment, "remark": remark}
            work.say(Message(key, remark.filed_by, "deploy/answered", context, band=Band.BULK))


async def mute(work: Work, by: Person, *, is_muted: bool) -> LiveNews:
    """Whether they are told from now on."""
    known = await work.get(LiveNews, by.id)
    chosen = LiveNews(id=by.id, is_muted=is_muted)
    await (work.save(chosen) if known else work.add(chosen))
    if known != chosen:
        work.record(Entry("live_news.chosen", (Subject("person", by.id),), by.id, {"muted": is_muted}))
    return chosen


async def alerted(work: Work, group: AlertGroup) -> None:
    """Note an alert with the deployments that went live shortly before; that it was them is for a person to say."""
    if group.service is None:
        return
    began = group.fires[-1] if group.fires else group.opened_at
    for slot in await work.find(Slot, service=group.service):
        if slot.live is None or slot.live.since is None or group.environment not in (None, slot.environment):
            continue
        watch = rules.environment_of(work, slot.environment).watch
        deployment = await work.get(Deployment, slot.live.deployment)
        if deployment is None or not slot.live.since <= began <= slot.live.since + watch:
            continue
        noted = deployment.alerted(group.id)
        if noted is not deployment:
            await work.save(noted)
            news.record(work, noted, "alerted", "", Subject("alert", group.id))
            await news.show(work, noted, slot)


def _is_last(work: Work, deployment: Deployment) -> bool:
    """Whether no environment comes after this one: there it is live for those whom it is for."""
    orders = {name: one.order for name, one in work.team.environments.items()}
    return orders.get(deployment.environment) == max(orders.values(), default=None)


async def _theirs(work: Work, deployment: Deployment) -> dict[str, list[str]]:
    """What each person whom we know has in it: changes that they own, pull requests, or just commits."""
    found: dict[str, list[str]] = defaultdict(list)
    ships = deployment.ships
    for id in ships.changes[:LOOKED_AT]:
        change = await work.get(Change, id)
        if change and change.owner_id:
            found[change.owner_id].append(f"{change.id} {change.title}")
    service = work.team.services.get(deployment.service)
    repository = service.repository if service else Repository()
    for number in ships.pull_requests[:LOOKED_AT] if repository.remote else ():
        pr = await work.get(PullRequest, await pull_request_in(work, repository, number))
        if pr and pr.author_id:
            found[pr.author_id].append(f"#{number} {pr.title}")
    for user in await _people_of(work, ships.logins[:LOOKED_AT]):
        found.setdefault(user, [])
    return dict(found)


async def _people_of(work: Work, logins: Iterable[str]) -> list[str]:
    people = [await person_of_login(work, login) for login in logins]
    return [person for person in people if person]


async def _answered(work: Work, deployment: Deployment) -> list[Feedback]:
    changes = deployment.ships.changes[:LOOKED_AT]
    return await work.find(Feedback, change_id=changes) if changes else []
