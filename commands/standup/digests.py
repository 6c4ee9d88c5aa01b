"""Verbs of whoever reads a stand-up at an hour of their own: digest."""

from bot.core.command import Call, Reply, text, time_of_day
from bot.core.ports import Tools, Work
from bot.stages.code.ask_unblocker import hours_of
from bot.stages.standup import reader_digests
from bot.stages.standup.setups import standup_named
from bot.team.people.model.working_hours import Hours
from commands.standup.command import command


async def _hours(call: Call, tools: Tools) -> Hours:
    return (await hours_of(tools, call.by))[call.by.id]


@command.verb(
    "digest <standup> [at <time>] [off]",
    "What is new since your last digest: now, or daily at your own hour",
    examples=("U-3", "U-3 at 08:30", "U-3 off"),
    prepare=_hours,
    standup=text("its name, or its id such as U-3"),
    time=time_of_day("when you are told on each of your working days, in your zone"),
)
async def digest(call: Call, work: Work) -> Reply:
    """Answers, blockers, ships and alerts; where nothing is new, nothing is said."""
    standup = await standup_named(work, call.args["standup"])
    if call.args.get("off"):
        await reader_digests.unsubscribe(work, standup, call.by)
        return Reply("standup/digest_off", {"standup": standup})
    if (at := call.args.get("time")) is not None:
        first = await reader_digests.subscribe(work, standup, call.by, at, call.prepared)
        return Reply("standup/digest_on", {"standup": standup, "first": first})
    news = await reader_digests.news_now(work, standup, call.by)
    return Reply("standup/reader_digest", {"news": news, "late_by": None})
