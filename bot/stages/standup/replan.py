"""What was planned follows every change: of a stand-up, of its members, their zones, leave and public holidays."""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.find_or_refuse import every
from bot.core.handlers import due_outside
from bot.core.jobs import Due, Job, Outcome
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.stages.standup import answers, round_message
from bot.stages.standup.model.plan_day import next_day, prompts_on, rearranged
from bot.stages.standup.model.round import Round, RoundState
from bot.stages.standup.model.setup import Standup, StandupState
from bot.stages.standup.plan_day import (
    CLOSE,
    OPEN,
    Known,
    close_key,
    keep_zones,
    known,
    open_key,
    plan_next,
    prompt_job,
    prompt_key,
)

REPLAN = "standup.replan"


def follow(work: Work, standup: Standup) -> None:
    """Plan a stand-up anew from the commit on, since it was made, changed, paused or resumed."""
    key = f"{REPLAN}:{standup.id}:{standup.version}:{work.now.isoformat()}"
    work.owe(Job(REPLAN, key, work.now, {"standup": standup.id}))


def follow_person(work: Work, user_id: str) -> None:
    """Plan anew from the commit on whatever asks somebody, since their zone, days, leave or groups changed."""
    follow_people(work, (user_id,))


def follow_people(work: Work, user_ids: Sequence[str]) -> None:
    """The same for several at once, such as those that a user group gained and lost."""
    key = f"{REPLAN}:{user_ids[0]}:{len(user_ids)}:{work.now.isoformat()}"
    work.owe(Job(REPLAN, key, work.now, {"users": list(user_ids)}))


@due_outside(REPLAN)
async def replan_when_due(tools: Tools, due: Due) -> Outcome:
    """Make what is planned fit what is so now."""
    if named := due.job.args.get("standup"):
        ids = [str(named)]
    else:
        ids = await _that_ask(tools, [await tools.directory.person(id) for id in due.job.args["users"]])
    for id in ids:
        await _replan(tools, id)
    return Outcome.DONE if ids else Outcome.NOOP


async def end(work: Work, standup: Standup, by: Person) -> None:
    """End the rounds of a stand-up that was deleted; whoever was not asked yet is not asked any more."""
    for round in await work.find(Round, standup_id=standup.id, state=RoundState.OPEN):
        current = await _rearrange(work, Known(standup, ()), round)
        if current.is_open:
            await answers.close(work, current.id, by)


async def _that_ask(tools: Tools, people: Sequence[Person]) -> list[str]:
    async with tools.unit() as work:
        active = await every(work, Standup, state=StandupState.ACTIVE)
        # Also those that ask somebody who is no member any more.
        open = await every(work, Round, state=RoundState.OPEN)
    ids = {person.id for person in people}
    asked = {round.standup_id for round in open if not ids.isdisjoint(round.people)}
    return [each.id for each in active if each.id in asked or each.setup.members(people)]


async def _replan(tools: Tools, id: str) -> None:
    async with tools.unit() as work:
        standup = await work.get(Standup, id)
    if standup is None or standup.state is StandupState.DELETED:
        return
    there = await known(tools, standup, {tools.clock.now().year - 1, tools.clock.now().year})

    async def step(work: Work) -> None:
        current = await work.get(Standup, id)
        if current is None:
            return
        now = Known(current, there.members if current.is_active else ())
        for round in await work.find(Round, standup_id=id, state=RoundState.OPEN):
            if round.occasion:
                await _rearrange(work, now, round)
        if current.is_active:
            await _plan_ahead(work, now)

    await tools.unit.run(step)


async def _plan_ahead(work: Work, there: Known) -> None:
    """Have the next day planned in time for all who are members now; one that is due already is left as it is."""
    standup = there.standup
    if standup.next_on is not None and standup.plan_at is not None and standup.plan_at <= work.now:
        return
    day = next_day(standup.setup, work.now, there.members, standup.last_on)
    if standup.next_on is not None and standup.setup.schedule.is_on(standup.next_on):
        day = min(day, standup.next_on) if day else standup.next_on
    await plan_next(work, standup, day, there.members, not_before=work.now)


async def _rearrange(work: Work, there: Known, round: Round) -> Round:
    standup = there.standup
    wanted, absent = prompts_on(standup.setup, round.day, there.members)
    await keep_zones(work, there, round.prompts)
    new = rearranged(round.prompts, wanted, work.now)
    for user_id in new.forgiven:
        work.forgive(prompt_key(round, user_id))
    for prompt in new.owed:
        work.owe(prompt_job(standup, round, prompt))
    asked = {prompt.user_id for prompt in new.prompts}
    missing = [each for each in absent if each.user_id not in asked] if standup.is_active else round.absent
    after = round.replan(new.prompts, missing)
    if after == round:
        return round
    if not after.people:
        work.forgive(open_key(round))
        work.forgive(close_key(round))
        after = replace(after.close(work.now), closed_late_by=None)
    elif after.prompts:
        _move(work, round, after)
    await work.save(after)
    if after.people and after.opened_to_see(work.now):
        round_message.show(work, await round_message.standing(work, after))
    return after


def _move(work: Work, before: Round, after: Round) -> None:
    """Move the round's beginning and end to where its prompts are now."""
    if after.closes_at != before.closes_at:
        work.owe(Job(CLOSE, close_key(after), after.closes_at, {"round": after.id}))
    if not before.opened_to_see(work.now):
        work.owe(Job(OPEN, open_key(after), after.prompts[0].at, {"round": after.id}))
