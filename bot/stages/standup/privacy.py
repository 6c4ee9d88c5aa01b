"""What is held about somebody by stand-ups: shown to them as a file, and erased at their wish."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.core.erasing import Copy, Eraser, Traces
from bot.core.find_or_refuse import every
from bot.core.handlers import due, due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import FILE_MAX, File, Message
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal
from bot.stages.code import blocker_cards
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.standup import reader_digests, replan, round_message
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.history import Told
from bot.stages.standup.model.prompt import SentPrompt
from bot.stages.standup.model.reader_digest import ReaderDigest
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.tables import as_json, rows_of
from bot.team.people.model.presence import Presence

FORGET = "standup.forget"
COPIES = "standup.forget_copies"
AGAIN = timedelta(minutes=1)
AT_ONCE = 50  # answers a transaction, with the messages that showed them
ERASED = "(erased)"
# A message is known for longer than this, so what stands in Slack can be made to say nothing; a later one would be
# posted anew instead of edited.
SHOWN_WITHIN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Held:
    """What is held about somebody."""

    answers: tuple[Told, ...]
    prompts: tuple[SentPrompt, ...]
    digests: tuple[ReaderDigest, ...]
    presence: Presence | None
    closed_blockers: tuple[Blocker, ...]
    open_blockers: tuple[Blocker, ...]

    @property
    def with_words(self) -> int:
        """How many answers still have their words."""
        return sum(bool(told.answer.said) for told in self.answers)


async def held_about(work: Work, user_id: str) -> Held:
    """Everything."""
    answers: list[Told] = []
    for answer in await every(work, StandupAnswer, user_id=user_id, newest_first=False):
        round = await work.get(Round, answer.round_id)
        if round is not None:
            answers.append(Told(round, answer))
    aired = await every(work, Blocker, owner_id=user_id, newest_first=False)
    return Held(
        tuple(answers),
        tuple(await every(work, SentPrompt, user_id=user_id, newest_first=False)),
        tuple(await work.find(ReaderDigest, user_id=user_id)),
        await work.get(Presence, user_id),
        tuple(each for each in aired if not each.is_open and each.what != ERASED),
        tuple(each for each in aired if each.is_open),
    )


async def send(work: Work, by: Person, key: str) -> Held:
    """Send somebody a file of what is held about them. Raises ``Refusal`` where it is too much for one."""
    held = await held_about(work, by.id)
    content = as_json(_as_plain(held, by))
    if len(content) > FILE_MAX:
        raise Refusal("That is more than one file takes. Export the answers stand-up by stand-up instead.")
    work.say(File(f"standup.my-data:{key}", by.id, "my-data.json", content, "standup/my_data_file", {"held": held}))
    return held


def order_forgetting(work: Work, by: Person, key: str) -> None:
    """Have what is held about somebody erased from the commit on."""
    work.owe(Job(FORGET, f"{FORGET}:{key}", work.now, {"user": by.id, "key": key, "part": 0}))


@due(FORGET)
async def forget_when_due(work: Work, due: Due) -> Outcome:
    """Erase words and settings, a part at a time; then say that it is done."""
    user_id, key, part = str(due.job.args["user"]), str(due.job.args["key"]), int(due.job.args["part"])
    held = await held_about(work, user_id)
    spoken = [told for told in held.answers if told.answer.said]
    now = spoken[:AT_ONCE]
    closed = held.closed_blockers if part == 0 else ()
    copies = await work.copies(_traces(held, user_id, now, closed))
    if part == 0:
        await _forget_settings(work, held, user_id)
    for told in now:
        await _forget_answer(work, told)
    at_last = len(spoken) <= AT_ONCE
    if copies or at_last:
        # By key: the words themselves would outlive their erasure in the job.
        args = {"copies": [[copy.key, copy.revision] for copy in copies]}
        work.owe(Job(COPIES, f"{COPIES}:{key}:{part}", work.now, args))
    if not at_last:
        args = {"user": user_id, "key": key, "part": part + 1}
        work.owe(Job(FORGET, f"{FORGET}:{key}:{part + 1}", work.now, args))
        return Outcome.DONE
    work.record(Entry("standup.forgotten", (Subject("person", user_id),), user_id))
    work.say(Message(f"standup.forgotten:{key}", user_id, "standup/forgotten", {"held": held}))
    return Outcome.DONE


@due_outside(COPIES)
async def forget_copies_when_due(tools: Tools, due: Due) -> Outcome | Again:
    """Have the copies of what was said, and what the database keeps of overwritten rows, go too; until it is done."""
    eraser = tools.port_if_any(Eraser)
    if eraser is None:
        return Outcome.NOOP
    left = await eraser.erase_copies([Copy(key, revision) for key, revision in due.job.args["copies"]])
    return Again(AGAIN, left) if left else Outcome.DONE


def _traces(held: Held, user_id: str, spoken: Sequence[Told], closed: Sequence[Blocker]) -> Traces:
    """By what the copies of these answers and blockers, and of the settings, are told from what is others'."""
    words = [said.words for told in spoken for said in told.answer.said]
    # What an open blocker says stays until it is closed, wherever it is shown.
    words += [word for each in closed for word in (each.what, each.how) if word]
    return Traces(
        user_id,
        tuple(words),
        rounds=frozenset(told.round.id for told in spoken),
        standups=frozenset(told.round.standup_id for told in spoken),
        blockers=frozenset(each.id for each in closed),
        changes=frozenset(each.change_id for each in closed if each.change_id),
        edited=frozenset(told.round.standup_id for told in spoken if told.answer.edited_at),
    )


