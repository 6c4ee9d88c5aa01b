"""Verbs about silences: until when the caller says, after seeing what else they would mute."""

from collections.abc import Sequence
from hashlib import sha256

from bot.core.command import Answer, Call, Door, Field, Form, Place, Reply, id_of, text, when, word
from bot.core.ports import Work
from bot.stages.flow import authorise
from bot.stages.monitor import cards, silences
from bot.stages.monitor.model import matchers
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.matchers import Matcher, written
from commands.monitor.alerts import ALERT
from commands.monitor.command import command
from commands.monitor.which_alert import alert_of

NAMED = word("the silence or its alert, such as Q-3 or A-9")


async def _muted(call: Call, work: Work) -> Sequence[Place]:
    """Where the alert fires; once it is silenced, also where all those fire that would be muted with it."""
    group = await cards.find(work, await alert_of(call, work))
    if not _is_settled(call, chosen := _chosen(call, group)):
        return await authorise.of_alert(work, group.id)  # a form follows, in which the labels can be narrowed
    return await authorise.of_muted(work, group, chosen)


async def _silence_named(call: Call, work: Work) -> Sequence[Place]:
    return await authorise.of_silence(work, call.args["silence"])


async def _silence_of_alert(call: Call, work: Work) -> Sequence[Place]:
    """Where all those alerts fire that its silence mutes; that of the alert, where it has none."""
    group = await cards.find(work, await alert_of(call, work))
    return await (authorise.of_silence if group.silence_id else authorise.of_alert)(work, group.id)


@command.verb(
    "silence [<alert>] [until <end>] [because <reason>]",
    "Keep an alert quiet until then; a form shows first what else would be muted",
    examples=("A-9 until 17:00 because the disk is being replaced", "A-9 until Mon 09:00"),
    opens_form=False,
    about=_muted,
    alert=ALERT,
    end=when("until when"),
    reason=text("why"),
)
async def silence(call: Call, work: Work) -> Answer:
    """Quiet for a while; a loose end until then. Nothing else is muted that the caller has not been shown."""
    args = call.args
    group = await cards.find(work, await alert_of(call, work))
    chosen = _chosen(call, group)
    if not _is_settled(call, chosen):
        also = await silences.reach(work, group, chosen)
        if "end" not in args or also:
            return _form(call, group, chosen, also)
    kept = await silences.place(work, group.id, call.by, args["end"], args.get("reason") or "", chosen)
    return Reply("monitor/silence_set", {"group": group, "silence": kept})


@command.verb(
    "unsilence [<alert>]",
    "End a silence early, also in Alertmanager",
    examples=("A-9",),
    opens_form=False,
    about=_silence_of_alert,
    alert=ALERT,
)
async def unsilence(call: Call, work: Work) -> Reply:
    """Heard again."""
    group_id = await alert_of(call, work)
    lifted = await silences.lift(work, group_id, call.by)
    return Reply("monitor/silence_lifted", {"silence": lifted, "group": await cards.find(work, group_id)})


@command.verb(
    "extend <silence> [until <end>]",
    "Move the end of a silence, by an hour if you name none",
    examples=("Q-3", "A-9 until 18:00"),
    about=_silence_named,
    also=("monitor.silence",),
    silence=NAMED,
    end=when("until when"),
)
async def extend(call: Call, work: Work) -> Reply:
    """Its cards say the new end."""
    longer = await silences.extend(work, call.args["silence"], call.by, call.args.get("end"))
    return Reply("monitor/silence_extended", {"silence": longer})


@command.verb(
    "end-silence <silence>",
    "End a silence",
    hidden=True,
    opens_form=False,
    also=("monitor.unsilence",),
    silence=id_of("Q"),
)
async def end_silence(call: Call, work: Work) -> None:
    """The button of its card."""
    await silences.lift(work, call.args["silence"], call.by)


@command.verb(
    "let-end <silence>",
    "Let a silence end at its time",
    hidden=True,
    opens_form=False,
    silence=id_of("Q"),
)
async def let_end(call: Call, work: Work) -> None:
    """The button of the question before its end."""
    await silences.let_end(work, call.args["silence"])


def _chosen(call: Call, group: AlertGroup) -> tuple[Matcher, ...]:
    """The labels of a form; else what all alerts of the group have in common."""
    written_down = call.args.get("matchers")
    return matchers.read(written_down) if written_down else silences.matchers_of(group)


def _is_settled(call: Call, chosen: tuple[Matcher, ...]) -> bool:
    """Whether the silence is placed as it is: its caller has seen what it mutes.

    Slack opens no form from a mention; there the thread tells what else is muted, and has the button.
    """
    return "end" in call.args and (call.door is Door.MENTION or _name(chosen) == call.args.get("shown"))


def _form(call: Call, group: AlertGroup, chosen: tuple[Matcher, ...], also: silences.Reach) -> Form:
    group.must_fire("there is nothing to silence")
    until = Field(
        "end", "Until", when(), call.args.get("end"), hint="Such as 17:00, Mon 09:00, or 2 h, in your time zone."
    )
    because = Field("reason", "Why", text(), call.args.get("reason"), optional=True)
    labels = Field(
        "matchers",
        "Which alerts",
        text(long=True),
        "\n".join(map(str, chosen)),
        hint='One a line, as Alertmanager writes them: service="web", severity=~"a|b".',
    )
    return Form(
        f"Silence {group.id}",
        (until, because, labels),
        submit="Silence",
        carry={"alert": group.id, "shown": _name(chosen)},
        intro=Reply("monitor/silence_reach", {"group": group, "also": also}),
    )


def _name(chosen: tuple[Matcher, ...]) -> str:
    """Names what was shown, in what the form carries."""
    return sha256(written(chosen).encode()).hexdigest()[:16]
