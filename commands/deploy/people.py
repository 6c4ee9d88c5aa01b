"""Verbs about who: who is concerned with an environment, and who wants to hear of what goes live."""

from bot.command import Call, Reply
from bot.domain.ports import Work
from bot.workflows import deploy_views, deploy_watch
from commands.deploy.declared import ENVIRONMENT, command


@command.verb(
    "who <environment>",
    "Who deployed there last, who may approve, who is on call, and whose locks there are",
    examples=("production",),
    reads_only=True,
    opens_form=False,
    environment=ENVIRONMENT,
)
async def who(call: Call, work: Work) -> Reply:
    """One line for every service."""
    return Reply("deploy/who", {"view": await deploy_views.who(work, call.args["environment"])})


@command.verb("mute", "Do not tell me when my changes are live", opens_form=False)
async def mute(call: Call, work: Work) -> Reply:
    """Also behind the button of such a message."""
    return Reply("deploy/muted", {"news": await deploy_watch.mute(work, call.by, is_muted=True)})


@command.verb("unmute", "Tell me again when my changes are live", opens_form=False)
async def unmute(call: Call, work: Work) -> Reply:
    """From the next deployment on."""
    return Reply("deploy/muted", {"news": await deploy_watch.mute(work, call.by, is_muted=False)})
