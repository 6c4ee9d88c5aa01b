"""/code ask, snooze and not-me: who is asked about a blocker, and when."""

from bot.core.command import Answer, Call, Field, Form, Reply, id_of, person, when
from bot.core.ports import Work
from bot.stages.code import blockers
from commands.code.command import command
from commands.code.unblockers import Asked, asked_by, caller


@command.verb(
    "ask <unblocker> about <blocker>",
    "Put a blocker before somebody who can change it",
    examples=("@Mei about B-7", "me about B-7"),
    prepare=asked_by,
    unblocker=person("who can unblock; they are asked directly, in their working hours"),
    blocker=id_of("B", "the blocker"),
)
async def ask(call: Call, work: Work) -> Reply:
    """Whoever was asked before need not any more."""
    asked: Asked = call.prepared
    blocker = await blockers.ask(work, call.args["blocker"], asked.person, call.by)
    return Reply("code/passed_on", {"blocker": blocker, "ask_at": asked.morning(call.at)})


@command.verb(
    "snooze <blocker> [until <when>]",
    "Not to be asked about a blocker for a while",
    examples=("B-7 until 15:00", "B-7 until Mon 09:00"),
    prepare=caller,
    blocker=id_of("B", "the blocker that you are asked about"),
    when=when("when you are asked again"),
)
async def snooze(call: Call, work: Work) -> Answer:
    """A form asks until when, if that is not said. Its lead hears of it in time all the same."""
    if "when" not in call.args:
        blocker = await blockers.known(work, call.args["blocker"])
        blocker.must_be_with(call.by.id, call.at)
        until = Field("when", "Until", when(), hint="Such as 15:00, Mon 09:00, or in 2 h, in your time zone.")
        return Form(f"Snooze {blocker.id}", (until,), submit="Snooze", carry={"blocker": blocker.id})
    mine: Asked = call.prepared
    # Outside of working hours nobody is asked, so the answer names the time that it will be.
    until_at = mine.hours.next_open(call.args["when"])
    return Reply("code/snoozed", {"blocker": await blockers.snooze(work, call.args["blocker"], call.by, until_at)})


@command.verb(
    "not-me <blocker>",
    "Hand a blocker back that you cannot change",
    examples=("B-7",),
    blocker=id_of("B", "the blocker that you are asked about"),
)
async def not_me(call: Call, work: Work) -> Reply:
    """Its owner is asked who can."""
    return Reply("code/handed_back", {"blocker": await blockers.hand_back(work, call.args["blocker"], call.by)})
