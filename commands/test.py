"""/test: how the last test run of a service went."""

from bot.command import Call, Command, Reply, service
from bot.domain.builds import Purpose
from bot.domain.ports import Work
from bot.domain.stages import Stage
from bot.workflows import builds

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
    runs = await builds.latest(work, Purpose.TEST, call.args.get("service"))
    return Reply("test/last", {"runs": runs, "service": call.args.get("service")})
