"""Who is asked by direct message to decide about a deployment: those at work now, the others in their morning."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.stages.deploy import cards as news
from bot.stages.deploy.model.deployment import Deployment, State
from bot.team.people.model.working_hours import Hours
from bot.team.people.presence import presence_of

SPARE = 2  # people more than have to say yes: somebody is always in a meeting
ANYBODY = 12  # where more than these may decide, nobody in particular is meant, and the card is there for all


async def ask(work: Work, deployment: Deployment, people: Sequence[Person]) -> Deployment:
    """Ask those who may decide: as many as are needed, and two more; gives the deployment with whom it asked."""
    if deployment.state is not State.WAITING:
        return deployment
    when = [(await _opens(work, one), one) for one in _candidates(work, deployment, people)]
    most = deployment.approval.needed + SPARE
    awake = [person for opens, person in when if opens <= work.now][:most]
    asleep = sorted(((opens, one) for opens, one in when if opens > work.now), key=lambda pair: pair[0])
    for opens, person in asleep[: most - len(awake)]:
        if opens < deployment.approval.expires_at:
            args = {"deployment": deployment.id, "user": person.id}
            work.owe(Job("deploy.ask", f"deploy.ask:{deployment.id}:{person.id}", opens, args))
    return await _asked(work, deployment, [person.id for person in awake])


@due("deploy.ask")
async def ask_in_the_morning(work: Work, it: Due) -> Outcome:
    """Somebody begins to work: they are asked, if there is still something to decide."""
    deployment = await work.get(Deployment, it.job.args["deployment"])
    user = str(it.job.args["user"])
    if deployment is None or deployment.state is not State.WAITING or user in deployment.asked:
        return Outcome.NOOP
    await _asked(work, deployment, [user])
    return Outcome.DONE


async def _asked(work: Work, deployment: Deployment, users: list[str]) -> Deployment:
    if not users:
        return deployment
    deployment = replace(deployment, asked=(*deployment.asked, *users))
    await work.save(deployment)
    await news.show_asked(work, deployment)
    return deployment


def _candidates(work: Work, deployment: Deployment, people: Sequence[Person]) -> list[Person]:
    """Who may say yes; the owners of the service first. Only they, where almost everybody may."""
    policy = Policy(work.team)
    where = deployment.environment
    able = [
        one
        for one in people
        if one.id not in (deployment.asked_by, deployment.approval.not_by)
        and one.is_member
        and policy.allows("deploy.approve", where, one, service=deployment.service)
    ]
    service = work.team.services.get(deployment.service)
    owners = set(service.owners) if service else set[str]()
    own = [one for one in able if not owners.isdisjoint({one.id, *one.groups})]
    return own if len(able) > ANYBODY else [*own, *(one for one in able if one not in own)]


async def _opens(work: Work, person: Person) -> datetime:
    presence = await presence_of(work, person.id)
    return Hours(presence.zone_of(person), lambda day: presence.works(day, {}) and day.weekday() < 5).next_open(
        work.now
    )
