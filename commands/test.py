"""/test: how the last test run of a service went."""

from bot.core.command import Call, Command, Reply, service
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.build import runs as build_runs
from bot.stages.build.model.run import Purpose

command = Command("test", "How the last test run of a service went", stage=Stage.TEST)


@command.verb(
    "[<service>]",
    "The last test run of a service, or of every service",
    examples=("", "web"),
    reads_only=True,
    opens_form=False,
    service=service("whose tests"),
)
async def last(call: Call, work: Work) -> Reply:
    """Answer privately with the newest test run."""
    runs = await build_runs.latest(work, Purpose.TEST, call.args.get("service"))
    return Reply("test/last", {"runs": runs, "service": call.args.get("service")})
