"""/release approve, tick and untick: who agreed to a release, and what was done for it."""

from bot.core.command import Call, Reply, number
from bot.core.ports import Work
from bot.stages.release import check_vote
from bot.stages.release import draft_and_approve as releases
from commands.release.command import command
from commands.release.notes import RELEASE, prepared

ACTIVITY = number("which line of the check-list, from 1 on")


@command.verb(
    "approve <release>",
    "Agree to the notes of a draft, where the team file asks for it; not your own",
    examples=("R-4",),
    prepare=prepared,
    release=RELEASE,
)
async def approve(call: Call, work: Work) -> Reply | None:
    """One person counts once, whoever drafted it or changed it last not at all, and who has left no more."""
    if why := await check_vote.not_as_it_was(work, call.args["release"], call.prepared):
        return Reply("release/not_done", {"why": why})
    await releases.approve(work, call.args["release"], call.by)
    return None


@command.verb(
    "tick <release> <activity>",
    "Say that a line of the check-list is done",
    examples=("R-4 2",),
    release=RELEASE,
    activity=ACTIVITY,
)
async def tick(call: Call, work: Work) -> None:
    """Its card shows who did it and when."""
    await releases.tick(work, call.args["release"], call.args["activity"], call.by, is_done=True)


@command.verb(
    "untick <release> <activity>",
    "Say that a line of the check-list is not done after all",
    examples=("R-4 2",),
    release=RELEASE,
    activity=ACTIVITY,
)
async def untick(call: Call, work: Work) -> None:
    """Open again."""
    await releases.tick(work, call.args["release"], call.args["activity"], call.by, is_done=False)
