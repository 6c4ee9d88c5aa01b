"""/monitor: what fires now, who is on it, and quiet for a while."""

from bot.command import Call, Command, Reply, id_of, text, when
from bot.domain.ports import Work
from bot.domain.stages import Stage
from bot.workflows import triage

command = Command("monitor", "Open alerts, and what to do about them", stage=Stage.MONITOR)

ALERT = id_of("A", "the alert, such as A-9")


@command.verb("", "Open alerts, the worst first", reads_only=True, opens_form=False)
async def fires(call: Call, work: Work) -> Reply:
    """Answer privately with what fires now."""
    return Reply("monitor/open", {"groups": await triage.open_groups(work)})


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
