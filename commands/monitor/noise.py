"""What says whether alerts are worth their noise."""

from bot.command import Call, Reply
from bot.domain.jobs import Job
from bot.domain.ports import Work
from bot.workflows import noise as workflow
from commands.monitor.declared import command


@command.verb("noise", "Each route's last 30 days: how much of it anybody acted on")
async def noise(call: Call, work: Work) -> Reply:
    """As text at once, and as a chart in a direct message."""
    routes, lately = await workflow.noise(work)
    if lately.groups:
        work.owe(Job("alert.noise", f"alert.noise:{call.key}", work.now, {"for": call.by.id}))
    return Reply("monitor/noise", {"routes": routes, "lately": lately})