async def _forget_settings(work: Work, held: Held, user_id: str) -> None:
    for sent in held.prompts:
        round = await work.get(Round, sent.round_id)
        if round is None or not round.is_open:  # an open round still has to know whom it has asked
            await work.erase(sent)
    for digest in held.digests:
        await reader_digests.stop(work, digest)
    if held.presence is not None:
        await work.erase(held.presence)
        replan.follow_person(work, user_id)
    for blocker in held.closed_blockers:
        # Read again: it is written below whatever else of this work changed.
        known = await work.get(Blocker, blocker.id)
        if known is None or known.state is not BlockerState.CLOSED:
            continue
        erased = replace(known, what=ERASED, how="")
        await work.save(erased)
        if _is_shown(work, erased.closed_at):
            await blocker_cards.show(work, erased)


async def _forget_answer(work: Work, told: Told) -> None:
    erased = told.answer.erase()
    await work.save(erased)
    if not _is_shown(work, told.answer.edited_at or told.answer.at):
        return
    round_message.show_answer(work, told.round, erased, None)
    round_message.show(work, await round_message.standing(work, told.round))


def _is_shown(work: Work, at: Any) -> bool:
    return at is not None and work.now - at < SHOWN_WITHIN


def _as_plain(held: Held, by: Person) -> dict[str, Any]:
    presence = held.presence
    return {
        "answers": rows_of(held.answers, lambda _: by.name),
        "asked": [
            {"round": sent.round_id, "asked_at": sent.asked_at.isoformat(), "times": sent.times}
            for sent in held.prompts
        ],
        "digests": [{"stand-up": each.standup_id, "at": f"{each.at:%H:%M}"} for each in held.digests],
        "settings": {
            "zone": presence.zone,
            "holidays": str(presence.place),
            "workdays": list(presence.weekdays),
            "away_until": presence.away_until.isoformat() if presence.away_until else None,
            "away_because": presence.away_because,
            "github_login": presence.github_login,
        }
        if presence
        else None,
        "blockers": [
            {"id": each.id, "what": each.what, "opened_at": each.opened_at.isoformat(), "open": each.is_open}
            for each in (*held.closed_blockers, *held.open_blockers)
        ],
    }
