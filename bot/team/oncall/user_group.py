"""Keeps a Slack user group so that it holds whoever is on call, as far as that is for those who arranged it to say."""

from collections.abc import Sequence
from datetime import timedelta

from bot.core.approvals import DECIDES_ON
from bot.core.group_powers import MOVING, may_change
from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Outcome
from bot.core.messages import Message
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal
from bot.team.oncall import rotations
from bot.team.oncall.model.ports import SlackSilent, UserGroups
from bot.team.oncall.model.rotation import Cover, Rotation

TRIED_EVERY = timedelta(minutes=1)
GIVEN_UP_AFTER = timedelta(hours=12)  # by then there is another hand-over, or somebody has to look


@due_outside("oncall.group")
async def keep_group(tools: Tools, it: Due) -> Outcome | Again:
    """Put whoever is on call now into it: a late one puts those in who are on call by then.

    Where the group gives a role, a cover counts only as long as whoever arranged it may change who has that role: it
    may have been arranged long before it begins, or before the group was named.
    """
    groups = tools.port_if_any(UserGroups)
    if groups is None:
        return Outcome.NOOP
    group = str(it.job.args["group"])
    async with tools.unit() as work:
        kept = [one for one in await rotations.rotations(work) if rotations.group_of(work, one) == group]
        covers = {one.id: await rotations.covers_of(work, one.id) for one in kept}
        names = await rotations.what_names(work, group)
    if not kept:
        return Outcome.NOOP
    try:
        void = [
            (one, cover)
            for one in kept
            for cover in covers[one.id]
            if names and not await _may_still(tools, one, cover)
        ]
        gone = {cover.id for _, cover in void}
        now = tools.clock.now()
        people = [one.who_at(now, [each for each in covers[one.id] if each.id not in gone]) for one in kept]
        trouble = await groups.put(group, tuple(dict.fromkeys(people)))
    except (SlackSilent, Refusal) as silent:
        if it.late_by < GIVEN_UP_AFTER:
            return Again(TRIED_EVERY, str(silent))
        void, trouble = [], str(silent)
    begun = [(one, cover) for one, cover in void if cover.holds(tools.clock.now())]
    if trouble or begun:
        await tools.unit.run(lambda work: _say(work, str(it.job.args["rotation"]), group, trouble, begun, names))
    return Outcome.DONE


async def _may_still(tools: Tools, rotation: Rotation, cover: Cover) -> bool:
    by = await tools.directory.person(cover.asked_by, not_older=DECIDES_ON)
    return may_change(tools.team, by, rotation.rota.services, *MOVING)


async def _say(
    work: Work,
    name: str,
    group: str,
    trouble: str,
    void: Sequence[tuple[Rotation, Cover]],
    names: Sequence[str],
) -> None:
    """One message for one trouble, however often it comes."""
    rotation = await work.get(Rotation, name)
    if trouble and rotation is not None:
        context = {"rotation": rotation, "group": group, "trouble": trouble}
        key = f"oncall.group:{group}:{trouble}"
        work.say(Message(key, rotations.channel_of(work, rotation), "monitor/group_trouble", context))
    for one, cover in void:
        told = {"rotation": one, "group": group, "cover": cover, "names": names}
        rotations.record(work, one, "cover_kept_out", cover=cover.id, group=group)
        key = f"oncall.group:{group}:{cover.id}"
        work.say(Message(key, rotations.channel_of(work, one), "monitor/group_kept", told))
