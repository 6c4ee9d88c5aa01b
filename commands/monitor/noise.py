"""What says whether alerts are worth their noise."""

from bot.core.command import Call, Reply
from bot.core.jobs import Job
from bot.core.ports import Work
from bot.stages.monitor import noise as workflow
from commands.monitor.command import command


@command.verb("noise", "Each route's last 30 days: how much of it anybody acted on")
async def noise(call: Call, work: Work) -> Reply:
    """As text at once, and as a chart in a direct message."""
    routes, lately = await workflow.noise(work)
    if lately.groups:
        work.owe(Job("alert.noise", f"alert.noise:{call.key}", work.now, {"for": call.by.id}))
    return Reply("monitor/noise", {"routes": routes, "lately": lately})
