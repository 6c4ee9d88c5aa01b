"""Verbs behind the buttons of a deployment's card."""

from bot.command import Call, choice
from bot.domain.approvals import Decision
from bot.domain.ports import Work
from bot.workflows import deploy, deploy_run
from commands.deploy.declared import DEPLOYMENT, command, permitted


@command.verb(
    "approve <deployment>", "Say yes to a deployment", hidden=True, opens_form=False, deployment=DEPLOYMENT
)
async def approve(call: Call, work: Work) -> None:
    """The card says who, and starts when nothing is missing."""
    await permitted(call, work, "approve")
    await deploy.decide(work, call.args["deployment"], Decision.APPROVE, call.by)


@command.verb("refuse <deployment>", "Say no to a deployment", hidden=True, opens_form=False, deployment=DEPLOYMENT)
async def refuse(call: Call, work: Work) -> None:
    """The card says who, and whoever asked is told in its thread."""
    await permitted(call, work, "refuse")
    await deploy.decide(work, call.args["deployment"], Decision.REFUSE, call.by)


@command.verb(
    "cancel <deployment>", "Take a request back, or stop", hidden=True, opens_form=False, deployment=DEPLOYMENT
)
async def cancel(call: Call, work: Work) -> None:
    """Nothing starts any more; a command that runs is stopped."""
    await permitted(call, work, "cancel")
    await deploy.cancel(work, call.args["deployment"], call.by)


@command.verb("retry <deployment>", "Run it once more", hidden=True, opens_form=False, deployment=DEPLOYMENT)
async def retry(call: Call, work: Work) -> None:
    """The same version, on the approval that it has."""
    await permitted(call, work, "retry")
    await deploy.retry(work, call.args["deployment"], call.by)


@command.verb(
    "rollback <deployment>", "Bring back what was live", hidden=True, opens_form=False, deployment=DEPLOYMENT
)
async def rollback(call: Call, work: Work) -> None:
    """A new card for the version that was live before."""
    await permitted(call, work, "rollback")
    await deploy.roll_back(work, call.args["deployment"], call.by)


@command.verb(
    "settle <deployment> <outcome>",
    "Say how an interrupted deployment ended",
    hidden=True,
    opens_form=False,
    deployment=DEPLOYMENT,
    outcome=choice("live", "failed"),
)
async def settle(call: Call, work: Work) -> None:
    """A person looked, and says whether it is live."""
    await permitted(call, work, "settle")
    await deploy_run.settle(work, call.args["deployment"], call.by, is_live=call.args["outcome"] == "live")
