"""What a round of a stand-up shows: its message, the questions to people, and its digest."""

from dataclasses import dataclass

from bot.domain.blockers import Blocker
from bot.domain.messages import Message
from bot.domain.ports import Work
from bot.domain.standups import Round, StandupAnswer


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a round stands, as its message shows it."""

    round: Round
    answers: tuple[StandupAnswer, ...]  # in order, skips not among them
    skipped: tuple[str, ...]
    blockers: tuple[Blocker, ...]  # aired here, open ones first

    @property
    def open_blockers(self) -> tuple[Blocker, ...]:
        """What still holds somebody up."""
        return tuple(blocker for blocker in self.blockers if blocker.is_open)

    @property
    def in_time(self) -> tuple[str, ...]:
        """Who answered before it was closed."""
        return tuple(answer.user_id for answer in self.answers if not answer.is_late)

    @property
    def late(self) -> tuple[str, ...]:
        """Who answered after it was closed."""
        return tuple(answer.user_id for answer in self.answers if answer.is_late)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who has neither answered nor passed."""
        heard = {answer.user_id for answer in self.answers} | set(self.skipped)
        return tuple(user_id for user_id in self.round.people if user_id not in heard)


async def standing(work: Work, round: Round) -> Standing:
    """Where a round stands now."""
    given = await work.find(StandupAnswer, round_id=round.id, newest_first=False)
    ids = tuple(answer.id for answer in given)
    aired = await work.find(Blocker, answer_id=ids, newest_first=False) if ids else []
    return Standing(
        round,
        tuple(answer for answer in given if not answer.skipped),
        tuple(answer.user_id for answer in given if answer.skipped),
        tuple(sorted(aired, key=lambda blocker: not blocker.is_open)),
    )


def show(work: Work, standing: Standing) -> None:
    """Make the round's message true; once it is closed, its digest too."""
    round, key = standing.round, round_key(standing.round.id)
    context = {"round": round, "standing": standing}
    work.say(Message(key, round.channel, "standup/round", context))
    if not round.is_open and standing.answers:  # a digest of nothing would be noise
        work.say(Message(f"{key}:digest", round.channel, "standup/digest", context, thread_of=key, broadcast=True))


def show_answer(work: Work, round: Round, answer: StandupAnswer, blocker: Blocker | None) -> None:
    """Post somebody's answer in the round's thread, or edit it there."""
    key = round_key(round.id)
    context = {"round": round, "answer": answer, "blocker": blocker}
    reply = f"{key}:answer:{answer.user_id}"
    work.say(Message(reply, round.channel, "standup/answer", context, thread_of=key))


def ask(work: Work, round: Round, user_id: str, answer: StandupAnswer | None) -> None:
    """Ask somebody directly, or make the question say what came of it."""
    context = {"round": round, "answer": answer}
    work.say(Message(f"{round_key(round.id)}:ask:{user_id}", user_id, "standup/prompt", context))


async def refresh(work: Work, answer_id: str | None) -> None:
    """Make the message of the round true in which this answer was given, after its blocker changed."""
    answer = await work.get(StandupAnswer, answer_id) if answer_id else None
    round = await work.get(Round, answer.round_id) if answer else None
    if round is not None:
        show(work, await standing(work, round))


def round_key(round_id: str) -> str:
    """The key of a round's message; also what replies in its thread belong to."""
    return f"round:{round_id}"
