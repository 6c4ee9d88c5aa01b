"""Stand-ups that run by themselves: each day is planned shortly before it begins; in between nothing runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.core.handlers import due, due_outside
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.core.ports import Tools, Work
from bot.stages.standup import round_message
from bot.stages.standup.model.plan_day import Member, members_of, places_of, plan_due, prompts_on
from bot.stages.standup.model.round import Prompt, Round
from bot.stages.standup.model.setup import Setup, Standup
from bot.team.people.model.ports import Holidays
from bot.team.people.model.presence import Presence

PLAN, PROMPT, OPEN, CLOSE = "standup.plan", "standup.prompt", "standup.open", "standup.close"


@dataclass(frozen=True, slots=True)
class Known:
    """A stand-up and its members, as they are when it is planned."""

    standup: Standup
    members: tuple[Member, ...]


async def known(tools: Tools, standup: Standup, years: Iterable[int]) -> Known:
    """The members of a stand-up with what decides when they are asked in these years."""
    return Known(standup, await members_with(tools, standup.setup, years))


async def members_with(tools: Tools, setup: Setup, years: Iterable[int]) -> tuple[Member, ...]:
    """Whom a setup asks, with what decides when they are asked in these years."""
    people = setup.members(await tools.directory.people())
    async with tools.unit() as work:
        told = await work.find(Presence, id=tuple(person.id for person in people), limit=len(people) + 1)
    around = {year + step for year in years for step in (0, 1)}  # a year's last evening is the next one's elsewhere
    holidays = {place: await tools.port(Holidays).of(place, around) for place in places_of(setup, told)}
    return tuple(members_of(setup, people, {presence.id: presence for presence in told}, holidays))


@due_outside(PLAN, lasting=True)
async def plan_when_due(tools: Tools, due: Due) -> Outcome:
    """Plan a day of a stand-up: open its round, owe its prompts, and the planning of its next day."""
    async with tools.unit() as work:
        standup = await work.get(Standup, str(due.job.args["standup"]))
    if standup is None or not standup.is_active:
        return Outcome.NOOP
    day = date.fromisoformat(str(due.job.args["day"]))
    there = await known(tools, standup, {day.year})

    async def step(work: Work) -> Outcome:
        current = await work.get(Standup, there.standup.id)
        if current is None or current.plan_job != due.job.key:
            return Outcome.NOOP  # it was paused, deleted or moved meanwhile, or this day is planned already
        await _plan(work, replace(there, standup=current), day, due.job.due)
        return Outcome.DONE

    return await tools.unit.run(step)


@due(OPEN, lasting=True)
async def open_when_due(work: Work, due: Due) -> Outcome:
    """Show the round in its channel as its first member is asked."""
    round = await work.get(Round, str(due.job.args["round"]))
    if round is None or not round.is_open:
        return Outcome.NOOP
    round_message.show(work, await round_message.standing(work, round))
    return Outcome.DONE


async def _plan(work: Work, there: Known, day: date, begun: datetime) -> None:
    standup, untold = there.standup, there.standup.untold
    prompts, absent = prompts_on(standup.setup, day, there.members)
    # Whoever became a member after their own time of this day was not to be asked on it.
    prompts = [prompt for prompt in prompts if prompt.at >= begun]
    after = standup.setup.schedule.day_after(day)
    for last in await work.find(Round, standup_id=standup.id, limit=1):
        await keep_zones(work, there, last.prompts)
    if prompts:
        round = Round.planned(standup, day, prompts, absent, work.now)
        missed = [prompt for prompt in prompts if prompt.until < work.now]
        if len(missed) < len(prompts):
            round = await work.add(replace(round, missed_before=untold).miss(*(each.user_id for each in missed)))
            owe_round(work, standup, round, [prompt for prompt in prompts if prompt not in missed])
            untold = ()
        else:
            # Of several days that passed while the bot was down, the channel is told once, with the last of them.
            is_last = after is None or plan_due(standup.setup, after, there.members) > work.now
            round = round.miss(*round.people).close(work.now)
            round = await work.add(replace(round, missed_before=untold) if is_last else round)
            untold = () if is_last else (*untold, day)
            if is_last:
                round_message.show(work, await round_message.standing(work, round))
        _record(work, standup, round, missed)
    await plan_next(work, standup.planned(day, untold), after, there.members)


def owe_round(work: Work, standup: Standup, round: Round, prompts: Sequence[Prompt]) -> None:
    """Owe what a round that was added needs: its message, these prompts, and its end."""
    first = min(prompt.at for prompt in round.prompts if prompt.user_id not in round.missed)
    work.owe(Job(OPEN, open_key(round), first, {"round": round.id}))
    for prompt in prompts:
        work.owe(prompt_job(standup, round, prompt))
    work.owe(Job(CLOSE, close_key(round), round.closes_at, {"round": round.id}))


async def plan_next(
    work: Work, standup: Standup, day: date | None, members: Sequence[Member], not_before: datetime | None = None
) -> None:
    """Save a stand-up, with this as the next day that is to be planned (nothing: none), and owe that."""
    at = plan_due(standup.setup, day, members) if day else None
    planned = standup.plan_next(day, max(at, not_before) if at and not_before else at)
    if standup.plan_job and standup.plan_job != planned.plan_job:
        work.forgive(standup.plan_job)
    await work.save(planned)
    if day is not None and planned.plan_at is not None:
        args = {"standup": standup.id, "day": day.isoformat()}
        work.owe(Job(PLAN, planned.plan_job, planned.plan_at, args))


def _record(work: Work, standup: Standup, round: Round, missed: Sequence[Prompt]) -> None:
    facts = {"asked": len(round.people) - len(missed), "missed": len(missed), "absent": len(round.absent)}
    subjects = (round.subject, standup.subject, Subject("channel", round.channel))
    work.record(Entry("round.opened", subjects, "", facts | {"closes_at": round.closes_at.isoformat()}))
    for prompt in missed:
        record_missed(work, round, prompt.user_id, prompt.at)


def record_missed(work: Work, round: Round, user_id: str, at: datetime) -> None:
    """Note in the ledger that somebody could not be asked in time."""
    subjects = (round.subject, Subject("standup", round.standup_id), Subject("person", user_id))
    late = int((work.now - at).total_seconds())
    work.record(Entry("standup.missed", subjects, "", {"due": at.isoformat(), "late_seconds": late}))


def prompt_job(standup: Standup, round: Round, prompt: Prompt) -> Job:
    """What asks one member; worth doing as long as an answer would be in time."""
    args = {"standup": standup.id, "round": round.id, "user": prompt.user_id}
    return Job(PROMPT, prompt_key(round, prompt.user_id), prompt.at, args, prompt.until - prompt.at)


def prompt_key(round: Round, user_id: str) -> str:
    """The key of the job that asks a member in a round."""
    return f"{PROMPT}:{round.id}:{user_id}"


def open_key(round: Round) -> str:
    """The key of the job that shows a round."""
    return f"{OPEN}:{round.id}"


def close_key(round: Round) -> str:
    """The key of the job that ends a round."""
    return f"{CLOSE}:{round.id}"


async def keep_zones(work: Work, there: Known, before: Iterable[Prompt]) -> None:
    """Ask members whom Slack has in another zone than when they were last asked whether that is right."""
    zones = {} if there.standup.setup.zone else {prompt.user_id: prompt.zone for prompt in before}
    for member in there.members:
        was, known = zones.get(member.person.id, ""), member.presence
        told = known.ask_about(member.person.zone, was)
        if told == known:
            continue
        # Read again: another stand-up of theirs may have asked them meanwhile.
        stored = await work.get(Presence, told.id)
        if stored is None:
            await work.add(told)
        elif stored == known:
            await work.save(told)
        if told.zone_asks > known.zone_asks and stored in (None, known):
            say_zone(work, told, known.confirmed_zone or was)


def say_zone(work: Work, presence: Presence, before: str) -> None:
    """Make the question about somebody's zone true; with ``before`` as "" it is answered."""
    context = {"presence": presence, "zone": presence.asked_zone, "before": before}
    work.say(Message(f"zone:{presence.id}:{presence.zone_asks}", presence.id, "standup/zone_question", context))
