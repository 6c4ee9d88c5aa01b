"""/loose-ends: what is temporary, whose it is, and until when."""

from bot.core.command import Call, Command, Reply, choice, word
from bot.core.dead_letters import LetterKind
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.core.refusals import NotAllowed, Stale
from bot.stages.flow import home, visible
from bot.stages.flow.loose_ends import loose_ends

command = Command("loose-ends", "What is temporary, whose it is, and until when")


@command.verb("", "Locks, silences, open blockers, waiting approvals", reads_only=True, opens_form=False)
async def show(call: Call, work: Work) -> Reply:
    """Answer privately with every loose end, the caller's own first."""
    ends = visible.ends_for(Policy(work.team), call.by, await loose_ends(work))
    mine = [end for end in ends if end.owner_id == call.by.id]
    return Reply("loose-ends/list", {"mine": mine, "others": [end for end in ends if end not in mine]})


@command.verb(
    "revive <kind> <letter>",
    "Try again what could not be said or done (admins)",
    hidden=True,
    kind=choice(*LetterKind, about="message, job or delivery"),
    letter=word("which one"),
)
async def revive(call: Call, work: Work) -> Reply:
    """Give a dead letter another chance. Raises ``NotAllowed``, ``Stale``."""
    if not call.by.is_admin:
        raise NotAllowed("Only workspace admins try dead letters again; ask one of them.")
    if not await work.revive(LetterKind(call.args["kind"]), call.args["letter"]):
        raise Stale("It is not among the dead letters any more: somebody has tried it again, or it was replaced.")
    await home.show(work, call.by)
    return Reply("loose-ends/revived", {"kind": call.args["kind"], "letter": call.args["letter"]})
