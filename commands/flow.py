"""/flow: the whole flow on one board."""

from bot.core.command import Call, Command, Reply
from bot.core.messages import Lasting
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.stages.flow import visible
from bot.stages.flow.board import board

command = Command("flow", "The whole flow on one board: what stands in each stage")


@command.verb("", "What stands in each of the eight stages", reads_only=True, opens_form=False)
async def show(call: Call, work: Work) -> Reply:
    """Answer privately with the board, as far as the caller may look into its stages."""
    shown = visible.board_for(Policy(work.team), call.by, await board(work))
    return Reply("flow/board", Lasting(board=shown))
