"""/code blocker, unblock, reopen and blockers: what holds people up."""

from bot.core.command import Call, Door, Reply, id_of, person, text
from bot.core.ports import Work
from bot.stages.code import blockers
from bot.stages.code.blocker_links import must_still_wait
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change
from bot.team.people.model.working_hours import must_be_askable
from commands.code.command import command
from commands.code.unblockers import Asked, asked_by


@command.verb(
    "blocker <what> [on <unblocker>] [for <change>]",
    "Say what holds you up, and who can change that",
    examples=("staging database is read-only on @Mei for C-41", '"waiting for the review of #812" on @Tom'),
    prepare=asked_by,
    by_app=True,
    what=text("what holds you up; name the pull request, alert (A-9) or approval (D-12) you wait for", long=True),
    unblocker=person("who can unblock you; they are asked directly, in their working hours"),
    change=id_of("C", "the change that it holds up"),
)
async def blocker(call: Call, work: Work) -> Reply:
    """Its card is in the code channel until somebody closes it, or what it waits for has moved."""
    asked: Asked | None = call.prepared
    if asked:
        must_be_askable(asked.person, call.by.id)
    named = await changes.known(work, call.args["change"]) if "change" in call.args else None
    await must_still_wait(work, call.args["what"], named)
    told = call.on if call.door in (Door.FORM, Door.MENTION) else None
    aired = await blockers.air(
        work,
        call.args["what"],
        call.by.id,
        unblocker=asked.person.id if asked else None,
        change=named.id if named else None,
        said_in=(told.channel_id, told.ts) if told else None,
    )
    return Reply("code/aired", {"blocker": aired, "ask_at": asked.morning(call.at) if asked else None})


@command.verb(
    "unblock <blocker> [because <how>]",
    "Close a blocker",
    examples=("B-7", "B-7 because Mei made staging writable again"),
    blocker=id_of("B", "the blocker"),
    how=text("what made an end of it"),
)
async def unblock(call: Call, work: Work) -> Reply:
    """Its card says so, and whoever was held up is told."""
    closed = await blockers.close(work, call.args["blocker"], call.by, call.args.get("how"))
    return Reply("code/unblocked", {"blocker": closed, "age": closed.age(call.at)})


@command.verb(
    "reopen <blocker>",
    "Open a blocker again that was closed by mistake, within a day",
    examples=("B-7",),
    blocker=id_of("B", "the blocker"),
)
async def reopen(call: Call, work: Work) -> Reply:
    """Its messages say so, and it is asked about again as before."""
    return Reply("code/reopened", {"blocker": await blockers.reopen(work, call.args["blocker"], call.by)})


@command.verb("blockers", "Everything that holds somebody up, and how long that takes", reads_only=True)
async def blockers_(call: Call, work: Work) -> Reply:
    """Open blockers, the oldest first; and how long blockers of each team took of late."""
    found = await blockers.open_ones(work)
    ids = {blocker.change_id for blocker in found if blocker.change_id}
    read = [await work.get(Change, id) for id in sorted(ids)]
    titles = {change.id: change.title for change in read if change}
    return Reply("code/blockers", {"blockers": found, "titles": titles, "times": await blockers.times(work)})


command.shortcut("Report a blocker", "This message says what holds you up", verb="blocker", fills="what")
