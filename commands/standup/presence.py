"""Verbs by which people say when they are there: zone, away, back, holidays, workdays."""

from datetime import date

from bot.core.command import Call, Reply, day, text, word
from bot.core.ports import Tools, Work
from bot.core.wall_clock import days_named, days_shown
from bot.core.zones import zone_named
from bot.stages.standup.model.preview import Local
from bot.team.people import presence as people_presence
from bot.team.people.model.ports import Holidays
from bot.team.people.model.presence import NOWHERE, Place
from commands.standup.command import command

FOLLOWS_SLACK = frozenset({"slack", "from slack", "default", "reset", "none"})
NO_HOLIDAYS = frozenset({"none", "no", "off", "nowhere"})
NO_LOGIN = frozenset({"none", "nobody", "-"})


@command.verb(
    "zone [<zone>]",
    "In which time zone you are asked",
    examples=("", "Europe/Berlin", "slack"),
    opens_form=False,
    zone=text("a zone or its city; “slack” follows what Slack knows of you"),
)
async def zone(call: Call, work: Work) -> Reply:
    """Your own choice goes before what Slack knows."""
    named = (call.args.get("zone") or "").strip()
    if named:
        chosen = "" if named.casefold() in FOLLOWS_SLACK else zone_named(named)
        presence = await people_presence.live_in(work, call.by, chosen)
    else:
        presence = await people_presence.presence_of(work, call.by.id)
    now_there = Local.of(work.now, presence.zone_of(call.by))
    context = {"presence": presence, "zone": presence.zone_of(call.by), "now": now_there}
    return Reply("standup/zone", context)


@command.verb("zone-right <zone>", "Say that Slack has you in the right zone", hidden=True, zone=word())
async def zone_right(call: Call, work: Work) -> None:
    """The button of the question whether you have moved."""
    await people_presence.confirm(work, call.by, zone_named(call.args["zone"]))


@command.verb(
    "away until <day> [because <reason>]",
    "Not to be asked until you are back",
    examples=("until Monday because leave", "until 2027-01-04"),
    day=day("the day on which you are back"),
    reason=text("shown beside your name while you are away"),
)
async def away(call: Call, work: Work) -> Reply:
    """Stand-ups leave you alone, and say that you are away."""
    back_on: date = call.args["day"]
    return Reply(
        "standup/away",
        {"presence": await people_presence.leave(work, call.by, back_on, call.args.get("reason") or "")},
    )


@command.verb("back", "Be asked again, before your leave ends", opens_form=False)
async def back(call: Call, work: Work) -> Reply:
    """From your next stand-up on."""
    await people_presence.come_back(work, call.by)
    return Reply("standup/back", {})


async def _place(call: Call, tools: Tools) -> Place:
    named = str(call.args["country"]).strip()
    return NOWHERE if named.casefold() in NO_HOLIDAYS else await tools.port(Holidays).place(named)


@command.verb(
    "holidays <country>",
    "On whose public holidays you are not asked",
    examples=("DE-BY", "Japan", "none"),
    prepare=_place,
    country=text("a country or its code, perhaps with a part of it: US-CA; “none” for none"),
)
async def holidays(call: Call, work: Work) -> Reply:
    """Your own choice goes before that of the stand-up."""
    presence = await people_presence.take_holidays(work, call.by, call.prepared)
    return Reply("standup/holidays", {"place": str(presence.place)})


@command.verb(
    "workdays <days>",
    "On which days of the week you work",
    examples=("Mon-Thu", "every day"),
    days=text("such as Mon-Thu; “every day” for whenever a stand-up asks"),
)
async def workdays(call: Call, work: Work) -> Reply:
    """On other days stand-ups leave you alone."""
    presence = await people_presence.work_on(work, call.by, days_named(call.args["days"]))
    return Reply("standup/workdays", {"days": days_shown(presence.weekdays or tuple(range(7)))})


@command.verb(
    "i-am <login>",
    "Say who you are on the code host, so that stand-ups know what you merged and reviewed",
    examples=("ana-dev", "none"),
    login=word("your login; “none” takes it back"),
)
async def i_am(call: Call, work: Work) -> Reply:
    """Your own word goes after the team file's."""
    login = str(call.args["login"])
    presence = await people_presence.be_on_code_host(work, call.by, "" if login.casefold() in NO_LOGIN else login)
    return Reply("standup/i_am", {"login": presence.github_login})
