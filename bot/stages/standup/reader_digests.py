"""Digests for single readers: each gets, at their own hour, what is new since their last one; else silence."""

from datetime import datetime, time, timedelta
from functools import partial

from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.messages import Band, Message
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal, Stale
from bot.stages.code.ask_unblocker import hours_of
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.reader_digest import FIRST_LOOK, LATE, SETTLES, News, ReaderDigest, digest_id
from bot.stages.standup.model.setup import Standup, StandupState
from bot.team.people.model.working_hours import Hours

DIGEST = "standup.digest"
ASK_SLACK_AGAIN = timedelta(minutes=2)


async def subscribe(work: Work, standup: Standup, by: Person, at: time, hours: Hours) -> datetime | None:
    """Have somebody told at this time of their days; gives when first, nothing where they never work."""
    known = await work.get(ReaderDigest, digest_id(standup.id, by.id))
    if known is None:
        reader = await work.add(ReaderDigest.ask_for(standup, by.id, at, work.now))
    else:
        work.forgive(_key(known))
        reader = known.move(at)
    return await _owe_next(work, reader, hours)


async def unsubscribe(work: Work, standup: Standup, by: Person) -> None:
    """Tell them no more. Raises ``Stale`` where nobody did."""
    known = await work.get(ReaderDigest, digest_id(standup.id, by.id))
    if known is None:
        raise Stale(f"You get no digest of “{standup.name}”. “/standup digest {standup.id} at 09:00” begins one.")
    await stop(work, known)


async def news_now(work: Work, standup: Standup, by: Person) -> News:
    """What is new for somebody since their last digest, or of a day where they have none; they stay untold."""
    known = await work.get(ReaderDigest, digest_id(standup.id, by.id))
    since = known.seen_until if known else work.now - FIRST_LOOK
    return await news_of(work, standup, by.id, since, work.now)


@due_outside(DIGEST, lasting=True)
async def digest_when_due(tools: Tools, due: Due) -> Outcome | Again:
    """Tell a reader what is new, if anything, and owe the next one."""
    id, turn = str(due.job.args["digest"]), int(due.job.args["turn"])
    async with tools.unit() as work:
        reader = await work.get(ReaderDigest, id)
    if reader is None or reader.turn != turn:
        return Outcome.NOOP
    try:
        person = await tools.directory.person(reader.user_id)
    except Refusal as silent:
        return Again(ASK_SLACK_AGAIN, silent.sentence)
    hours = (await hours_of(tools, person))[person.id]
    return await tools.unit.run(partial(_tell, id=id, turn=turn, person=person, hours=hours, late_by=due.late_by))


async def _tell(work: Work, id: str, turn: int, person: Person, hours: Hours, late_by: timedelta) -> Outcome:
    reader = await work.get(ReaderDigest, id)
    if reader is None or reader.turn != turn:
        return Outcome.NOOP
    standup = await work.get(Standup, reader.standup_id)
    if standup is None or standup.state is StandupState.DELETED or not person.is_member:
        await stop(work, reader)
        return Outcome.NOOP
    until = work.now - SETTLES
    news = await news_of(work, standup, person.id, reader.seen_until, until)
    if news.count:
        context = {"news": news, "late_by": late_by if late_by > LATE else None}
        key = f"digest:{reader.id}:{reader.turn}"
        work.say(Message(key, person.id, "standup/reader_digest", context, band=Band.BULK))
    await _owe_next(work, reader.tell(until), hours)
    return Outcome.DONE if news.count else Outcome.NOOP


async def news_of(work: Work, standup: Standup, user_id: str, since: datetime, until: datetime) -> News:
    """What happened between these instants, but what somebody did themselves or was told of directly."""

    def new(at: datetime | None) -> bool:
        return at is not None and since < at <= until

    def others(answer: StandupAnswer) -> bool:
        return answer.standup_id == standup.id and not answer.skipped and answer.user_id != user_id

    def theirs(blocker: Blocker) -> bool:
        return blocker.team == standup.name and user_id not in (blocker.owner_id, blocker.unblocker_id)

    given = [
        one async for one in work.changed(StandupAnswer, since) if others(one) and new(one.edited_at or one.at)
    ]
    blockers = [one async for one in work.changed(Blocker, since) if theirs(one)]
    shipped = [
        one async for one in work.changed(Deployment, since) if one.state is State.SUCCEEDED and new(one.ended_at)
    ]
    firing = [
        one
        async for one in work.changed(AlertGroup, since)
        if one.state == "firing" and new(one.opened_at) and one.silenced_until is None
    ]
    aired = [one for one in blockers if one.state is BlockerState.OPEN and new(one.opened_at)]
    closed = [one for one in blockers if one.state is BlockerState.CLOSED and new(one.closed_at)]
    return News(
        standup,
        since,
        until,
        sorted(given, key=lambda one: one.at),
        sorted(aired, key=lambda one: one.opened_at),
        sorted(closed, key=lambda one: one.opened_at),
        sorted(shipped, key=lambda one: one.asked_at),
        sorted(firing, key=lambda one: one.opened_at),
    )


async def _owe_next(work: Work, reader: ReaderDigest, hours: Hours) -> datetime | None:
    reader = reader.onward()
    await work.save(reader)
    at = reader.next_at(work.now, hours.zone, hours.works)
    if at is not None:
        work.owe(Job(DIGEST, _key(reader), at, {"digest": reader.id, "turn": reader.turn}))
    return at


async def stop(work: Work, reader: ReaderDigest) -> None:
    """Forget that somebody wants a digest."""
    work.forgive(_key(reader))
    await work.erase(reader)


def _key(reader: ReaderDigest) -> str:
    return f"{DIGEST}:{reader.id}:{reader.turn}"
