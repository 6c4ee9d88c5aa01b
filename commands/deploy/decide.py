"""Verbs behind the buttons of a deployment's card. Each click is answered, and the card is as things are now."""

from collections.abc import Awaitable, Sequence

from bot.core.approvals import Decision
from bot.core.command import Call, Reply, choice, who_is_here, word
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.refusals import Stale
from bot.stages.deploy import cards as news
from bot.stages.deploy import check_vote, finish, look_up_version, request, rules
from bot.stages.deploy.model.deployment import Deployment, State
from bot.team.environments.model.lock import Locked
from commands.deploy.command import DEPLOYMENT, command


async def _people(_: Call, tools: Tools) -> Sequence[Person]:
    return await tools.directory.people()


async def _look_again(call: Call, tools: Tools) -> look_up_version.Found:
    return await look_up_version.look_again(tools, call.args["deployment"])


@command.verb(
    "approve <deployment> [<sha>]",
    "Say yes to a deployment",
    hidden=True,
    opens_form=False,
    prepare=_look_again,
    deployment=DEPLOYMENT,
    sha=word("what the card showed that was clicked: its commit, image, and red checks"),
)
async def approve(call: Call, work: Work) -> Reply:
    """Everything is read again first; the card says who, and starts when nothing is missing."""
    id = call.args["deployment"]
    if why := await check_vote.counts(work, id, call.prepared, call.args.get("sha", "")):
        return await _not_done(call, work, why)
    return await _done(call, work, "approved", request.decide(work, id, Decision.APPROVE, call.by))


@command.verb("refuse <deployment>", "Say no to a deployment", hidden=True, opens_form=False, deployment=DEPLOYMENT)
async def refuse(call: Call, work: Work) -> Reply:
    """The card says who, and whoever asked is told in its thread."""
    decided = request.decide(work, call.args["deployment"], Decision.REFUSE, call.by)
    return await _done(call, work, "refused", decided)


@command.verb(
    "cancel <deployment>",
    "Take a request back, or stop what runs",
    examples=("D-12",),
    opens_form=False,
    deployment=DEPLOYMENT,
)
async def cancel(call: Call, work: Work) -> Reply:
    """Nothing starts any more; a command that runs is stopped."""
    return await _done(call, work, "cancelled", request.cancel(work, call.args["deployment"], call.by))


@command.verb(
    "retry <deployment>",
    "Run it once more",
    hidden=True,
    opens_form=False,
    prepare=who_is_here,
    deployment=DEPLOYMENT,
)
async def retry(call: Call, work: Work) -> Reply:
    """The same commit, on the approval that it has."""
    return await _done(call, work, "retried", request.retry(work, call.args["deployment"], call.by, call.prepared))


@command.verb(
    "rollback <deployment>",
    "Bring back what was live before",
    examples=("D-12",),
    opens_form=False,
    prepare=_people,
    deployment=DEPLOYMENT,
)
async def rollback(call: Call, work: Work) -> Reply:
    """A new card for the version that was live before; it asks for a yes where nobody approved that here."""
    return await _done(
        call, work, "rolled back", request.roll_back(work, call.args["deployment"], call.by, call.prepared)
    )


@command.verb(
    "settle <deployment> <outcome>",
    "Say how an interrupted deployment ended",
    hidden=True,
    opens_form=False,
    deployment=DEPLOYMENT,
    outcome=choice("live", "failed"),
)
async def settle(call: Call, work: Work) -> Reply:
    """A person looked, and says whether it is live."""
    is_live = call.args["outcome"] == "live"
    settled = finish.settle(work, call.args["deployment"], call.by, is_live=is_live)
    return await _done(call, work, "settled", settled)


async def _done(call: Call, work: Work, what: str, step: Awaitable[Deployment]) -> Reply:
    """What came of it; where it has moved on meanwhile, that, and the card as it is now."""
    try:
        deployment = await step
    except (Stale, Locked) as refusal:
        return await _not_done(call, work, refusal.sentence)
    is_held = deployment.state is State.QUEUED
    holds = await rules.holding(work, deployment) if is_held else []
    return Reply("deploy/done", {"deployment": deployment, "what": what, "holds": holds})


async def _not_done(call: Call, work: Work, why: str) -> Reply:
    deployment = await request.known(work, call.args["deployment"])
    await news.redraw(work, deployment)
    return Reply("deploy/not_done", {"deployment": deployment, "why": why})
