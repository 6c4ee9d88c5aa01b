"""Why somebody cannot have a deployment now: each rule that stops it or them, by its name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.refusals import NotAllowed
from bot.core.team import Environment
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.obstacles import Obstacle, rule_of


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule, and what it says."""

    rule: str
    sentence: str


def reasons(
    deployment: Deployment,
    environment: Environment,
    policy: Policy,
    person: Person,
    found: Sequence[Obstacle],
    ahead: Deployment | None,
    at: datetime,
) -> list[Reason]:
    """What stops this deployment, then what stops this person; nothing where nothing does."""
    if deployment.state not in (State.WAITING, State.QUEUED):
        return []
    said = [Reason(one.rule, one.sentence(at)) for one in found if not one.is_warning]
    if deployment.state is State.WAITING:
        rule = rule_of(environment, "approvals")
        approval = deployment.approval
        said.append(Reason(rule, f"It needs {approval.missing} more of {approval.needed} approvals."))
        said += _about(deployment, policy, person, rule)
    elif ahead is not None:
        said.append(Reason("queue", f"{ahead.id} ({ahead.service} {ahead.version}) is before it."))
    return said


def _about(deployment: Deployment, policy: Policy, person: Person, rule: str) -> Iterable[Reason]:
    """What keeps this person from approving it."""
    if person.id == deployment.asked_by:
        yield Reason(rule, "You asked for it, and whoever asks does not count: somebody else has to say yes.")
    elif person.id == deployment.approval.not_by:
        yield Reason(
            deployment.fixes, "You opened it, so somebody else has to approve what passes rules to fix it."
        )
    elif any(vote.by == person.id for vote in deployment.approval.votes):
        yield Reason(rule, "You have said yes already; one person counts once.")
    else:
        try:
            policy.check("deploy.approve", deployment.environment, person, service=deployment.service)
        except NotAllowed as no:
            name, colon, rest = no.sentence.partition(": ")
            yield Reason(name, rest) if colon else Reason("members only", no.sentence)
