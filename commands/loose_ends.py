"""/loose-ends: what is temporary, whose it is, and until when."""

from bot.command import Call, Command, Reply
from bot.domain.ports import Work
from bot.workflows.loose_ends import loose_ends

command = Command("loose-ends", "What is temporary, whose it is, and until when")


@command.verb("", "Locks, silences, open blockers, waiting approvals", reads_only=True, opens_form=False)
async def show(call: Call, work: Work) -> Reply:
    """Answer privately with every loose end, the caller's own first."""
    ends = await loose_ends(work)
    mine = [end for end in ends if end.owner_id == call.by.id]
    return Reply("loose-ends/list", {"mine": mine, "others": [end for end in ends if end not in mine]})
