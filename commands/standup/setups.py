"""Verbs that set stand-ups up: new, edit, pause, resume, delete, list, run, preview."""

from collections.abc import Sequence

from bot.core.command import Answer, Call, Reply, text
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.stages.standup import plan_day, setups
from bot.stages.standup.model.preview import preview_of
from bot.stages.standup.model.setup import Standup
from bot.stages.standup.plan_day import Known
from bot.stages.standup.setups import standup_named
from commands.standup._setup_form import form, look_around, setup_from
from commands.standup.command import command

_STANDUP = text("its name, or its id such as U-3")


@command.verb("new", "Set up a stand-up that runs by itself", opens_form=False, prepare=look_around)
async def new(call: Call, work: Work) -> Answer:
    """A form; sent, the stand-up asks from the next day on that lies ahead of all its members."""
    if call.args.get("step") != "save":
        return form(call.prepared, None, call.channel_id)
    setup = setup_from(call.args, call.prepared, None, call.by)
    return Reply("standup/made", {"standup": await setups.make(work, setup, call.by)})


@command.verb(
    "edit <standup>",
    "Change a stand-up",
    examples=("U-3", "Web team"),
    prepare=look_around,
    standup=_STANDUP,
)
async def edit(call: Call, work: Work) -> Answer:
    """The same form, as the stand-up is now; whoever saves second is told what the first one changed."""
    standup = await standup_named(work, call.args["standup"])
    if call.args.get("step") != "save":
        return form(call.prepared, standup, call.channel_id)
    setup = setup_from(call.args, call.prepared, standup, call.by)
    edited = await setups.edit(work, standup.id, setup, call.by, int(call.args["version"]))
    return Reply("standup/edited", {"standup": edited, "is_same": edited == standup})


@command.verb("pause <standup>", "Let a stand-up ask nobody for a while", examples=("U-3",), standup=_STANDUP)
async def pause(call: Call, work: Work) -> Reply:
    """Whoever was asked already can still answer."""
    standup = await standup_named(work, call.args["standup"])
    return Reply("standup/paused", {"standup": await setups.pause(work, standup, call.by)})


@command.verb("resume <standup>", "Let a paused stand-up ask again", examples=("U-3",), standup=_STANDUP)
async def resume(call: Call, work: Work) -> Reply:
    """It asks from the next day on that lies ahead of all its members."""
    standup = await standup_named(work, call.args["standup"])
    return Reply("standup/resumed", {"standup": await setups.resume(work, standup, call.by)})


@command.verb(
    "delete <standup>", "Remove a stand-up for good", examples=("U-3",), reads_only=True, standup=_STANDUP
)
async def delete(call: Call, work: Work) -> Reply:
    """Asks first; what was answered stays."""
    return Reply("standup/delete", {"standup": await standup_named(work, call.args["standup"])})


@command.verb(
    "remove <standup>",
    "Remove a stand-up, asked and confirmed",
    hidden=True,
    also=("standup.delete",),
    standup=_STANDUP,
)
async def remove(call: Call, work: Work) -> Reply:
    """The button of the question."""
    standup = await standup_named(work, call.args["standup"])
    return Reply("standup/deleted", {"standup": await setups.delete(work, standup, call.by)})


async def _everybody(_call: Call, tools: Tools) -> Sequence[Person]:
    return await tools.directory.people()


@command.verb("list", "Which stand-ups there are", reads_only=True, prepare=_everybody)
async def list_(call: Call, work: Work) -> Reply:
    """Each with its days, its time, and how many people it asks."""
    found = await setups.standups(work)
    rows = [(standup, len(standup.setup.members(call.prepared))) for standup in found]
    return Reply("standup/list", {"rows": rows})


async def _its_members(call: Call, tools: Tools) -> Known:
    async with tools.unit() as work:
        standup = await standup_named(work, call.args["standup"])
    return await plan_day.known(tools, standup, {call.at.year, call.at.year + 1})


@command.verb(
    "run <standup>",
    "Ask everybody of a stand-up now",
    examples=("U-3",),
    prepare=_its_members,
    standup=_STANDUP,
)
async def run(call: Call, work: Work) -> Reply:
    """Whoever is away or has a holiday is left alone."""
    return Reply("standup/started", {"round": await setups.run(work, call.prepared, call.by)})


@command.verb(
    "preview <standup>",
    "When each member is asked next",
    examples=("U-3",),
    reads_only=True,
    prepare=_its_members,
    standup=_STANDUP,
)
async def preview(call: Call, work: Work) -> Reply:
    """The next five times of each, on their own clocks."""
    there: Known = call.prepared
    standup: Standup = await standup_named(work, there.standup.id)
    return Reply(
        "standup/preview", {"standup": standup, "rows": preview_of(standup.setup, there.members, work.now)}
    )
