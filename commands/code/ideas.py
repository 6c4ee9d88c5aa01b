"""/code idea, ideas, vote, promote and drop: what people would do, and what becomes of it."""

from bot.core.command import Call, Reply, id_of, text
from bot.core.ports import Work
from bot.stages.code import ideas
from commands.code.command import command


@command.verb(
    "idea <text>",
    "Share an idea; others vote for it and discuss it in its thread",
    examples=("cache the price list for a minute",),
    by_app=True,
    text=text("what you would do, and what it would bring", long=True),
)
async def idea(call: Call, work: Work) -> Reply:
    """Its card is in the code channel until something becomes of it."""
    return Reply("code/shared", {"idea": await ideas.share(work, call.args["text"], call.by)})


@command.verb("ideas", "Open ideas: most votes first, then the oldest", reads_only=True)
async def ideas_(call: Call, work: Work) -> Reply:
    """Each with its votes and its age."""
    return Reply("code/ideas", {"ideas": await ideas.open_ones(work)})


@command.verb(
    "vote <idea>",
    "Say that an idea is good, or take that back",
    examples=("I-3",),
    idea=id_of("I", "the idea"),
)
async def vote(call: Call, work: Work) -> Reply:
    """Its card shows how many do, and never who."""
    voted = await ideas.vote(work, call.args["idea"], call.by)
    return Reply("code/voted", {"idea": voted, "yours": voted.has_vote_of(call.by.id)})


@command.verb(
    "promote <idea> [as <title>]",
    "Make an idea a change",
    examples=("I-3", "I-3 as Cache the price list"),
    also=("plan.add",),
    idea=id_of("I", "the idea"),
    title=text("what the change is called; the idea's first line where you say nothing"),
)
async def promote(call: Call, work: Work) -> Reply:
    """A change is planned, and the two are linked."""
    promoted, change = await ideas.promote(work, call.args["idea"], call.by, call.args.get("title"))
    return Reply("code/promoted", {"idea": promoted, "change": change})


@command.verb(
    "drop <idea> because <reason>",
    "Close an idea, and say why",
    examples=("I-3 because prices change every few seconds",),
    idea=id_of("I", "the idea"),
    reason=text("why nothing becomes of it"),
)
async def drop(call: Call, work: Work) -> Reply:
    """Its card and its thread say so."""
    return Reply("code/dropped", {"idea": await ideas.close(work, call.args["idea"], call.by, call.args["reason"])})
