"""A question to somebody as it was sent: when, how late, put off until when; kept to ask nobody twice."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from bot.core.refusals import Refusal, Stale
from bot.stages.standup.model.round import Round

SNOOZE = timedelta(minutes=30)
SNOOZE_LEAVES = timedelta(minutes=5)  # to answer in, after the last time that somebody is asked
LATE = timedelta(minutes=2)  # a question that comes this long after its time says so
QUIET = timedelta(minutes=15)  # after a question nobody is reminded of it


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPrompt:
    """Somebody was asked in a round. Its id is ``<round>/<user id>``.

    Attributes:
        asked_at: when they were asked last.
        until: until when they can answer in time.
        zone: in which zone that was planned; "" where it was not.
        late_by: how late they were asked at first, where that is worth saying.
        times: how often they were asked: once, and once more after each snooze.
        snoozed_until: when they are asked again.
        reminded: whether they were reminded before the end.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("round_id", "user_id", "round_id+was_late")

    id: str
    round_id: str
    user_id: str
    asked_at: datetime
    until: datetime
    zone: str = ""
    late_by: timedelta | None = None
    was_late: bool = False
    times: int = 1
    snoozed_until: datetime | None = None
    reminded: bool = False

    @classmethod
    def send(cls, round: Round, user_id: str, at: datetime) -> Self:
        """The first question to somebody in a round; it is late where it comes long after its planned time."""
        prompt = round.prompt_for(user_id)
        late = at - prompt.at if prompt else timedelta()
        return cls(
            id=prompt_id(round.id, user_id),
            round_id=round.id,
            user_id=user_id,
            asked_at=at,
            until=round.until(user_id),
            zone=prompt.zone if prompt else "",
            late_by=late if late > LATE else None,
            was_late=late > LATE,
        )

    def snooze(self, times: int, at: datetime) -> Self:
        """To be asked again in a while, but within their time.

        ``times`` is which question they snooze. Raises ``Stale`` where that one was snoozed before, ``Refusal``
        where too little is left.
        """
        if times != self.times or self.snoozed_until is not None:
            raise Stale("You have put this off already; I ask again. “/standup answer” answers before that.")
        last = self.until - SNOOZE_LEAVES
        if last <= at:
            raise Refusal("The time to answer is nearly over, so I cannot ask later. Answer now, or skip today.")
        return replace(self, snoozed_until=min(at + SNOOZE, last))

    @property
    def ask_next_at(self) -> datetime:
        """When they are asked again, where they put it off; else when they were asked last."""
        return self.snoozed_until or self.asked_at

    def ask_again(self, at: datetime) -> Self:
        """Asked once more, after a snooze."""
        return replace(self, times=self.times + 1, asked_at=at, snoozed_until=None)

    def remind(self, at: datetime) -> Self | None:
        """Reminded before the end; nothing where they were asked just now, or will be."""
        soon = self.snoozed_until is not None and self.snoozed_until > at
        if self.reminded or soon or at - self.asked_at < QUIET:
            return None
        return replace(self, reminded=True)


def prompt_id(round_id: str, user_id: str) -> str:
    """The id under which it is kept that somebody was asked in a round."""
    return f"{round_id}/{user_id}"


def greeting(at: datetime, zone: str) -> str:
    """ "Good morning" in this zone at this instant; "Hello" where it is night, or nobody knows."""
    if not zone:
        return "Hello"
    hour = at.astimezone(ZoneInfo(zone)).hour
    for begins, ends, words in ((5, 12, "Good morning"), (12, 18, "Good afternoon"), (18, 23, "Good evening")):
        if begins <= hour < ends:
            return words
    return "Hello"
