"""What counts as approved when it is brought back: approved here, run by us there, and seen to be live."""

from typing import Any

from bot.core.find_or_refuse import every, looking_back
from bot.core.ports import Work
from bot.core.refusals import Refusal, Stale
from bot.stages.deploy import rules
from bot.stages.deploy.model.changes_shipped import Version
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.reported_by_others import CALLED


async def not_approved(work: Work, service: str, environment: str, back: Version) -> str:
    """Why bringing this back there needs a yes; "" where it was approved, by what that took at the time.

    The same version, commit and image: whoever reports one of them to us may call another thing by its name.
    """
    known = work.team.services.get(service)
    if known is not None and known.artifact and not back.artifact:
        return "its image's digest was not kept, and its tag may be another image's by now"
    where: dict[str, Any] = {"service": service, "environment": environment, "version": back.name}
    brought = None
    async for one in looking_back(work, Deployment, state=State.SUCCEEDED, **where):
        if (one.sha, one.artifact) != (back.sha, back.artifact):
            continue
        if _is_approved(one):
            return ""
        brought = one if one.id == back.deployment else brought
    if brought is None:
        return "I know no deployment that brought it there"
    if who := brought.reported_by or brought.seen_by:
        called = CALLED.get(who, who)
        return f"{called} reported it" if brought.reported_by else f"only {called} says that {brought.id} went live"
    return f"{brought.id} brought it back without asking"


async def must_be_approved(work: Work, deployment: Deployment) -> None:
    """Raises ``Refusal`` where a retry would run what has fewer approvals than it takes now."""
    if deployment.rolls_back and not deployment.approval.needed:
        back = Version(deployment.version, deployment.sha, artifact=deployment.artifact)
        if why := await not_approved(work, deployment.service, deployment.environment, back):
            raise Refusal(
                f"Nobody approved {deployment.what} here ({why}). Roll back {deployment.rolls_back} once more: "
                "somebody else is asked then."
            )
    elif not deployment.rolls_back and not deployment.reported_by:
        needed = rules.environment_of(work, deployment.environment).approvals
        if deployment.approval.needed < needed:
            takes = f"takes {needed} {'approval' if needed == 1 else 'approvals'} by now"
            raise Refusal(
                f"{deployment.environment} {takes}, and {deployment.what} has {len(deployment.approval.approvals)}. "
                f'Ask for it anew with "/deploy {deployment.what}".'
            )


async def must_not_wait_already(work: Work, deployment: Deployment) -> None:
    """Raises ``Stale`` where its rollback has been asked for, and waits."""
    where: dict[str, Any] = {"service": deployment.service, "environment": deployment.environment}
    for other in await every(work, Deployment, state=(State.WAITING, State.QUEUED), **where):
        if other.rolls_back == deployment.id:
            raise Stale(f"{other.id} rolls it back already. {other.standing(work.now)} Its card is in the channel.")


def _is_approved(one: Deployment) -> bool:
    """Approved and run by us. A rollback that nobody had to approve was so only as far as its version was."""
    is_waived = bool(one.rolls_back) and not one.approval.needed
    return one.approval.is_given and not (is_waived or one.reported_by or one.seen_by)
