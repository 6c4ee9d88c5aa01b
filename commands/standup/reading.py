"""Verbs that look back at a stand-up: health."""

from bot.command import Call, Reply, text
from bot.domain.ports import Work
from bot.workflows import standup_health
from bot.workflows.standup_setups import standup_named, standups
from commands.standup.declared import command

_STANDUP = text("its name, or its id such as U-3; else every one")


@command.verb(
    "health [<standup>]",
    "How many questions of the last 30 days came in time, late, or not at all",
    examples=("", "U-3"),
    reads_only=True,
    opens_form=False,
    standup=_STANDUP,
)
async def health(call: Call, work: Work) -> Reply:
    """By stand-up, the worst first, with the days on which something was late."""
    named = call.args.get("standup")
    wanted = [await standup_named(work, named)] if named else await standups(work)
    found = [await standup_health.health_of(work, standup) for standup in wanted]
    found.sort(key=lambda each: (each.kept_percent, -each.missed))
    return Reply("standup/health", {"found": found, "is_one": bool(named)})
