"""Keeps a Slack user group so that it holds whoever is on call."""

from datetime import timedelta

from bot.domain.alerting_ports import SlackSilent
from bot.domain.jobs import Again, Due, Outcome
from bot.domain.messages import Message
from bot.domain.oncall import Rotation
from bot.domain.ports import Tools, Work
from bot.workflows import oncall
from bot.workflows.handles import due_outside

TRIED_EVERY = timedelta(minutes=1)
GIVEN_UP_AFTER = timedelta(hours=12)  # by then there is another hand-over, or somebody has to look


@due_outside("oncall.group")
async def keep_group(tools: Tools, it: Due) -> Outcome | Again:
    """Put whoever is on call now into it: a late one puts those in who are on call by then."""
    if tools.user_groups is None:
        return Outcome.NOOP
    group = str(it.job.args["group"])
    async with tools.unit() as work:
        people = await oncall.people_of_group(work, group)
    if not people:
        return Outcome.NOOP
    try:
        trouble = await tools.user_groups.put(group, people)
    except SlackSilent as silent:
        if it.late_by < GIVEN_UP_AFTER:
            return Again(TRIED_EVERY, str(silent))
        trouble = str(silent)
    if trouble:
        await tools.unit.run(lambda work: _say(work, str(it.job.args["rotation"]), group, trouble))
    return Outcome.DONE


async def _say(work: Work, name: str, group: str, trouble: str) -> None:
    rotation = await work.get(Rotation, name)
    if rotation is None:
        return
    context = {"rotation": rotation, "group": group, "trouble": trouble}
    # One message for this trouble, however often it comes.
    key = f"oncall.group:{group}:{trouble}"
    work.say(Message(key, oncall.channel_of(work, rotation), "monitor/group_trouble", context))
