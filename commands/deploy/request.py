"""Verbs that ask for a deployment."""

from bot.core.command import Call, Reply, service, text, word
from bot.core.ports import Tools, Work
from bot.core.refusals import NotAllowed
from bot.stages.deploy import fixes, look_up_version
from bot.stages.deploy import request as deploy_request
from bot.stages.deploy.cards import channel_of
from commands.deploy.command import ENVIRONMENT, command


async def _look(call: Call, tools: Tools) -> look_up_version.Found:
    args = call.args
    return await look_up_version.look(tools, args["service"], args["version"], args["environment"])


@command.verb(
    "<service> <version> to <environment> [because <reason>]",
    "Ask for a deployment; it starts once enough others have approved",
    examples=(
        "web v1.4.0 to production",
        "web main to staging because Priya wants to see it",
        "web v1.4.1 to production because it fixes INC-7",
    ),
    prepare=_look,
    by_app=True,
    service=service("which service"),
    version=word("which version: a tag, a branch or a commit"),
    environment=ENVIRONMENT,
    reason=text("why, for those who approve; “fixes INC-7” passes what holds others while that is open"),
)
async def request(call: Call, work: Work) -> Reply:
    """The card in the deploy channel says it all; asked elsewhere, the caller is told where it is."""
    args = call.args
    if call.by_app and not work.team.environments[args["environment"]].approvals:
        raise NotAllowed(
            f"An app wrote this in your name, and in {args['environment']} a deployment starts without anybody's yes. "
            "If you want it, ask for it yourself."
        )
    reason = args.get("reason", "")
    deployment = await deploy_request.request(
        work,
        args["service"],
        args["version"],
        args["environment"],
        call.by,
        because=reason,
        found=call.prepared,
    )
    note = await fixes.said_otherwise(work, deployment.service, reason)
    return Reply(
        "deploy/requested", {"deployment": deployment, "channel": channel_of(work, deployment), "note": note}
    )
