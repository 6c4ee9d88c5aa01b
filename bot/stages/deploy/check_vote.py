"""Whether a yes counts: what was approved must be what somebody saw, and what they saw must still be so."""

from bot.core.ports import Work
from bot.stages.build import runs
from bot.stages.deploy import cards as news
from bot.stages.deploy import rules
from bot.stages.deploy.look_up_version import Found, with_known_changes
from bot.stages.deploy.model.button_binding import Seen, short_digest
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.moved import rebound
from bot.stages.deploy.request import known


async def counts(work: Work, id: str, seen: Found, bound: str) -> str:
    """Why a yes does not count just now, although the deployment waits for one: or "" where it does.

    ``seen`` is what code host and registry said a moment ago, ``bound`` what the card showed that was clicked. Where
    the ref has moved, or its image was pushed anew, the deployment is about that from now on, without the approvals
    of the old one.
    """
    await runs.learn(work, seen.checks)
    deployment = await known(work, id)
    if deployment.state is not State.WAITING or deployment.approval.has_lapsed(work.now):
        return ""
    if seen.trouble:
        return f"{seen.trouble}. Try again in a minute, or refuse it."
    if moved := await _moved(work, deployment, seen):
        return moved
    if left := await _left(work, deployment, seen):
        return left
    if changed := await _unlike(work, deployment, Seen.of(bound)):
        return f"{changed} Look at the card, then decide again."
    stops = [one for one in await rules.standing_against(work, deployment) if one.stops_votes]
    return " ".join(f"{one.sentence(work.now)} ({one.rule})" for one in stops)


async def _moved(work: Work, deployment: Deployment, seen: Found) -> str:
    """Have it be about what its ref or its tag is by now; says so, or "" where nothing has moved."""
    has_sha = seen.sha is not None and seen.sha != deployment.sha and seen.instead_of == deployment.sha
    has_artifact = bool(seen.artifact) and seen.artifact != deployment.artifact
    has_artifact = has_artifact and seen.artifact_instead_of == deployment.artifact
    if not has_sha and not has_artifact:
        return ""
    sha = seen.sha if has_sha else deployment.sha
    ships = await with_known_changes(work, seen.ships) if has_sha else deployment.ships
    moved = rebound(deployment, sha, ships, work.now, seen.artifact if has_artifact else deployment.artifact)
    await work.save(moved)
    news.record(work, moved, "moved", was=deployment.sha, fell_away=moved.fell_away)
    what = f"{moved.version} has moved from {(deployment.sha or '')[:7]} to {(sha or '')[:7]}"
    if not has_sha:
        was, now = short_digest(deployment.artifact), short_digest(moved.artifact)
        what = f"The image of {moved.version} was pushed anew: it is {now} and was {was}"
        if not deployment.artifact:
            what = f"The image of {moved.version} is {now} now; which one it was is not known"
    return f"{what}{_fallen(moved.fell_away)}. The card shows what ships now; look at it, then decide again."


async def _left(work: Work, deployment: Deployment, seen: Found) -> str:
    """Take away the yes of whoever is not here any more; says so, or "" where all are."""
    here = {person.id for person in seen.people}
    gone = deployment.approval.by_those_gone(here)
    if not gone:
        return ""
    now = deployment.without({vote.by for vote in gone}, work.now)
    await work.save(now)
    names = ", ".join(vote.name for vote in gone)
    news.record(work, now, "votes_fell_away", votes=len(gone), of=" ".join(vote.by for vote in gone))
    return f"{names} approved it and left since, so that counts no more. The card shows what it needs now; click again."


async def _unlike(work: Work, deployment: Deployment, then: Seen) -> str:
    """What is otherwise than on the card that was clicked, as a sentence; or ""."""
    if then.sha and deployment.sha and not deployment.sha.startswith(then.sha):
        return f"You saw {then.sha[:7]}, and by now it is about {deployment.sha[:7]}."
    if then.artifact and then.artifact != short_digest(deployment.artifact):
        return f"You saw the image {then.artifact}, and by now it is {short_digest(deployment.artifact)}."
    red = then.newly_red((await rules.checks_of(work, deployment)).failed)
    return f"Red by now, and not on the card that you clicked: {', '.join(red)}." if red else ""


def _fallen(approvals: int) -> str:
    if not approvals:
        return ""
    return f", and {approvals} {'approval' if approvals == 1 else 'approvals'} of the old commit ended with it"
