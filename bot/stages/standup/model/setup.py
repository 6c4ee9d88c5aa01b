"""A stand-up as it was set up: who is asked what, on which days, at what o'clock, and what is posted of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core import text_limits
from bot.core.durations import rounded
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.core.wall_clock import WORKDAYS, Schedule, days_shown
from bot.stages.standup.model.questions import USUAL_QUESTIONS, Asks, Question, check
from bot.team.people.model.presence import NOWHERE, Place

NAME_MAX = 60  # characters; it stands in a title beside a date
MEMBERS_MAX = 1_000
WINDOW_MIN, WINDOW_MAX = timedelta(minutes=15), timedelta(hours=23)  # a round ends before the next one begins


class StandupState(StrEnum):
    """Whether it asks."""

    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


class Posting(StrEnum):
    """What the channel sees of the answers, and when."""

    AS_THEY_COME = "as they come"  # each in the round's thread as it is given, and a digest at the end
    AT_THE_END = "at the end"  # all in the thread together with the digest
    DIGEST_ONLY = "digest only"  # nothing but the digest


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything about a stand-up that people choose.

    Attributes:
        people, groups: user ids, and ids of Slack user groups, whose members are followed as they change.
        weekdays, at: the wall-clock schedule (0 is Monday).
        zone: the one zone that it is read in; "" for each member's own.
        window: how long somebody has to answer, from when they are asked.
        remind_before: how long before that ends those who have not answered are reminded; nothing: never.
        lead: user id of whom old blockers are raised to, and who is told what goes wrong.
        raise_after_days: after how many working days a blocker is raised to the lead.
        holidays: whose public holidays members have that named no country of their own.
    """

    name: str
    channel: str
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    questions: tuple[Question, ...] = USUAL_QUESTIONS
    weekdays: tuple[int, ...] = WORKDAYS
    at: time = time(9)
    zone: str = ""
    window: timedelta = timedelta(hours=3)
    remind_before: timedelta | None = timedelta(minutes=30)
    posting: Posting = Posting.AS_THEY_COME
    lead: str = ""
    raise_after_days: int = 3
    holidays: Place = NOWHERE

    @property
    def schedule(self) -> Schedule:
        """Its days and time of day."""
        return Schedule(self.weekdays, self.at)

    @property
    def when(self) -> str:
        """ "Mon–Fri at 09:00 in everyone's own zone"."""
        where = f"in {self.zone}" if self.zone else "in everyone's own zone"
        return f"{days_shown(self.weekdays)} at {self.at:%H:%M} {where}"

    def zone_for(self, own: str) -> str:
        """In which zone somebody is asked whose own zone this is."""
        return self.zone or own

    def question(self, asks: Asks) -> Question | None:
        """The question that is marked so, if there is one."""
        return next((question for question in self.questions if question.asks is asks), None)

    def members(self, everybody: Sequence[Person]) -> list[Person]:
        """Who of these is a member of it."""
        named, groups = frozenset(self.people), frozenset(self.groups)
        # Told apart by ids first: a workspace has thousands of people, and hundreds of stand-ups.
        ours = [each for each in everybody if each.id in named or not each.groups.isdisjoint(groups)]
        return [person for person in ours if person.is_member]

    def checked(self) -> Self:
        """The same, trimmed. Raises ``Refusal`` where it could not be kept to."""
        check(self.questions)
        if not self.weekdays:
            raise Refusal("No day is chosen. Choose at least one day of the week.", field="days")
        if not (self.people or self.groups):
            raise Refusal("Nobody would be asked. Name people, or a Slack user group.", field="people")
        if len(self.people) > MEMBERS_MAX:
            raise Refusal(
                f"That would ask {len(self.people):,} people, and {MEMBERS_MAX:,} is the most.", field="people"
            )
        if not WINDOW_MIN <= self.window <= WINDOW_MAX:
            raise Refusal(
                f"People would have {rounded(self.window)} to answer. Give them between "
                f"{rounded(WINDOW_MIN)} and {rounded(WINDOW_MAX)}.",
                field="window",
            )
        if self.remind_before is not None and not timedelta() < self.remind_before < self.window:
            raise Refusal(
                f"A reminder {rounded(self.remind_before)} before the end would not come after the question: "
                f"people have {rounded(self.window)} to answer. Choose a shorter time, or no reminder.",
                field="reminder",
            )
        name = text_limits.line(self.name, "name", "name")
        if len(name) > NAME_MAX:
            raise Refusal(f"The name has {len(name)} characters, and {NAME_MAX} is the most.", field="name")
        return replace(
            self,
            name=name,
            people=tuple(dict.fromkeys(self.people)),
            groups=tuple(dict.fromkeys(self.groups)),
            weekdays=tuple(sorted(set(self.weekdays))),
            at=self.at.replace(second=0, microsecond=0, tzinfo=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standup:
    """A stand-up that runs by itself.

    Attributes:
        setup: what people chose; changed by ``edit`` only.
        version: goes up with every change that people make, so that two of them at once are noticed.
        changed: names of what the last change changed, for whoever was about to change it as well.
        next_on, last_on: the next day to be planned, and the last one that was; nothing where there is none.
        plan_job, plan_at: key of the job that plans ``next_on``, and when it is due; nothing where there is none.
        untold: days of which nobody could be asked, since the bot was down, and of which the channel was not told.
        seeded_as: its name in the team file, where it came from there; "" otherwise.
        edited_in_slack: the team file does not change it any more.
        questions_given: how many question ids were ever given.
    """

    PREFIX: ClassVar[str] = "U"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "seeded_as")

    setup: Setup
    made_by: str
    made_at: datetime
    state: StandupState = StandupState.ACTIVE
    version: int = 1
    edited_by: str = ""
    edited_by_name: str = ""
    edited_at: datetime | None = None
    changed: tuple[str, ...] = ()
    next_on: date | None = None
    last_on: date | None = None
    plan_job: str = ""
    plan_at: datetime | None = None
    untold: tuple[date, ...] = ()
    seeded_as: str = ""
    edited_in_slack: bool = False
    questions_given: int = len(USUAL_QUESTIONS)
    id: str = ""

    @classmethod
    def make(cls, setup: Setup, by: str, at: datetime, seeded_as: str = "") -> Self:
        """A new one, active. Raises ``Refusal`` where it could not be kept to."""
        given = max((int(question.id[1:]) for question in setup.questions), default=0)
        # Named after its seed, so that two replicas that start together cannot both make it.
        id = f"{cls.PREFIX}-{re.sub(r'[^a-z0-9]+', '-', seeded_as.casefold()).strip('-')}" if seeded_as else ""
        return cls(setup=setup.checked(), made_by=by, made_at=at, seeded_as=seeded_as, questions_given=given, id=id)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.setup.name

    @property
    def channel(self) -> str:
        """Where its rounds are posted."""
        return self.setup.channel

    @property
    def is_active(self) -> bool:
        """Whether it asks."""
        return self.state is StandupState.ACTIVE

    @property
    def subject(self) -> Subject:
        """How the ledger names it."""
        return Subject("standup", self.id)

    def edit(self, setup: Setup, by: Person | None, at: datetime, seen: int | None = None) -> Self:
        """The stand-up with another setup; itself where nothing changes.

        ``by`` nobody is the team file. ``seen`` is the version that whoever edits it had before their eyes.
        Raises ``ChangedMeanwhile`` where it was changed since, ``Stale`` where it is deleted, and ``Refusal``
        where the setup could not be kept to.
        """
        self._must_be_there()
        if seen is not None and seen != self.version:
            what = ", ".join(self.changed) or "it"
            raise ChangedMeanwhile(what, self.edited_by_name or "The team file", self)
        checked = setup.checked()
        changed = _differences(self.setup, checked)
        if not changed:
            return self
        given = max(self.questions_given, *(int(question.id[1:]) for question in checked.questions))
        moved = checked.schedule != self.setup.schedule or checked.zone != self.setup.zone
        # Moved, its next day is looked for anew: it is not late where its new time of today has passed.
        return replace(
            (self.plan_next(None) if moved else self)._touched(by, at, changed),
            setup=checked,
            questions_given=given,
            edited_in_slack=self.edited_in_slack or by is not None,
        )

    def pause(self, by: Person, at: datetime) -> Self:
        """It asks nobody until it is resumed. Raises ``Stale`` where that is so already."""
        self._must_be_there()
        if self.state is StandupState.PAUSED:
            raise Stale(f"“{self.name}” is paused already. “/standup resume {self.id}” lets it ask again.")
        return replace(self._touched(by, at, ("paused",)), state=StandupState.PAUSED).plan_next(None)

    def resume(self, by: Person, at: datetime) -> Self:
        """It asks again. Raises ``Stale`` where it does so already."""
        self._must_be_there()
        if self.state is StandupState.ACTIVE:
            raise Stale(f"“{self.name}” is not paused. “/standup preview {self.id}” shows when it asks next.")
        return replace(self._touched(by, at, ("resumed",)), state=StandupState.ACTIVE)

    def delete(self, by: Person, at: datetime) -> Self:
        """It never asks again; its rounds and answers stay. Raises ``Stale`` where it is deleted already."""
        self._must_be_there()
        return replace(self._touched(by, at, ("deleted",)), state=StandupState.DELETED).plan_next(None)

    def plan_next(self, day: date | None, at: datetime | None = None) -> Self:
        """The same, with the next day that is to be planned, if any, and when; its job is named after it."""
        key = f"standup.plan:{self.id}:{day}:{self.version}" if day else ""
        return replace(self, next_on=day, plan_job=key, plan_at=at)

    def planned(self, day: date, untold: tuple[date, ...] = ()) -> Self:
        """The same after this day was planned, with the days of which the channel is still to be told."""
        return replace(self.plan_next(None), last_on=day, untold=untold)

    def _touched(self, by: Person | None, at: datetime, changed: tuple[str, ...]) -> Self:
        return replace(
            self,
            version=self.version + 1,
            edited_by=by.id if by else "",
            edited_by_name=by.name if by else "",
            edited_at=at,
            changed=changed,
        )

    def _must_be_there(self) -> None:
        if self.state is StandupState.DELETED:
            raise Stale(f"“{self.name}” was deleted. “/standup new” sets up another one.")


class ChangedMeanwhile(Stale):
    """Somebody else changed the stand-up while a form was open; ``now`` is what it is now."""

    def __init__(self, what: str, who: str, now: Standup) -> None:
        super().__init__(
            f"{who} changed {what} of “{now.name}” while you were editing, so nothing of yours was saved. "
            f"Open it again with “/standup edit {now.id}”; you then see it as it is now."
        )
        self.now = now


LABELS: Mapping[str, str] = {
    "people": "people",
    "groups": "user groups",
    "weekdays": "days",
    "at": "time",
    "remind_before": "reminder",
    "raise_after_days": "when blockers are raised",
}


def _differences(before: Setup, after: Setup) -> tuple[str, ...]:
    return tuple(
        LABELS.get(name, name)
        for name in Setup.__dataclass_fields__
        if getattr(before, name) != getattr(after, name)
    )
