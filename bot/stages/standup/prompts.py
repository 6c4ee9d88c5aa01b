"""Asks the members of a stand-up directly: in time, late and saying so, again after a snooze, and a reminder."""

from dataclasses import dataclass
from datetime import timedelta

from bot.core.find_or_refuse import found
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Band, Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Stale
from bot.stages.standup import round_message
from bot.stages.standup.activity import Deed, activity
from bot.stages.standup.model.answer import StandupAnswer, answer_id
from bot.stages.standup.model.prompt import SentPrompt, greeting, prompt_id
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Standup
from bot.stages.standup.plan_day import PROMPT, prompt_key, record_missed

AGAIN, REMIND = "standup.ask_again", "standup.remind"
FIRST_LOOK = timedelta(days=1)  # back, at what somebody did who never answered before


@dataclass(frozen=True, slots=True)
class Asking:
    """A question to somebody as its message shows it.

    Attributes:
        sent: what is kept of it.
        deeds: what the ledger saw of them since they last answered.
    """

    round: Round
    sent: SentPrompt
    greeting: str
    answer: StandupAnswer | None = None
    deeds: tuple[Deed, ...] = ()
    is_snoozed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether an answer would be late."""
        return not self.round.is_open

    @property
    def call(self) -> str:
        """What its snooze button says: which round, and which question of it."""
        return f"{self.round.id} {self.sent.times}"


@due(PROMPT, lasting=True)
async def prompt_when_due(work: Work, due: Due) -> Outcome:
    """Ask somebody when their time has come; where it has passed, note that they could not be asked."""
    round, user_id = await _round_of(work, due), str(due.job.args["user"])
    prompt = round.prompt_for(user_id) if round else None
    if round is None or prompt is None or await work.get(SentPrompt, prompt_id(round.id, user_id)) is not None:
        return Outcome.NOOP
    if await work.get(StandupAnswer, answer_id(round.id, user_id)) is not None:
        return Outcome.NOOP  # they were quicker
    if due.missed or work.now >= prompt.until:
        await _miss(work, round, user_id)
        return Outcome.MISSED
    if not round.is_open:
        return Outcome.NOOP
    sent = await work.add(SentPrompt.send(round, user_id, work.now))
    if sent.late_by is not None:
        subjects = (round.subject, Subject("standup", round.standup_id), Subject("person", user_id))
        late_seconds = int(sent.late_by.total_seconds())
        work.record(Entry("standup.asked_late", subjects, "", {"late_seconds": late_seconds}))
    await _owe_reminder(work, round, sent)
    _show(work, round, sent, deeds=await _deeds(work, user_id))
    if _is_last_of_wave(round, user_id):
        round_message.show(work, await round_message.standing(work, round))  # they are waited for now
    return Outcome.DONE


@due(AGAIN, lasting=True)
async def ask_again_when_due(work: Work, due: Due) -> Outcome:
    """Ask somebody once more after a snooze."""
    round, sent = await _still_asked(work, due)
    if round is None or sent is None or sent.times != due.job.args["times"] or sent.snoozed_until is None:
        return Outcome.NOOP
    if work.now >= sent.until:
        return Outcome.MISSED
    again = sent.ask_again(work.now)
    await work.save(again)
    _show(work, round, again, deeds=await _deeds(work, sent.user_id))
    return Outcome.DONE


@due(REMIND, lasting=True)
async def remind_when_due(work: Work, due: Due) -> Outcome:
    """Remind somebody shortly before the end, where they have neither answered nor passed."""
    round, sent = await _still_asked(work, due)
    if round is None or sent is None:
        return Outcome.NOOP
    if due.missed or work.now >= sent.until:
        return Outcome.MISSED
    reminded = sent.remind(work.now)
    if reminded is None:
        return Outcome.NOOP
    await work.save(reminded)
    _show_reminder(work, Asking(round, reminded, ""))
    return Outcome.DONE


async def ask_at_once(work: Work, round: Round, user_id: str) -> None:
    """Ask somebody now, in a round that somebody started by hand."""
    sent = await work.add(SentPrompt.send(round, user_id, work.now))
    _show(work, round, sent)


async def snooze(work: Work, round_id: str, by: Person, times: int | None = None) -> SentPrompt:
    """Ask somebody again a while later.

    ``times`` is the question that they press the button of, else the last one. Raises ``Unknown``; ``Stale`` where
    there is nothing to put off (any more); ``Refusal`` where too little time is left.
    """
    round = await found(work, Round, round_id, "stand-up", field="round")
    sent = await work.get(SentPrompt, prompt_id(round.id, by.id))
    if not round.is_open or sent is None:
        why = "is closed" if not round.is_open else "has not asked you"
        raise Stale(f"Stand-up {round.id} {why}, so there is nothing to put off.")
    if await work.get(StandupAnswer, answer_id(round.id, by.id)) is not None:
        raise Stale(f"You are done with stand-up {round.id}. “/standup answer {round.id}” changes what you said.")
    snoozed = sent.snooze(sent.times if times is None else times, work.now)
    await work.save(snoozed)
    key = f"{AGAIN}:{round.id}:{by.id}:{snoozed.times}"
    args = {"round": round.id, "user": by.id, "times": snoozed.times}
    work.owe(Job(AGAIN, key, snoozed.ask_next_at, args))
    _show(work, round, snoozed, is_snoozed=True)
    return snoozed


async def settle(work: Work, round: Round, user_id: str, answer: StandupAnswer | None) -> None:
    """Make what somebody was asked say what came of it; nobody is asked or reminded after that."""
    if answer is not None:
        for key in (prompt_key(round, user_id), _remind_key(round, user_id)):
            work.forgive(key)
    sent = await work.get(SentPrompt, prompt_id(round.id, user_id))
    if sent is None:
        return
    if answer is not None and sent.snoozed_until is not None:
        work.forgive(f"{AGAIN}:{round.id}:{user_id}:{sent.times}")
    _show(work, round, sent, answer)
    if sent.reminded:
        _show_reminder(work, Asking(round, sent, "", answer))


def _show(
    work: Work,
    round: Round,
    sent: SentPrompt,
    answer: StandupAnswer | None = None,
    *,
    deeds: tuple[Deed, ...] = (),
    is_snoozed: bool = False,
) -> None:
    asking = Asking(round, sent, greeting(work.now, sent.zone), answer, deeds, is_snoozed)
    number = f":{sent.times}" if sent.times > 1 else ""
    key = f"{round_message.round_key(round.id)}:ask:{sent.user_id}{number}"
    # Whatever somebody has just done goes before a wave of questions, or of those that nobody answered.
    band = Band.NORMAL if answer or is_snoozed else Band.BULK
    work.say(Message(key, sent.user_id, "standup/prompt", {"asking": asking}, band=band))


def _show_reminder(work: Work, asking: Asking) -> None:
    user_id = asking.sent.user_id
    key = f"{round_message.round_key(asking.round.id)}:remind:{user_id}"
    work.say(Message(key, user_id, "standup/reminder", {"asking": asking}, band=Band.BULK))


async def _round_of(work: Work, due: Due) -> Round | None:
    return await work.get(Round, str(due.job.args["round"]))


async def _still_asked(work: Work, due: Due) -> tuple[Round | None, SentPrompt | None]:
    """The round and the question, while it is open and they have neither answered nor passed."""
    round, user_id = await _round_of(work, due), str(due.job.args["user"])
    if round is None or not round.is_open:
        return None, None
    if await work.get(StandupAnswer, answer_id(round.id, user_id)) is not None:
        return None, None
    return round, await work.get(SentPrompt, prompt_id(round.id, user_id))


async def _miss(work: Work, round: Round, user_id: str) -> None:
    """Note that somebody could not be asked in time; the channel's digest says so, even where it is out already."""
    prompt = round.prompt_for(user_id)
    missed = round.miss(user_id)
    if prompt is None or missed is round:
        return
    await work.save(missed)
    record_missed(work, missed, user_id, prompt.at)
    if not missed.is_open:
        round_message.show(work, await round_message.standing(work, missed))


async def _owe_reminder(work: Work, round: Round, sent: SentPrompt) -> None:
    standup = await work.get(Standup, round.standup_id) if round.standup_id else None
    before = standup.setup.remind_before if standup else None
    if before is None:
        return
    args = {"round": round.id, "user": sent.user_id}
    at = sent.until - before
    if at > work.now:
        work.owe(Job(REMIND, _remind_key(round, sent.user_id), at, args, before))


def _remind_key(round: Round, user_id: str) -> str:
    return f"{REMIND}:{round.id}:{user_id}"


async def _deeds(work: Work, user_id: str) -> tuple[Deed, ...]:
    """What the ledger saw of somebody since they last answered."""
    last = await work.find(StandupAnswer, user_id=user_id, skipped=False, limit=1)
    return await activity(work, user_id, last[0].at if last else work.now - FIRST_LOOK)


def _is_last_of_wave(round: Round, user_id: str) -> bool:
    """Whether nobody after them is asked at the same instant: the round's message changes once for all of them."""
    mine = round.prompt_for(user_id)
    wave = [prompt.user_id for prompt in round.prompts if mine and prompt.at == mine.at]
    return wave[-1:] == [user_id]
