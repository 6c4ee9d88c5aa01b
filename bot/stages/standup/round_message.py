"""What a round of a stand-up shows in its channel: its message, the answers in its thread, and its digest."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.messages import Message
from bot.core.ports import Work
from bot.stages.code.model.blocker import Blocker
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Prompt, Round
from bot.stages.standup.model.setup import Posting


@dataclass(frozen=True, slots=True)
class Later:
    """Somebody who is asked later, and what their own clock shows then."""

    user_id: str
    at: datetime
    their_time: str

    @classmethod
    def of(cls, prompt: Prompt) -> "Later":
        """As it is planned."""
        return cls(prompt.user_id, prompt.at, f"{prompt.at.astimezone(ZoneInfo(prompt.zone)):%H:%M}")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a round stands, as its message shows it; ``at`` is when that was."""

    round: Round
    answers: tuple[StandupAnswer, ...]  # in order, skips not among them
    skipped: tuple[str, ...]
    blockers: tuple[Blocker, ...]  # aired here, open ones first
    at: datetime | None = None

    @property
    def open_blockers(self) -> tuple[Blocker, ...]:
        """What still holds somebody up."""
        return tuple(blocker for blocker in self.blockers if blocker.is_open)

    @property
    def in_time(self) -> tuple[str, ...]:
        """Who answered in their time."""
        return tuple(answer.user_id for answer in self.answers if not answer.is_late)

    @property
    def late(self) -> tuple[str, ...]:
        """Who answered after their time."""
        return tuple(answer.user_id for answer in self.answers if answer.is_late)

    @property
    def silent(self) -> tuple[str, ...]:
        """Who has neither answered nor passed, asked or not."""
        heard = {answer.user_id for answer in self.answers} | set(self.skipped)
        return tuple(user_id for user_id in self.round.people if user_id not in heard)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who was asked and has neither answered nor passed."""
        not_asked = {*self.round.missed, *(later.user_id for later in self.later)}
        return tuple(user_id for user_id in self.silent if user_id not in not_asked)

    @property
    def later(self) -> tuple[Later, ...]:
        """Who is asked later, the next ones first."""
        if self.at is None or not self.round.is_open:
            return ()
        silent = set(self.silent) - set(self.round.missed)
        ahead = [prompt for prompt in self.round.prompts if prompt.at > self.at and prompt.user_id in silent]
        return tuple(Later.of(prompt) for prompt in ahead)

    @property
    def missed(self) -> tuple[str, ...]:
        """Who could not be asked in time, and has not answered all the same."""
        silent = set(self.silent)
        return tuple(user_id for user_id in self.round.missed if user_id in silent)

    @property
    def away(self) -> tuple[str, ...]:
        """Members who are not asked on this day, and have not joined by themselves."""
        return tuple(each.user_id for each in self.round.absent if each.user_id not in self.round.people)

    @property
    def has_news(self) -> bool:
        """Whether a digest has anything to say."""
        return bool(self.answers or self.round.missed or self.round.missed_before)


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
        work.now,
    )


def show(work: Work, standing: Standing) -> None:
    """Make the round's message true; once it is closed, its digest too."""
    round, key = standing.round, round_key(standing.round.id)
    context = {"round": round, "standing": standing}
    work.say(Message(key, round.channel, "standup/round", context))
    if not round.is_open and standing.has_news:  # a digest of nothing would be noise
        work.say(Message(f"{key}:digest", round.channel, "standup/digest", context, thread_of=key, broadcast=True))


def show_answer(work: Work, round: Round, answer: StandupAnswer, blocker: Blocker | None) -> None:
    """Post somebody's answer in the round's thread, or edit it there, as far as the stand-up posts answers now."""
    if round.posting is Posting.DIGEST_ONLY or (round.posting is Posting.AT_THE_END and round.is_open):
        return
    key = round_key(round.id)
    context = {"round": round, "answer": answer, "blocker": blocker}
    reply = f"{key}:answer:{answer.user_id}"
    work.say(Message(reply, round.channel, "standup/answer", context, thread_of=key))


def show_all_answers(work: Work, standing: Standing) -> None:
    """Post what was held back until the end."""
    if standing.round.posting is Posting.AT_THE_END:
        by_answer = {blocker.answer_id: blocker for blocker in standing.blockers if blocker.is_open}
        for answer in standing.answers:
            show_answer(work, standing.round, answer, by_answer.get(answer.id))


async def refresh(work: Work, answer_id: str | None) -> None:
    """Make the message of the round true in which this answer was given, after its blocker changed."""
    answer = await work.get(StandupAnswer, answer_id) if answer_id else None
    round = await work.get(Round, answer.round_id) if answer else None
    if round is not None:
        show(work, await standing(work, round))


def round_key(round_id: str) -> str:
    """The key of a round's message; also what replies in its thread belong to."""
    return f"round:{round_id}"
