"""Verbs of a round as a whole: start, close."""

from collections.abc import Sequence

from bot.core.command import Call, Reply, id_of, text, word
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.stages.standup import answers, undelivered
from bot.team.people.model.names import who_is_asked
from commands.standup.command import command


async def _everybody(_call: Call, tools: Tools) -> Sequence[Person]:
    return await tools.directory.people()


@command.verb(
    "start [<channel>] [with <people>]",
    "Ask everybody now, and gather the answers in a channel",
    examples=("", "#team-web with @Ana, @Tom and @Mei"),
    opens_form=False,
    prepare=_everybody,
    channel=word("where the answers go; else the team's stand-up channel"),
    people=text("who is asked; else the role “standup” of the team file, else everybody"),
)
async def start(call: Call, work: Work) -> Reply:
    """Everybody gets a direct message; the channel gets one that fills up."""
    channel = call.args.get("channel")
    where = _channel(channel) if channel else work.team.channel_for("standup")
    asked = who_is_asked(call.prepared, work.team, call.by, call.args.get("people"))
    return Reply("standup/started", {"round": await answers.start(work, where, asked, call.by)})


@command.verb(
    "close [<round>]",
    "End a round before its time",
    examples=("S-12",),
    opens_form=False,
    round=id_of("S", "the stand-up; else the one that is open"),
)
async def close(call: Call, work: Work) -> Reply:
    """The digest is posted now; late answers are still taken."""
    round = await answers.round_for(work, call.args.get("round"), call.by.id)
    return Reply("standup/closed", {"round": await answers.close(work, round.id, call.by)})


@command.verb(
    "repost <round>",
    "Try again to post a round in its channel",
    opens_form=False,
    hidden=True,
    round=id_of("S", "the stand-up"),
)
async def repost(call: Call, work: Work) -> Reply:
    """After the bot was invited, or the channel unarchived."""
    return Reply("standup/reposted", {"round": await undelivered.say_again(work, call.args["round"], call.by)})


def _channel(name: str) -> str:
    """``#name`` of a name, an id as it is."""
    bare = name.lstrip("#").rstrip(",;")
    is_id = len(bare) > 8 and bare[0] in "CG" and bare.isalnum() and bare.isupper()
    return bare if is_id else f"#{bare.lower()}"
