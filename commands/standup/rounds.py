"""Verbs of one round: start, answer, skip, close."""

from collections.abc import Sequence

from bot.command import Answer, Call, Field, Form, Reply, id_of, person, text, word
from bot.domain.naming import who_is_asked
from bot.domain.people import Person
from bot.domain.ports import Tools, Work
from bot.domain.standups import Lines, Round
from bot.workflows import standups
from commands.standup.declared import command


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
    return Reply("standup/started", {"round": await standups.start(work, where, asked, call.by)})


@command.verb(
    "answer [<round>]",
    "Say what you did, what is next, and what holds you up",
    examples=("", "S-12"),
    opens_form=False,
    round=id_of("S", "the stand-up; else the open one that waits for you"),
)
async def answer(call: Call, work: Work) -> Answer:
    """A form, filled with what you said last; sent again, it edits the answer."""
    if call.args.get("step") != "save":
        round = await standups.round_for(work, call.args.get("round"), call.by.id)
        return await _form(work, round, call.by.id)
    lines = Lines(*(call.args.get(name) or "" for name in ("since", "next", "blocked")))
    given = await standups.answer(work, call.args["round"], call.by, lines, call.args.get("unblocker"))
    return Reply("standup/thanks", {"answer": given})


@command.verb(
    "skip [<round>]",
    "Pass today",
    opens_form=False,
    round=id_of("S", "the stand-up; else the open one that waits for you"),
)
async def skip(call: Call, work: Work) -> Reply:
    """The round no longer waits for you."""
    round = await standups.round_for(work, call.args.get("round"), call.by.id)
    return Reply("standup/skipped", {"round": await standups.skip(work, round.id, call.by)})


@command.verb(
    "close [<round>]",
    "End a round before its time",
    examples=("S-12",),
    opens_form=False,
    round=id_of("S", "the stand-up; else the one that is open"),
)
async def close(call: Call, work: Work) -> Reply:
    """The digest is posted now; late answers are still taken."""
    round = await standups.round_for(work, call.args.get("round"), call.by.id)
    return Reply("standup/closed", {"round": await standups.close(work, round.id, call.by)})


async def _form(work: Work, round: Round, user_id: str) -> Form:
    filled, unblocker = await standups.draft(work, round, user_id)
    fields = (
        Field("since", "Since last time", text(long=True), filled.since or None, optional=True),
        Field("next", "Next", text(long=True), filled.next or None, optional=True),
        Field("blocked", "Blocked by", text(long=True), filled.blocked or None, optional=True),
        Field("unblocker", "Who can unblock you", person(), unblocker, optional=True),
    )
    intro = Reply("standup/intro", {"round": round})
    return Form("Stand-up", fields, submit="Answer", carry={"round": round.id, "step": "save"}, intro=intro)


def _channel(name: str) -> str:
    """``#name`` of a name, an id as it is."""
    bare = name.lstrip("#").rstrip(",;")
    is_id = len(bare) > 8 and bare[0] in "CG" and bare.isalnum() and bare.isupper()
    return bare if is_id else f"#{bare.lower()}"
