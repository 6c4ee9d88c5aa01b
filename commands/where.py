"""/where: the passport of a change, a ticket, a commit, a pull request or a version."""

from bot.command import Call, Command, Reply, text
from bot.domain.ports import Work
from bot.workflows.passport import passport

command = Command("where", "Where a change, a commit, a pull request or a version is now")


@command.verb(
    "<thing>",
    "Everything known of a change, a pull request, a commit or a version",
    examples=("C-41", "#812", "9f3c2a1", "web v1.4.0"),
    reads_only=True,
    thing=text("C-41, #812, a SHA or a version"),
)
async def show(call: Call, work: Work) -> Reply:
    """Answer privately with the passport."""
    return Reply("where/passport", {"passport": await passport(work, call.args["thing"])})
