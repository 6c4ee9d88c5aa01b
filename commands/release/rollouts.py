"""/release roll-out: a flag reaches more people step by step, and stops where an alert fires."""

from bot.core.approvals import Decision
from bot.core.command import Call, Reply, environment, id_of, text, who_is_here, word
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.core.typed_durations import read_length
from bot.stages.flags import cards, check_vote, rollouts
from bot.stages.flags.model.rollout import SOAK, STEPS
from bot.stages.flags.model.segment import EVERYBODY, Segments, read_segment
from bot.stages.flags.model.share import read_steps
from bot.stages.flags.places import environment_meant, known
from commands.release.command import command
from commands.release.where import flag_there, rollout_named

ROLLOUT = id_of("P", "the roll-out, such as P-2")


@command.verb(
    "roll-out <key> [by <steps>] [every <soak>] [for <audience>] [in <environment>]",
    "Show something hidden to more and more people: 1%, 10%, 50%, 100%, an hour apart",
    examples=(
        "checkout_v2 in production",
        "checkout_v2 by 5%, 25%, 100% every 30 min in production",
    ),
    about=flag_there,
    key=word("which flag, by its key in the code"),
    steps=text("the shares, rising, such as “5%, 25%, 100%”"),
    soak=text("how long each of them is watched, such as “30 min”"),
    audience=text("a segment of the team file, or conditions such as “plan = pro”; else everybody"),
    environment=environment("in which environment"),
)
async def roll_out_(call: Call, work: Work) -> Reply:
    """One approval for the whole plan; an alert of the flag's service pauses it, and a person says how it goes on."""
    args = call.args
    where = environment_meant(work, args.get("environment"))
    flag = await known(work, args["key"])
    audience = args.get("audience")
    soak = read_length(args["soak"]) if args.get("soak") else SOAK
    if soak is None:
        raise Refusal(f"“{args['soak'][:40]}” is no length of time. Write it like 30 min or 2 h.", field="soak")
    plan = await rollouts.ask(
        work,
        flag,
        where,
        call.by,
        steps=read_steps(args["steps"]) if args.get("steps") else STEPS,
        soak=soak,
        segment=read_segment(audience, work.team.part(Segments).by_name) if audience else EVERYBODY,
    )
    return Reply("release/rollout_asked", {"rollout": plan, "channel": cards.channel_of(work, plan.service)})


@command.verb(
    "roll-out-approve <rollout>",
    "Say yes to a roll-out",
    hidden=True,
    opens_form=False,
    prepare=who_is_here,
    about=rollout_named,
    rollout=ROLLOUT,
)
async def approve(call: Call, work: Work) -> Reply | None:
    """The first step is taken when nothing is missing."""
    plan = await rollouts.known_rollout(work, call.args["rollout"])
    if why := await check_vote.fallen_away(work, plan, call.prepared):
        return Reply("release/flag_not_done", {"asked": plan, "why": why})
    await rollouts.decide(work, plan.id, Decision.APPROVE, call.by)
    return None


@command.verb(
    "roll-out-refuse <rollout>",
    "Say no to a roll-out",
    hidden=True,
    opens_form=False,
    about=rollout_named,
    rollout=ROLLOUT,
)
async def refuse(call: Call, work: Work) -> None:
    """The card says who."""
    await rollouts.decide(work, call.args["rollout"], Decision.REFUSE, call.by)


@command.verb(
    "roll-out-cancel <rollout>",
    "Take a plan back",
    hidden=True,
    opens_form=False,
    about=rollout_named,
    rollout=ROLLOUT,
)
async def cancel(call: Call, work: Work) -> None:
    """Nothing changes."""
    await rollouts.cancel(work, call.args["rollout"], call.by)


@command.verb(
    "roll-out-pause <rollout>",
    "Stand still for now",
    hidden=True,
    opens_form=False,
    about=rollout_named,
    rollout=ROLLOUT,
)
async def pause(call: Call, work: Work) -> None:
    """Whoever has the flag keeps it."""
    await rollouts.pause(work, call.args["rollout"], call.by)


@command.verb(
    "roll-out-resume <rollout>", "Go on", hidden=True, opens_form=False, about=rollout_named, rollout=ROLLOUT
)
async def resume(call: Call, work: Work) -> None:
    """The step that was taken last is watched anew; what fires now pauses it no more."""
    await rollouts.resume(work, call.args["rollout"], call.by)


@command.verb(
    "roll-out-revert <rollout>",
    "Bring back what was before",
    hidden=True,
    opens_form=False,
    about=rollout_named,
    rollout=ROLLOUT,
)
async def revert(call: Call, work: Work) -> None:
    """At once, and the plan is over."""
    await rollouts.revert(work, call.args["rollout"], call.by)
