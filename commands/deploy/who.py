"""Verbs about who: who is concerned with an environment, and who wants to hear of what goes live."""

from bot.core.command import Call, Reply
from bot.core.ports import Work
from bot.stages.deploy import overviews, tell_authors
from commands.deploy.command import ENVIRONMENT, command


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
    return Reply("deploy/who", {"view": await overviews.who(work, call.args["environment"])})


@command.verb("mute", "Do not tell me when my changes are live", opens_form=False)
async def mute(call: Call, work: Work) -> Reply:
    """Also behind the button of such a message."""
    return Reply("deploy/muted", {"news": await tell_authors.mute(work, call.by, is_muted=True)})


@command.verb("unmute", "Tell me again when my changes are live", opens_form=False)
async def unmute(call: Call, work: Work) -> Reply:
    """From the next deployment on."""
    return Reply("deploy/muted", {"news": await tell_authors.mute(work, call.by, is_muted=False)})
