"""Verbs that show how things stand: what fires."""

from bot.core.command import Call, Reply
from bot.core.ports import Work
from bot.stages.monitor import cards
from commands.monitor.command import command


@command.verb("", "Open alerts, the worst first", reads_only=True, opens_form=False)
async def fires(call: Call, work: Work) -> Reply:
    """Answer privately with what fires now."""
    return Reply("monitor/open", {"groups": await cards.open_groups(work)})
