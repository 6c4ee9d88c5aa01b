"""A release: what a version brings, written for people, agreed to, published once, and corrected when it is undone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Self

from bot.core.approvals import Approval, Decision
from bot.core.people import Person
from bot.core.refusals import NotAllowed, Refusal, Stale
from bot.stages.release.model import release_state
from bot.stages.release.model.draft import Brought, Drafted
from bot.stages.release.model.notes import Line, Notes, Voice, edited
from bot.stages.release.model.release_state import Plan, Post, ReleaseState, Strike, standing
from bot.stages.release.model.rules import Activity, ReleaseRules

APPROVALS_LAST = timedelta(days=90)
EMPTY: Mapping[Voice, Notes] = {voice: Notes() for voice in Voice}


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Notes for one version of one service.

    ``since`` and ``until`` are the refs that bound it, as asked for and, once drafted, as they were found; ``sha`` is
    the commit of ``until``, ``changes`` are ids such as "C-41", ``caveats`` say what could not be relied on.
    ``audiences`` are those of the team file that get the notes; none named means all of them.
    """

    PREFIX: ClassVar[str] = "R"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "version", "service+state", "service")

    service: str
    asked_by: str
    asked_name: str
    asked_at: datetime
    since: str = ""
    until: str = ""
    version: str = ""
    sha: str | None = None
    commits: int = 0
    folded: int = 0
    changes: tuple[str, ...] = ()
    brought: tuple[Brought, ...] = ()
    caveats: tuple[str, ...] = ()
    notes: Mapping[Voice, Notes] = field(default_factory=lambda: dict(EMPTY))
    state: ReleaseState = ReleaseState.DRAFTING
    id: str = ""
    drafted_at: datetime | None = None
    edited_by: str = ""  # who changed it last
    fell_away: int = 0  # approvals that ended with that
    audiences: tuple[str, ...] = ()
    activities: tuple[Activity, ...] = ()
    approval: Approval | None = None
    plan: Plan | None = None
    planned: int = 0  # how often it was scheduled
    published_at: datetime | None = None
    published_by: str = ""
    published_name: str = ""
    late_by: timedelta | None = None  # where it was to be published earlier
    posts: tuple[Post, ...] = ()
    strikes: tuple[Strike, ...] = ()
    corrections: int = 0  # how often it was corrected
    on_host: str = ""  # the voice in which the code host is to show it; it does once there is a ``host_url``
    host_url: str = ""

    @property
    def name(self) -> str:
        """ "web v1.4.0", or "web" until the version is known."""
        return f"{self.service} {self.version}".strip()

    @property
    def is_published(self) -> bool:
        """Whether people have read it."""
        return self.state is ReleaseState.PUBLISHED

    @property
    def numbers(self) -> dict[int, Line]:
        """The line that tells best of each change: the engineers', or whoever has one."""
        found: dict[int, Line] = {}
        for voice in Voice:
            for line in self.shown(voice).lines:
                found.setdefault(line.number, line)
        return dict(sorted(found.items()))

    @property
    def missing(self) -> tuple[Activity, ...]:
        """What has to be ticked before it is published."""
        return tuple(activity for activity in self.activities if activity.holds_up)

    @property
    def struck(self) -> frozenset[int]:
        """Numbers of the changes that are not live."""
        return frozenset(number for strike in self.strikes for number in strike.numbers)

    @property
    def causes(self) -> tuple[Strike, ...]:
        """Why something is not live: the newest strike of each cause."""
        return release_state.causes(self.strikes)

    def struck_for(self, why: str) -> frozenset[int]:
        """Numbers of those that are struck for this reason, whatever else there is."""
        return frozenset(number for strike in self.strikes if strike.why == why for number in strike.numbers)

    def shown(self, voice: Voice) -> Notes:
        """The notes in this voice, with what is not live struck through."""
        notes = self.notes.get(voice, Notes())
        return notes.struck(self.struck) if self.strikes else notes

    def drafted(
        self,
        drafted: Drafted,
        *,
        since: str,
        until: str,
        version: str,
        sha: str,
        commits: int,
        changes: Sequence[str],
        rules: ReleaseRules,
        at: datetime,
        caveats: Sequence[str] = (),
    ) -> Self:
        """With its notes. Raises ``Stale`` where it has them already."""
        self.must_be(ReleaseState.DRAFTING, at=at)
        asked = Approval(self.asked_by, rules.approvals, at + APPROVALS_LAST) if rules.approvals else None
        return replace(
            self,
            since=since,
            until=until,
            version=version,
            sha=sha,
            commits=commits,
            folded=drafted.folded,
            changes=tuple(changes),
            brought=drafted.brought,
            caveats=tuple(caveats),
            notes=dict(drafted.notes),
            state=ReleaseState.DRAFT,
            drafted_at=at,
            activities=rules.activities,
            approval=asked,
        )

    def failed(self, at: datetime) -> Self:
        """Without notes, as they could not be made."""
        self.must_be(ReleaseState.DRAFTING, at=at)
        return replace(self, state=ReleaseState.FAILED)

    def edited(
        self, texts: Mapping[Voice, str], version: str, audiences: Iterable[str], by: str, at: datetime
    ) -> Self:
        """With the notes as a person left them, for whom they left them; what was agreed to before is to be again.

        Raises ``Stale``, and ``Refusal`` where nothing is left.
        """
        self.must_be(ReleaseState.DRAFT, at=at)
        written = dict(self.notes)
        next_number = 1 + max((line.number for notes in written.values() for line in notes.lines), default=0)
        next_number = max(next_number, len(self.brought) + 1)
        for voice, text in texts.items():
            written[voice] = edited(written.get(voice, Notes()), text, next_number)
            next_number = 1 + max((next_number - 1, *(line.number for line in written[voice].lines)))
        if not any(notes.count for notes in written.values()):
            raise Refusal("Nothing is left of the notes. Leave at least one line.")
        return self._changed(written, by, version.strip(), tuple(audiences))

    def says(self, number: int, text: str, by: str, at: datetime) -> Self:
        """With the customers' line of one change, as its author wrote it. Raises ``Stale`` where it is no draft."""
        self.must_be(ReleaseState.DRAFT, at=at)
        written = {**self.notes}
        written[Voice.CUSTOMERS] = written.get(Voice.CUSTOMERS, Notes()).with_line("", Line(text, number))
        return self._changed(written, by, self.version, self.audiences)

    def decide(self, by: Person, at: datetime) -> Self:
        """With one more person's yes. Raises ``Stale``, ``NotAllowed``, and ``Refusal`` where nobody is asked.

        Whoever changed it last counts as little as whoever asked for it.
        """
        self.must_be(ReleaseState.DRAFT, at=at)
        if self.approval is None:
            raise Refusal(
                f"The notes of {self.name} need nobody's approval. “/release publish {self.id}” posts them."
            )
        if self.approval.missing and by.id == self.edited_by != self.asked_by:
            raise NotAllowed(
                f"You changed the notes of {self.name} last, so somebody else has to agree. "
                f"Ask a colleague to press the button; {self.asked_name}, who asked for them, does not count either."
            )
        decided = self.approval.decide(Decision.APPROVE, by, at, f"the notes of {self.name}")
        return replace(self, approval=decided)

    def without(self, people: Collection[str]) -> Self:
        """Without the yes of these, who are not here any more."""
        return replace(self, approval=self.approval.without(people) if self.approval else None)

    def tick(self, number: int, by: Person, at: datetime, *, is_done: bool) -> Self:
        """With line ``number`` (from 1) of the check-list ticked, or open again. Raises ``Refusal``, ``Stale``."""
        if not 1 <= number <= len(self.activities):
            lines = f"it has {len(self.activities)}" if self.activities else "it has none"
            raise Refusal(f"{self.id} has no line {number} in its check-list; {lines}.", field="activity")
        before = self.activities[number - 1]
        if before.is_before and self.published_at is not None:
            self.must_be(ReleaseState.DRAFT, at=at)
        changed = before.tick(by, at) if is_done else before.untick()
        return replace(self, activities=(*self.activities[: number - 1], changed, *self.activities[number:]))

    def schedule(self, at: datetime, by: Person, now: datetime) -> Self:
        """To be published by itself. Raises ``Stale``, and ``Refusal`` where nothing can be read."""
        self.must_be(ReleaseState.DRAFT, at=now)
        self._must_say_something()
        turn = self.planned + 1
        return replace(self, plan=Plan(at, by.id, by.name, turn), planned=turn)

    def unschedule(self, now: datetime) -> Self:
        """Not to be published by itself. Raises ``Stale`` where it was not to be."""
        self.must_be(ReleaseState.DRAFT, at=now)
        if self.plan is None:
            raise Stale(f"{self.id} {self.name} is not scheduled.")
        return replace(self, plan=None)

    def publish(
        self, by: str, name: str, places: Sequence[Post], at: datetime, late_by: timedelta | None = None
    ) -> Self:
        """Published, once, in those of the places whose voice has something to say.

        Raises ``Stale``, and ``Refusal`` where something has to come before.
        """
        self.must_be(ReleaseState.DRAFT, at=at)
        self._must_say_something()
        if self.missing:
            open_ones = ", ".join(f"“{activity.what}”" for activity in self.missing)
            raise Refusal(f"{self.id} is not ready: {open_ones} must be ticked on its card first.")
        if self.approval is not None and not self.approval.is_given:
            nor = ", nor of whoever changed them last" if self.edited_by not in ("", self.asked_by) else ""
            raise Refusal(
                f"The notes of {self.name} need {self.approval.missing} more approval(s), not {self.asked_name}'s own"
                f"{nor}. Others give it with “/release approve {self.id}” or on its card."
            )
        posts = tuple(post for post in dict.fromkeys(places) if self.notes.get(post.voice, Notes()).count)
        if not posts:
            voices = " and ".join(dict.fromkeys(post.voice.value for post in places)) or "any audience"
            raise Refusal(f"{self.id} has no line for {voices}. Write one with “/release edit {self.id}” first.")
        return replace(
            self,
            state=ReleaseState.PUBLISHED,
            published_at=at,
            published_by=by,
            published_name=name,
            late_by=late_by,
            posts=posts,
        )

    def strike(self, strike: Strike) -> Self:
        """With lines struck through; itself where they all are for this cause already."""
        return self._with_strikes(release_state.struck(self.strikes, strike))

    def lift(self, numbers: Iterable[int], why: str, cause: str = "") -> Self:
        """Not struck for this reason (by this cause): live where no other is left; itself where there is none."""
        return self._with_strikes(release_state.lifted(self.strikes, numbers, why, cause))

    def to_write(self, voice: Voice) -> Self:
        """To be on the code host in this voice."""
        return replace(self, on_host=voice.value)

    def written(self, voice: Voice, url: str) -> Self:
        """On the code host, in this voice."""
        return replace(self, on_host=voice.value, host_url=url)

    def must_be_draft(self, at: datetime) -> None:
        """Raises ``Stale`` where its words cannot be changed (any more)."""
        self.must_be(ReleaseState.DRAFT, at=at)

    def must_be_written(self, at: datetime) -> None:
        """Raises ``Stale`` where it has no notes (yet)."""
        if not self.is_published:
            self.must_be(ReleaseState.DRAFT, at=at)

    def _with_strikes(self, strikes: tuple[Strike, ...]) -> Self:
        if strikes == self.strikes:
            return self
        return replace(self, strikes=strikes, corrections=self.corrections + 1)

    def _changed(self, notes: Mapping[Voice, Notes], by: str, version: str, audiences: tuple[str, ...]) -> Self:
        is_for_same = frozenset(audiences) == frozenset(self.audiences)
        if notes == self.notes and version in ("", self.version) and is_for_same:
            return self
        changed = replace(self, notes=notes, version=version or self.version, edited_by=by, audiences=audiences)
        if self.approval is None:
            return changed
        return replace(changed, approval=self.approval.without_votes(), fell_away=len(self.approval.approvals))

    def _must_say_something(self) -> None:
        if not any(notes.count for notes in self.notes.values()):
            raise Refusal(f"The notes of {self.name} are empty. Write a line with “/release edit {self.id}” first.")

    def must_be(self, state: ReleaseState, *, at: datetime) -> None:  # else ``Stale``, with where it stands
        if self.state is not state:
            said = standing(self.state, at, self.asked_name, self.published_name, self.published_at, self.posts)
            raise Stale(f"{self.id} {self.name} {said}.")
