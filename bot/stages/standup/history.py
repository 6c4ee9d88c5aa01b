"""Looks back at what was answered: counts of a stand-up, words of a person or a day, files and a chart of them."""

from collections.abc import Callable
from datetime import date, timedelta

from bot.core.find_or_refuse import every, looking_back
from bot.core.handlers import due_outside
from bot.core.jobs import Due, Job, Outcome
from bot.core.messages import FILE_MAX, File
from bot.core.people import Person
from bot.core.ports import Charts, Tools, Work
from bot.core.refusals import Refusal
from bot.stages.standup.health import rounds_since
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.history import GROUP_MIN, Count, Participation, Told, may_read
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Standup
from bot.stages.standup.model.tables import as_csv, as_json, rows_of

CHART = "standup.chart"
SHOWN = 20  # rounds, or answers, of a list
CHARTED = 400  # rounds of a stand-up
AHEAD = timedelta(days=2)  # a day begins earlier elsewhere, so its first answer may be a day older


async def counts_of(work: Work, standup: Standup, limit: int = SHOWN) -> list[Count]:
    """How many answered in each of its newest rounds, the newest first."""
    found: list[Count] = []
    for round in await work.find(Round, standup_id=standup.id, limit=limit):
        answered = await work.count(StandupAnswer, round_id=round.id, skipped=False)
        skipped = await work.count(StandupAnswer, round_id=round.id, skipped=True)
        found.append(Count(round, answered, skipped))
    return found


async def answers_of(work: Work, person_id: str, reader: Person, day: date | None = None) -> list[Told]:
    """What somebody answered lately, the newest first, as far as the reader was in the same rounds."""
    told: list[Told] = []
    async for answer in looking_back(work, StandupAnswer, user_id=person_id):
        if day and answer.at.date() < day - AHEAD:
            break
        round = await work.get(Round, answer.round_id)
        if round is None or (day and round.day != day) or not await _may_read(work, round, reader):
            continue
        told.append(Told(round, answer))
        if len(told) == SHOWN:
            break
    return told


async def day_of(work: Work, standup: Standup, day: date, reader: Person) -> list[Told]:
    """What was answered in a stand-up's rounds of a day. Raises ``Refusal`` where the reader was in none of them."""
    rounds = await rounds_since(work, standup, day)
    return await _told(work, standup, [round for round in rounds if round.day == day], reader)


async def export(
    work: Work,
    standup: Standup,
    reader: Person,
    since: date | None,
    as_: str,
    name_of: Callable[[str], str],
    key: str,
) -> int:
    """Send the reader a file of what was answered in rounds that they were in; gives how many answers.

    ``key`` names the request for ever. Raises ``Refusal`` where there is nothing for them, or too much.
    """
    rounds = await rounds_since(work, standup, since) if since else await every(work, Round, standup_id=standup.id)
    told = await _told(work, standup, rounds[::-1], reader)
    rows = rows_of(told, name_of)
    content = as_csv(rows) if as_ == "csv" else as_json(rows)
    if len(content) > FILE_MAX:
        raise Refusal("That is more than one file takes. Ask for fewer days: “since 2026-11-01”.", field="since")
    context = {"standup": standup, "answers": len(told), "rounds": len({one.round.id for one in told})}
    name = f"{_file_name(standup.name)}.{as_}"
    work.say(File(f"standup.export:{key}", reader.id, name, content, "standup/exported", context))
    return len(told)


async def order_chart(work: Work, standup: Standup, reader: Person, key: str) -> Participation:
    """Have a chart of the participation drawn and sent to the reader. Raises ``Refusal`` for too small a group."""
    found = Participation.of(standup, await counts_of(work, standup, CHARTED))
    if not found.counts:
        raise Refusal(
            f"No round of “{standup.name}” that has ended asked {GROUP_MIN} people or more, and a chart of fewer "
            "would tell of single people. “/standup history” shows each round.",
            field="standup",
        )
    args = {"standup": standup.id, "user": reader.id, "key": key}
    work.owe(Job(CHART, f"{CHART}:{key}", work.now, args))
    return found


@due_outside(CHART)
async def draw_when_due(tools: Tools, due: Due) -> Outcome:
    """Draw the chart and send it; drawn again after a crash, it is sent once all the same."""
    async with tools.unit() as work:
        standup = await work.get(Standup, str(due.job.args["standup"]))
        counts = await counts_of(work, standup, CHARTED) if standup else []
    if standup is None:
        return Outcome.NOOP
    found = Participation.of(standup, counts)
    picture = await tools.port(Charts).percents(f"{standup.name}: who was asked and took part", found.points)
    name, key = f"{_file_name(standup.name)}.png", f"{CHART}:{due.job.args['key']}"
    context = {"participation": found}
    user_id = str(due.job.args["user"])
    async with tools.unit() as work:
        work.say(File(key, user_id, name, picture, "standup/charted", context, alt=found.in_words))
    return Outcome.DONE


async def _told(work: Work, standup: Standup, rounds: list[Round], reader: Person) -> list[Told]:
    mine = [round for round in rounds if may_read(round, reader.id, standup.setup.lead)]
    if rounds and not mine:
        raise Refusal(
            f"You were in none of these rounds of “{standup.name}”, so their answers are not mine to show you. "
            f"Ask somebody who was, or read {standup.channel}.",
            field="standup",
        )
    told: list[Told] = []
    for round in mine:
        given = await work.find(StandupAnswer, round_id=round.id, newest_first=False)
        told += [Told(round, answer) for answer in given]
    return told


async def _may_read(work: Work, round: Round, reader: Person) -> bool:
    if may_read(round, reader.id):
        return True
    standup = await work.get(Standup, round.standup_id) if round.standup_id else None
    return standup is not None and may_read(round, reader.id, standup.setup.lead)


def _file_name(name: str) -> str:
    kept = "".join(letter if letter.isalnum() else "-" for letter in name.casefold())
    return "-".join(part for part in kept.split("-") if part)[:40] or "stand-up"
