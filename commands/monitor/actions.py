"""Verbs that do something about an alert: be on it, keep it quiet for a while."""

from bot.command import Call, Reply, id_of, text, when
from bot.domain.ports import Work
from bot.workflows import triage
from commands.monitor.declared import command

ALERT = id_of("A", "the alert, such as A-9")


@command.verb(
    "ack <alert>",
    "Say that you are on it",
    examples=("A-9",),
    alert=ALERT,
)
async def acknowledge(call: Call, work: Work) -> None:
    """The card and its thread say who is on it."""
    await triage.acknowledge(work, call.args["alert"], call.by.id)


@command.verb(
    "silence <alert> until <end> [because <reason>]",
    "Keep an alert's thread quiet until then",
    examples=("A-9 until 17:00 because the disk is being replaced",),
    alert=ALERT,
    end=when("until when"),
    reason=text("why"),
)
async def silence(call: Call, work: Work) -> Reply:
    """Quiet for a while; a loose end until then."""
    reason = call.args.get("reason", "")
    group = await triage.silence(work, call.args["alert"], call.by.id, call.args["end"], reason)
    return Reply("monitor/silence_set", {"group": group})


@command.verb(
    "unsilence <alert>",
    "End a silence early",
    examples=("A-9",),
    alert=ALERT,
)
async def unsilence(call: Call, work: Work) -> Reply:
    """Heard again."""
    return Reply("monitor/silence_lifted", {"group": await triage.unsilence(work, call.args["alert"], call.by.id)})
