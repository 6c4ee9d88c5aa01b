"""/where: the passport of a change, a ticket, a commit, a pull request or a version."""

from collections.abc import Sequence

from bot.core.command import Call, Command, Place, Reply, text
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.stages.flow import authorise, visible
from bot.stages.flow.passport import passport, services_of

command = Command("where", "Where a change, a commit, a pull request or a version is now")


async def _its_services(call: Call, work: Work) -> Sequence[Place]:
    """The services of what is asked about."""
    return authorise.of_services(await services_of(work, call.args["thing"]))


@command.verb(
    "<thing>",
    "Everything known of a change, a pull request, a commit or a version",
    examples=("C-41", "#812", "9f3c2a1", "web v1.4.0"),
    reads_only=True,
    about=_its_services,
    thing=text("C-41, #812, a SHA or a version"),
)
async def show(call: Call, work: Work) -> Reply:
    """Answer privately with the passport, as far as the caller may look into its stages."""
    thing = call.args["thing"]
    unseen = visible.hidden(Policy(work.team), call.by, await services_of(work, thing))
    return Reply("where/passport", {"passport": await passport(work, thing, unseen)})
