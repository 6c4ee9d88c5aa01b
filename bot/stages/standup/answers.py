"""One stand-up: asks everybody directly, gathers the answers under one message, and ends with a digest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.find_or_refuse import found
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal, Stale
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker
from bot.stages.plan import changes
from bot.stages.standup import prompts, round_message
from bot.stages.standup.model.answer import StandupAnswer, answer_id
from bot.stages.standup.model.prompt import SentPrompt
from bot.stages.standup.model.round import Round, RoundState
from bot.stages.standup.plan_day import CLOSE, close_key
from bot.stages.standup.round_message import Standing


async def start(work: Work, channel: str, people: Sequence[str], by: Person) -> Round:
    """Open a round: its message in the channel, a question to each of them, and its end as a job.

    Raises ``Stale`` where one is open in the channel, ``Refusal`` where nobody or too many would be asked.
    """
    for running in await work.find(Round, state=RoundState.OPEN, channel=channel, limit=1):
        heard = len(await work.find(StandupAnswer, round_id=running.id))
        raise Stale(
            f"Stand-up {running.id} is open in {channel}, with {heard} of {len(running.people)} in. "
            f"Answer with “/standup answer {running.id}”, or end it with “/standup close {running.id}”.",
            field="channel",
        )
    round = await work.add(Round.open(channel, tuple(people), by, work.now))
    facts = {"asked": len(round.people), "closes_at": round.closes_at.isoformat()}
    work.record(Entry("round.opened", (round.subject, Subject("channel", channel)), by.id, facts))
    work.owe(Job(CLOSE, close_key(round), round.closes_at, {"round": round.id}))
    round_message.show(work, Standing(round, (), (), ()))
    for user_id in round.people:
        await prompts.ask_at_once(work, round, user_id)
    return round


async def round_for(work: Work, id: str | None, user_id: str) -> Round:
    """The round that somebody means: by its id, else the open one that waits for them, else the newest open one.

    Raises ``Unknown``, and ``Refusal`` where none is open.
    """
    if id:
        return await found(work, Round, id, "stand-up", field="round")
    running = [each for each in await work.find(Round, state=RoundState.OPEN) if each.opened_to_see(work.now)]
    mine = [each for each in running if user_id in each.people]
    for each in (*await waiting_for(work, user_id), *mine, *running):
        return each
    raise Refusal("No stand-up is open. Start one with “/standup start”, or name a closed one, such as S-12.")


async def waiting_for(work: Work, user_id: str) -> list[Round]:
    """The open rounds that have asked somebody and got no answer, the one that asked last first."""
    asked = await work.find(SentPrompt, user_id=user_id, limit=20)
    waiting: list[Round] = []
    for sent in sorted(asked, key=lambda each: each.asked_at, reverse=True):
        round = await work.get(Round, sent.round_id)
        answered = await work.get(StandupAnswer, answer_id(sent.round_id, user_id))
        if round is not None and round.is_open and answered is None:
            waiting.append(round)
    return waiting


async def answer(
    work: Work, id: str, by: Person, said: Mapping[str, str], unblocker: str | None = None
) -> StandupAnswer:
    """Take or edit somebody's answer (by question), in time or late; what holds them up becomes a blocker.

    Raises ``Unknown``, and ``Refusal`` where it says nothing or too much.
    """
    round = await _joined(work, id, by)
    before = await work.get(StandupAnswer, answer_id(round.id, by.id))
    if before is None:
        given = await work.add(StandupAnswer.give(round, by.id, work.now, said))
    else:
        given = before.edit(round, work.now, said)
        if given != before:
            await work.save(given)
    blocker = await _blocker_of(work, given, by, unblocker)
    if given == before:
        return given  # at most somebody else is asked to unblock, and the blocker's card says so
    await _note_answer(work, round, given, "answered" if before is None or before.skipped else "answer_edited")
    round_message.show_answer(work, round, given, blocker)
    await prompts.settle(work, round, by.id, given)
    await _settle(work, round)
    return given


async def skip(work: Work, id: str, by: Person) -> Round:
    """Note that somebody passes today. Raises ``Unknown``; ``Stale`` where it is closed or they have answered."""
    round = await found(work, Round, id, "stand-up", field="round")
    before = await work.get(StandupAnswer, answer_id(round.id, by.id))
    if before is not None:
        done = "You skip" if before.skipped else "You have answered"
        raise Stale(f"{done} stand-up {round.id} already. “/standup answer {round.id}” changes what you said.")
    if not round.is_open:
        raise Stale(f"Stand-up {round.id} is closed, so there is nothing to skip. A late answer is still welcome.")
    round = await _joined(work, id, by)
    given = await work.add(StandupAnswer.skip(round, by.id, work.now))
    work.record(Entry("round.skipped", (round.subject, Subject("person", by.id)), by.id))
    await prompts.settle(work, round, by.id, given)
    await _settle(work, round)
    return round


async def close(work: Work, id: str, by: Person) -> Round:
    """End a round before its time. Raises ``Unknown``, and ``Stale`` where it is closed."""
    round = await found(work, Round, id, "stand-up", field="round")
    return await _close(work, await round_message.standing(work, round), by)


@due(CLOSE, lasting=True)
async def close_when_due(work: Work, due: Due) -> Outcome:
    """End a round when its time is up; the digest says so where that comes late."""
    round = await work.get(Round, str(due.job.args["round"]))
    if round is None or not round.is_open:
        return Outcome.NOOP
    await _close(work, await round_message.standing(work, round), None)
    return Outcome.DONE


async def _joined(work: Work, id: str, by: Person) -> Round:
    round = await found(work, Round, id, "stand-up", field="round")
    joined = round.join(by.id)
    if joined is not round:
        await work.save(joined)
    return joined


async def _blocker_of(work: Work, answer: StandupAnswer, by: Person, unblocker: str | None) -> Blocker | None:
    """Open, reword or close the blocker that belongs to an answer; gives the one that is open now."""
    aired = await work.find(Blocker, answer_id=answer.id, limit=1)
    current = aired[0] if aired else None
    if not answer.is_blocked:
        if current and current.is_open:
            await blockers.close(work, current.id, by, "no longer in the stand-up answer")
        return None
    if current and current.is_open:
        return await blockers.reword(work, current, answer.blocked, unblocker or current.unblocker_id)
    if current and current.what == answer.blocked:
        return None  # it was solved since, and the answer only tells the story
    return await blockers.air(work, answer.blocked, by.id, unblocker=unblocker, answer=answer.id)


async def _note_answer(work: Work, round: Round, answer: StandupAnswer, what: str) -> None:
    named = await changes.named_in(work, "\n".join(one.words for one in answer.said))
    subjects = (round.subject, Subject("person", answer.user_id), *(change.subject for change in named))
    facts = {"late": answer.is_late, "blocked": answer.is_blocked}
    work.record(Entry(f"round.{what}", subjects, answer.user_id, facts))


async def _settle(work: Work, round: Round) -> None:
    """Make the round's message true, and end the round once nobody is waited for."""
    standing = await round_message.standing(work, round)
    if round.is_open and not standing.waiting and not standing.later:
        await _close(work, standing, None)
        return
    round_message.show(work, standing)


async def _close(work: Work, standing: Standing, by: Person | None) -> Round:
    asked = await work.count(SentPrompt, round_id=standing.round.id)
    late = await work.count(SentPrompt, round_id=standing.round.id, was_late=True)
    round = replace(standing.round.close(work.now, by), asked_in_time=asked - late, asked_late=late)
    await work.save(round)
    work.forgive(close_key(round))
    facts = {
        "asked": len(round.people),
        "answered": len(standing.answers),
        "skipped": len(standing.skipped),
        "asked_in_time": round.asked_in_time,
        "asked_late": round.asked_late,
        "missed": len(round.missed),
        "late_seconds": int(round.closed_late_by.total_seconds()) if round.closed_late_by else 0,
    }
    of = (Subject("standup", round.standup_id),) if round.standup_id else ()
    work.record(Entry("round.closed", (round.subject, *of), by.id if by else "", facts))
    closed = replace(standing, round=round)
    round_message.show(work, closed)
    round_message.show_all_answers(work, closed)
    for user_id in closed.silent:
        await prompts.settle(work, round, user_id, None)
    return round
