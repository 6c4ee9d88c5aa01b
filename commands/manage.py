"""/manage: what people say about what is live, and what we make of it."""

from bot.core import text_limits
from bot.core.command import Answer, Call, Command, Field, Form, Reply, day, id_of, person, service, text
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.deploy import overviews
from bot.stages.manage import feedback as manage_feedback
from bot.stages.manage.model.feedback import Feedback, Remark

command = Command("manage", "What people say about what is live", stage=Stage.MANAGE)

SHOWN = 5  # remarks in a list before "and 12 more"


@command.verb(
    "concern <text> [about <service>]",
    "Say what worries you before it is an incident",
    examples=("the nightly export takes twice as long since Monday about payments",),
    by_app=True,
    text=text("what worries you", long=True),
    service=service("which service it is about"),
)
async def concern(call: Call, work: Work) -> Reply:
    """Its card is in the manage channel until something comes of it."""
    raised = await manage_feedback.raise_concern(work, call.args["text"], call.by, service=call.args.get("service"))
    return Reply("manage/filed", {"remark": raised})


@command.verb(
    "feedback <text> [about <service>] [from <whom>]",
    "File what somebody thinks of what we made",
    examples=('"checkout is quicker now" about web from a shop in Osaka',),
    by_app=True,
    text=text("what they said", long=True),
    service=service("which service it is about"),
    whom=text("who said it"),
)
async def feedback(call: Call, work: Work) -> Reply:
    """Its card is in the manage channel until something comes of it."""
    args = call.args
    filed = await manage_feedback.file_feedback(
        work, args["text"], call.by, service=args.get("service"), from_whom=args.get("whom")
    )
    return Reply("manage/filed", {"remark": filed})


@command.verb(
    "list [<service>] [all]",
    "Concerns and feedback of which nothing has come yet",
    examples=("", "web", "web all"),
    reads_only=True,
    service=service("only of this service"),
)
async def list_(call: Call, work: Work) -> Reply:
    """Concerns first, then feedback, each the oldest first."""
    service = call.args.get("service")
    found = await manage_feedback.open_ones(work, service)
    shown = found if call.args.get("all") else found[:SHOWN]
    return Reply("manage/list", {"remarks": shown, "total": len(found), "service": service})


@command.verb(
    "delivery [<service>]",
    "How often we deploy, how long a commit waits, how often it breaks something, how long until it works again",
    examples=("", "web"),
    reads_only=True,
    opens_form=False,
    service=service("only of this service"),
)
async def delivery(call: Call, work: Work) -> Reply:
    """Of the last thirty days; about nobody in particular."""
    only = call.args.get("service")
    return Reply("manage/delivery", {"delivery": await overviews.delivery_of(work, only), "service": only})


@command.verb(
    "close <id> [because <reason>]",
    "Close a concern or feedback with nothing more to do",
    examples=("F-12", "N-3 because the new disks solved it"),
    id=id_of("", "such as F-12 or N-3"),
    reason=text("why nothing more is to be done"),
)
async def close(call: Call, work: Work) -> Reply:
    """Its card says so from now on."""
    return Reply(
        "manage/closed",
        {"remark": await manage_feedback.close(work, call.args["id"], call.by, call.args.get("reason"))},
    )


@command.verb(
    "change <id>",
    "Plan a change that answers a concern or feedback",
    examples=("F-12",),
    also=("plan.add",),
    id=id_of("", "such as F-12 or N-3"),
)
async def change(call: Call, work: Work) -> Answer:
    """A form that begins with the remark's words; sent, a change is planned and the two are linked."""
    remark = await manage_feedback.known(work, call.args["id"])
    if call.args.get("step") == "save":
        made = await manage_feedback.make_change(work, remark.id, call.by, call.args)
        return Reply("manage/planned", {"change": made, "remark": remark})
    remark.must_be_open(call.at)
    return _change_form(remark)


def _change_form(remark: Remark) -> Form:
    from_whom = remark.from_whom if isinstance(remark, Feedback) else ""
    fields = (
        Field("title", "Title", text(), text_limits.first_line(remark.text, 80)),
        Field("goal", "Goal", text(long=True), remark.text, optional=True),
        Field(
            "benefit",
            "Benefit hoped for",
            text(),
            f"asked for by {from_whom}" if from_whom else None,
            optional=True,
        ),
        Field("owner", "Owner", person(), optional=True),
        Field("due", "Target date", day(), optional=True),
    )
    return Form(f"Change for {remark.id}", fields, submit="Plan", carry={"id": remark.id, "step": "save"})


command.shortcut("File as feedback", "This message says what somebody thinks", verb="feedback", fills="text")
