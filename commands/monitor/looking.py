"""Verbs that show how things stand: what fires."""

from bot.command import Call, Reply
from bot.domain.ports import Work
from bot.workflows import alert_news
from commands.monitor.declared import command


@command.verb("", "Open alerts, the worst first", reads_only=True, opens_form=False)
async def fires(call: Call, work: Work) -> Reply:
    """Answer privately with what fires now."""
    return Reply("monitor/open", {"groups": await alert_news.open_groups(work)})
