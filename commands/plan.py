"""/plan: what we intend, for what benefit, whose it is, and by when."""

from typing import Any

from bot.core.command import Answer, Call, Command, Field, Form, Reply, choice, day, id_of, person, service, text
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change, ChangeState

command = Command("plan", "What we intend, and for what benefit", stage=Stage.PLAN)

SHOWN = 5  # changes in a list before "and 12 more"
LISTED = 1_000  # of all; a message holds fewer, and says how many there are


@command.verb(
    "add <title> [goal <goal>] [for <benefit>] [in <service>] [owner <owner>] [by <due>]",
    "Plan a change; without words, a form asks for them",
    examples=(
        "Faster checkout for drop-off below 25 % owner @Ana by 31 Dec",
        '"Prices in yen" in web goal no decimals in prices and receipts',
    ),
    by_app=True,
    title=text("a few words that everybody will know it by"),
    goal=text("what it is to do", long=True),
    benefit=text("what we hope for, so that we can look later"),
    service=service("which service it is about"),
    owner=person("whose it is"),
    due=day("the day it should be live"),
)
async def add(call: Call, work: Work) -> Reply:
    """Plan a change; its card is in the plan channel."""
    args = call.args
    change = await changes.plan(
        work,
        args["title"],
        call.by,
        goal=args.get("goal"),
        benefit=args.get("benefit"),
        service=args.get("service"),
        owner_id=args.get("owner"),
        due=args.get("due"),
    )
    return Reply("plan/added", {"change": change})


@command.verb(
    "list [<which>]",
    "The changes that are on their way",
    examples=("", "mine"),
    reads_only=True,
    which=choice("mine", "all", about="only yours, or every single one"),
)
async def list_(call: Call, work: Work) -> Reply:
    """Overdue ones first, then by target date, then the newest."""
    which = call.args.get("which", "")
    where: dict[str, Any] = {"owner_id": call.by.id} if which == "mine" else {}
    most = LISTED if which == "all" else SHOWN
    shown = await work.find(Change, state=ChangeState.OPEN, first_by="due", limit=most, **where)
    held_up = {one.change_id for one in await blockers.of_changes(work, [change.id for change in shown])}
    context = {
        "changes": shown,
        "total": await work.count(Change, state=ChangeState.OPEN, **where),
        "which": which,
        "today": call.at.astimezone(call.by.tz).date(),
        "held_up": held_up,
    }
    return Reply("plan/list", context)


@command.verb(
    "show <change>",
    "Everything that was planned about a change",
    examples=("C-41",),
    reads_only=True,
    change=id_of("C", "the change"),
)
async def show(call: Call, work: Work) -> Reply:
    """The change in full, and what holds it up."""
    change = await changes.known(work, call.args["change"])
    held_up = await work.find(Blocker, state=BlockerState.OPEN, change_id=change.id, newest_first=False)
    today = call.at.astimezone(call.by.tz).date()
    return Reply("plan/show", {"change": change, "blockers": held_up, "overdue": change.is_overdue(today)})


@command.verb(
    "edit <change>",
    "Change its words, owner or target date",
    examples=("C-41",),
    change=id_of("C", "the change"),
)
async def edit(call: Call, work: Work) -> Answer:
    """A form filled with how it is; sent, it is so."""
    change = await changes.known(work, call.args["change"])
    if call.args.get("step") != "save":
        return _edit_form(change)
    edited = await changes.edit(work, change, call.by, call.args)
    return Reply("plan/edited", {"change": edited, "same": edited == change})


@command.verb(
    "done <change>",
    "Close a change that is live and finished",
    examples=("C-41",),
    change=id_of("C", "the change"),
)
async def done(call: Call, work: Work) -> Reply:
    """Its card says so from now on."""
    return await _end(call, work, ChangeState.DONE)


@command.verb(
    "drop <change>",
    "Close a change that we will not make",
    examples=("C-41",),
    change=id_of("C", "the change"),
)
async def drop(call: Call, work: Work) -> Reply:
    """Its card says so from now on."""
    return await _end(call, work, ChangeState.DROPPED)


async def _end(call: Call, work: Work, state: ChangeState) -> Reply:
    change, still_open = await changes.end(work, call.args["change"], state, call.by)
    return Reply("plan/ended", {"change": change, "blockers": still_open})


def _edit_form(change: Change) -> Form:
    of = command.verbs["add"].parameters
    fields = (
        Field("title", "Title", of["title"], change.title),
        Field("goal", "Goal", of["goal"], change.goal or None, optional=True),
        Field("benefit", "Benefit hoped for", of["benefit"], change.benefit or None, optional=True),
        Field("service", "Service", of["service"], change.service, optional=True),
        Field("owner", "Owner", of["owner"], change.owner_id, optional=True),
        Field("due", "Target date", of["due"], change.due, optional=True),
    )
    return Form(f"Edit {change.id}", fields, carry={"change": change.id, "step": "save"})


command.shortcut("Make this a change", "Plan a change whose goal is this message", verb="add", fills="goal")
