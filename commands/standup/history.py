"""Verbs that look back at a stand-up: health, history, export, chart."""

from collections.abc import Sequence

from bot.core.command import Call, Reply, choice, past_day, text
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal, Unknown
from bot.stages.standup import health as standup_health
from bot.stages.standup import history as standup_history
from bot.stages.standup.model.history import Participation
from bot.stages.standup.setups import standup_named, standups
from bot.team.people.model.names import people_named
from commands.standup.command import command

_STANDUP = text("its name, or its id such as U-3; else every one")


@command.verb(
    "health [<standup>]",
    "How many questions of the last 30 days came in time, late, or not at all",
    examples=("", "U-3"),
    reads_only=True,
    opens_form=False,
    standup=_STANDUP,
)
async def health(call: Call, work: Work) -> Reply:
    """By stand-up, the worst first, with the days on which something was late."""
    named = call.args.get("standup")
    wanted = [await standup_named(work, named)] if named else await standups(work)
    found = [await standup_health.health_of(work, standup) for standup in wanted]
    found.sort(key=lambda each: (each.kept_percent, -each.missed))
    return Reply("standup/health", {"found": found, "is_one": bool(named)})


async def _everybody(_call: Call, tools: Tools) -> Sequence[Person]:
    return await tools.directory.people()


@command.verb(
    "history [<of>] [on <day>]",
    "What was answered: by you, by somebody, in a stand-up, or on a day",
    examples=("", "@Tom", "U-3", "U-3 on 2026-11-24"),
    reads_only=True,
    opens_form=False,
    prepare=_everybody,
    of=text("a person or a stand-up; else you"),
    day=past_day("the day it was about"),
)
async def history(call: Call, work: Work) -> Reply:
    """Words only of rounds that you were in; of a stand-up the counts of its rounds."""
    named, on = str(call.args.get("of") or "me"), call.args.get("day")
    person = _person(named, call)
    if person is not None:
        told = await standup_history.answers_of(work, person, call.by, on)
        return Reply("standup/answers", {"told": told, "person": person, "day": on, "standup": None})
    standup = await standup_named(work, named)
    if on is not None:
        told = await standup_history.day_of(work, standup, on, call.by)
        return Reply("standup/answers", {"told": told, "person": "", "day": on, "standup": standup})
    counts = await standup_history.counts_of(work, standup)
    participation = Participation.of(standup, counts)
    return Reply("standup/history", {"standup": standup, "counts": counts, "participation": participation})


@command.verb(
    "export <standup> [as <format>] [since <day>]",
    "Get the answers of a stand-up as a file, CSV or JSON",
    examples=("U-3", "U-3 as json since 2026-11-01"),
    prepare=_everybody,
    standup=text("its name, or its id such as U-3"),
    format=choice("csv", "json", about="for a spreadsheet, or for a program"),
    day=past_day("the first day; else as far back as I look"),
)
async def export(call: Call, work: Work) -> Reply:
    """By direct message; of the rounds that you were in."""
    standup = await standup_named(work, call.args["standup"])
    names = {person.id: person.name for person in call.prepared}
    kind = str(call.args.get("format") or "csv")
    count = await standup_history.export(
        work, standup, call.by, call.args.get("day"), kind, lambda id: names.get(id, id), call.key
    )
    return Reply("standup/exporting", {"standup": standup, "what": f"{count} answers, as {kind.upper()},"})


@command.verb(
    "chart <standup>",
    "See how many took part, round by round, as a picture",
    examples=("U-3",),
    standup=text("its name, or its id such as U-3"),
)
async def chart(call: Call, work: Work) -> Reply:
    """By direct message, and in words for whoever does not see it; only rounds of four people and more."""
    standup = await standup_named(work, call.args["standup"])
    await standup_history.order_chart(work, standup, call.by, call.key)
    return Reply("standup/exporting", {"standup": standup, "what": "A chart"})


def _person(named: str, call: Call) -> str | None:
    """The user id of the one person that is named; nothing where it is none, and so perhaps a stand-up."""
    members = [person for person in call.prepared if not person.is_bot]
    try:
        found = people_named(named, members, call.by)
    except Unknown:
        return None
    if len(found) > 1:
        raise Refusal("Name one person; a stand-up's answers of a day are “/standup history U-3 on …”.", field="of")
    return found[0] if found else None
