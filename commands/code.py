"""/code: who works on what, and what holds them up."""

from bot.command import Call, Command, Reply, id_of, person, text, word
from bot.domain.changes import Change
from bot.domain.ports import Work
from bot.domain.stages import Stage
from bot.workflows import blockers, changes

command = Command("code", "Who works on what, and what holds them up", stage=Stage.CODE)


@command.verb(
    "start <change>",
    "Begin to code a change; it is yours if it was nobody's",
    examples=("C-41",),
    change=id_of("C", "the change"),
)
async def start(call: Call, work: Work) -> Reply:
    """The change moves from plan to code."""
    return Reply("code/started", {"change": await changes.start(work, call.args["change"], call.by)})


@command.verb(
    "link <change> <pr>",
    "Say which pull request carries a change",
    examples=("C-41 org/web#812", "C-41 https://github.com/org/web/pull/812"),
    change=id_of("C", "the change"),
    pr=word("the pull request: org/web#812, web#812, or its address"),
)
async def link(call: Call, work: Work) -> Reply:
    """The change and the pull request know each other."""
    change, pr = await changes.link_named(work, call.args["change"], call.args["pr"], call.by)
    return Reply("code/linked", {"change": change, "pr": pr})


@command.verb(
    "blocker <what> [on <unblocker>] [for <change>]",
    "Say what holds you up, and who can change that",
    examples=("staging database is read-only on @Mei for C-41", '"waiting for the review of #812" on @Tom'),
    what=text("what holds you up", long=True),
    unblocker=person("who can unblock you; they get a direct message"),
    change=id_of("C", "the change that it holds up"),
)
async def blocker(call: Call, work: Work) -> Reply:
    """Its card is in the code channel until somebody closes it."""
    aired = await blockers.air(
        work,
        call.args["what"],
        call.by.id,
        unblocker=call.args.get("unblocker"),
        change=call.args.get("change"),
    )
    return Reply("code/aired", {"blocker": aired})


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


@command.verb("blockers", "Everything that holds somebody up", reads_only=True)
async def blockers_(call: Call, work: Work) -> Reply:
    """Open blockers, the oldest first."""
    found = await blockers.open_ones(work)
    ids = {blocker.change_id for blocker in found if blocker.change_id}
    read = [await work.get(Change, id) for id in sorted(ids)]
    titles = {change.id: change.title for change in read if change}
    return Reply("code/blockers", {"blockers": found, "titles": titles})


command.shortcut("Report a blocker", "This message says what holds you up", verb="blocker", fills="what")
