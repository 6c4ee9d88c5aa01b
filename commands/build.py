"""/build: how the last pipeline of a service went."""

from bot.core.command import Call, Command, Reply, service
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.build import runs as build_runs
from bot.stages.build.model.run import Purpose

command = Command("build", "How the last pipeline of a service went", stage=Stage.BUILD)


@command.verb(
    "[<service>]",
    "The last pipeline of a service, or of every service",
    examples=("", "web"),
    reads_only=True,
    opens_form=False,
    service=service("whose pipeline"),
)
async def last(call: Call, work: Work) -> Reply:
    """Answer privately with the newest build."""
    runs = await build_runs.latest(work, Purpose.BUILD, call.args.get("service"))
    return Reply("build/last", {"runs": runs, "service": call.args.get("service")})
