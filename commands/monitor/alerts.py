"""Verbs that do something about an alert: be on it, hand it on, resolve it, note something, link it."""

from bot.core.command import Call, Reply, id_of, person, text, when
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.stages.monitor import act
from commands.monitor.command import command
from commands.monitor.which_alert import alert_meant, alert_of

ALERT = id_of("A", "the alert, such as A-9; in its thread it need not be named")


@command.verb(
    "ack [<alert>] [for <length>]",
    "Say that you are on it, for an hour if you do not say how long",
    examples=("A-9", "A-9 for 2 h"),
    opens_form=False,
    about=alert_meant,
    alert=ALERT,
    length=when("how long you will be on it, such as 2 h"),
)
async def acknowledge(call: Call, work: Work) -> None:
    """The card and its thread say who is on it."""
    await act.acknowledge(work, await alert_of(call, work), call.by, call.args.get("length"))


@command.verb(
    "unack [<alert>]", "Say that you are not on it any more", opens_form=False, about=alert_meant, alert=ALERT
)
async def release(call: Call, work: Work) -> None:
    """Its escalation begins anew."""
    await act.release(work, await alert_of(call, work), call.by)


async def _person(call: Call, tools: Tools) -> Person:
    return await tools.directory.person(call.args["person"])


@command.verb(
    "assign [<alert>] to <person> [for <length>]",
    "Put somebody on an alert",
    examples=("A-9 to @Mei", "A-9 to me for 2 h"),
    prepare=_person,
    about=alert_meant,
    alert=ALERT,
    person=person("who is to be on it; they are called in its thread"),
    length=when("how long, such as 2 h"),
)
async def assign(call: Call, work: Work) -> None:
    """The card says who, and the thread calls them."""
    group_id = await alert_of(call, work)
    await act.assign(work, group_id, call.prepared, call.by, call.args.get("length"))


@command.verb(
    "resolve [<alert>] [because <note>]",
    "Resolve an alert by hand",
    examples=("A-9", "A-9 because the disk was replaced"),
    opens_form=False,
    about=alert_meant,
    alert=ALERT,
    note=text("what you found; it is kept in the thread"),
)
async def resolve(call: Call, work: Work) -> None:
    """Until its source says that it began anew."""
    await act.close(work, await alert_of(call, work), call.by, call.args.get("note", ""))


@command.verb(
    "note [<alert>] <words>",
    "Keep something in an alert's thread",
    examples=("A-9 the replica is behind by 4 min",),
    about=alert_meant,
    alert=ALERT,
    words=text("what is worth knowing", long=True),
)
async def note(call: Call, work: Work) -> None:
    """For whoever comes next."""
    await act.note(work, await alert_of(call, work), call.by, call.args["words"])


@command.verb(
    "link [<alert>] to <change>",
    "Say that an alert belongs to a change",
    examples=("A-9 to C-41",),
    about=alert_meant,
    alert=ALERT,
    change=id_of("C", "the change, such as C-41"),
)
async def link(call: Call, work: Work) -> Reply:
    """The passport of either names the other."""
    group_id = await alert_of(call, work)
    group, change = await act.link(work, group_id, call.args["change"], call.by)
    return Reply("monitor/link_made", {"group": group, "change": change})
