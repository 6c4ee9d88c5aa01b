"""/release flag and its kin: what is hidden in the code, and who gets to see it."""

from datetime import datetime, timedelta

from bot.core.approvals import Decision
from bot.core.command import Call, Reply, choice, environment, id_of, service, text, when, who_is_here, word
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.core.typed_durations import read_length
from bot.stages.flags import cards, check_vote, flags
from bot.stages.flags.model.flag import OFF, ON, Kind, Serving
from bot.stages.flags.model.rollout import Rollout
from bot.stages.flags.model.segment import EVERYBODY, Segment, Segments, read_segment
from bot.stages.flags.model.share import WHOLE, read_share
from bot.stages.flags.places import environment_meant, known
from commands.release.command import command
from commands.release.where import flag_named, flag_there

KEY = word("which flag, by its key in the code")
ENVIRONMENT = environment("in which environment")
REQUEST = id_of("G", "the change, such as G-7")


@command.verb(
    "flag <key> [on] [off] [to <share>] [for <audience>] [in <environment>] [until <end>] [because <reason>]",
    "Show something hidden to everybody, a share of people, a segment, or nobody",
    examples=(
        "checkout_v2 on in staging",
        "checkout_v2 to 10% in production",
        "checkout_v2 on for country = DE in production",
        "checkout_v2 on for 2 h in production because the press looks at it",
        "checkout_v2 off in production",
    ),
    about=flag_there,
    key=KEY,
    share=text("what share of people, such as 10%"),
    audience=text("a segment of the team file, conditions such as “plan = pro”, or how long, such as “2 h”"),
    environment=ENVIRONMENT,
    end=when("until when; then it goes back by itself"),
    reason=text("why, for those who approve"),
)
async def flag(call: Call, work: Work) -> Reply:
    """Its card in the release channel shows before and after; it waits there for approval, as a deployment does."""
    args = call.args
    where = environment_meant(work, args.get("environment"))
    named = await known(work, args["key"])
    lasts, segment = _audience(args.get("audience"), work)
    change = await flags.change(
        work,
        named,
        where,
        _wanted(args, segment, lasts=lasts, until=args.get("end")),
        call.by,
        because=args.get("reason"),
        lasts=lasts,
        until=args.get("end"),
    )
    channel = cards.channel_of(work, change.service)
    if isinstance(change, Rollout):
        return Reply("release/rollout_ended", {"rollout": change, "channel": channel})
    return Reply("release/flag_asked", {"change": change, "channel": channel})


@command.verb(
    "flag-add <key> [as <kind>] [value <on>] [else <off>] [of <service>] [change <change>] [release <release>] "
    "[about <description>]",
    "Make a flag; it is off everywhere",
    examples=(
        "checkout_v2 of web change C-41",
        'buy_button as string value "Buy now" else "Buy"',
        "cart_limit as number value 50 else 20",
    ),
    key=word("its key, as the code asks for it"),
    kind=choice(*Kind, about="boolean, string, number or object"),
    on=text("the value where it is on"),
    off=text("the value where it is off"),
    service=service("whose code has it; alerts of this service pause its roll-out"),
    change=id_of("C", "the change that it hides"),
    release=id_of("R", "the release that it came with"),
    description=text("what is hidden behind it"),
)
async def flag_add(call: Call, work: Work) -> Reply:
    """The code may ask for it from now on."""
    args = call.args
    made = await flags.add(
        work,
        args["key"],
        call.by,
        kind=Kind(args.get("kind") or Kind.BOOLEAN),
        on=args.get("on"),
        off=args.get("off"),
        about=args.get("description"),
        service=args.get("service"),
        change=args.get("change"),
        release=args.get("release"),
    )
    return Reply("release/flag_added", {"flag": made})


@command.verb(
    "flag-retire <key>",
    "Say that the code no longer needs a flag, once it is on or off for everybody",
    examples=("checkout_v2",),
    about=flag_named,
    key=KEY,
)
async def flag_retire(call: Call, work: Work) -> Reply:
    """It is served as it is for as long as somebody asks, and leaves the lists."""
    return Reply("release/flag_retired", {"flag": await flags.retire(work, call.args["key"], call.by)})


@command.verb(
    "flags [<service>]",
    "Every flag, and who gets it where",
    examples=("", "web"),
    reads_only=True,
    opens_form=False,
    service=service("of which service; else of all"),
)
async def flags_(call: Call, work: Work) -> Reply:
    """One line a flag, with what is temporary about it."""
    found = await flags.listed(work, call.args.get("service"))
    places = sorted(work.team.environments.values(), key=lambda one: one.order)
    names = [place.name for place in places]
    rows = [(one, [(name, one.serving(name), one.places.get(name)) for name in names]) for one in found]
    return Reply("release/flags", {"rows": rows, "service": call.args.get("service")})


@command.verb(
    "flag-approve <request>",
    "Say yes to a change",
    hidden=True,
    opens_form=False,
    prepare=who_is_here,
    request=REQUEST,
)
async def flag_approve(call: Call, work: Work) -> Reply | None:
    """The card says who, and the change is in force when nothing is missing."""
    asked = await flags.known_change(work, call.args["request"])
    if why := await check_vote.fallen_away(work, asked, call.prepared):
        return Reply("release/flag_not_done", {"asked": asked, "why": why})
    await flags.decide(work, asked.id, Decision.APPROVE, call.by)
    return None


@command.verb("flag-refuse <request>", "Say no to a change", hidden=True, opens_form=False, request=REQUEST)
async def flag_refuse(call: Call, work: Work) -> None:
    """The card says who."""
    await flags.decide(work, call.args["request"], Decision.REFUSE, call.by)


@command.verb("flag-cancel <request>", "Take a request back", hidden=True, opens_form=False, request=REQUEST)
async def flag_cancel(call: Call, work: Work) -> None:
    """Nothing changes."""
    await flags.cancel(work, call.args["request"], call.by)


@command.verb("flag-back <request>", "Bring back what was before", hidden=True, opens_form=False, request=REQUEST)
async def flag_back(call: Call, work: Work) -> None:
    """At once: it was served before."""
    await flags.take_back(work, call.args["request"], call.by)


def _audience(words: str | None, work: Work) -> tuple[timedelta | None, Segment]:
    """“for 2 h” says how long, any other “for” says for whom."""
    if not words:
        return None, EVERYBODY
    lasts = read_length(words)
    return (lasts, EVERYBODY) if lasts else (None, read_segment(words, work.team.part(Segments).by_name))


def _wanted(args: object, segment: Segment, *, lasts: timedelta | None, until: datetime | None) -> Serving:
    """Who is to get it. Raises ``Refusal`` where the words say none, or two things."""
    given = dict(args) if isinstance(args, dict) else {}
    said = [name for name in ("on", "off", "share") if given.get(name)]
    if lasts and until:
        raise Refusal("Say either how long, with “for”, or until when, with “until”.", field="end")
    if len(said) > 1 or (not said and segment.is_everybody):
        raise Refusal(
            "Say one of “on”, “off”, “to 10%” and “for” a segment, such as “/release flag checkout_v2 to 10% in "
            "production”.",
            field="share",
        )
    if said == ["off"]:
        if not segment.is_everybody:
            raise Refusal(
                "“off” is for everybody. To leave some people out, say whom it is for, such as “on for country "
                "!= DE”.",
                field="audience",
            )
        return OFF
    share = read_share(given["share"]) if said == ["share"] else WHOLE
    if not share:
        return OFF
    return ON if share == WHOLE and segment.is_everybody else Serving(share, segment)
