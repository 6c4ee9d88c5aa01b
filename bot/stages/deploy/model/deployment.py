"""What a deployment is and how it moves: asked for, approved, run once, and never said to be what it is not."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Self, Unpack

from bot.core.approvals import Approval, Decision
from bot.core.durations import rounded
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.core.team import Environment
from bot.core.versions import must_be_nameable
from bot.stages.deploy.model.button_binding import Seen
from bot.stages.deploy.model.changes_shipped import Ships, Version
from bot.stages.deploy.model.deployment_state import State, standing
from bot.stages.deploy.model.ports import Finished
from bot.stages.deploy.model.request_fields import About, yeses_needed
from bot.stages.deploy.model.run_elsewhere import Carried

TAIL_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One version of one service on its way to one environment.

    Every transition returns it as it is afterwards, or raises ``Stale`` with where it stands. ``run`` counts how often
    its command was started; only the run that is under way may say how it ended.

    Attributes:
        sha: the commit that everything is about: what was approved is what the command gets.
        through_app: an app wrote the request, in the name of ``asked_by``.
        rolls_back: the deployment that this one takes back; ``unapproved``: why that needs a yes all the same.
        overrides: the freeze that those who approve let it pass, the one that began at ``overrides_since``.
        fixes: the incident that it is to end, for which it passes rules while that is open.
        moved_from: the commit that it was about before the ref moved; ``fell_away``: approvals that ended with it.
        sent_back: how often it went back to those who approve, as its ref or image had moved when its turn came.
        called: what whoever carries it out is told as its version: its name where that is a tag which stands at
            the commit, else the commit; "" before its start.
        asked: who was asked to decide by direct message; ``told_next``: whoever asked was told that they are next.
        alerts: groups that began to fire while it is watched; ``ended_by``: who refused, cancelled, or told its end.
        carried: its run, where somebody else carries it out; ``reference``: what they call it.
        note: how it ended, in the words of who carried it out; of an approved one, what holds or held it.
        artifact: the digest of what its version is called in the registry; ``artifact_was``: before it was pushed anew.
        reported_by: the source that told us of what nobody asked us for; ``seen_by``: by whose word alone it is live.
    """

    PREFIX: ClassVar[str] = "D"
    FOUND_BY: ClassVar[tuple[str, ...]] = (
        *("service", "state", "reference", "service+state", "environment+state", "sha+state"),
        *("service+environment", "service+environment+state", "service+environment+version+state"),
    )

    service: str
    version: str
    environment: str
    asked_by: str
    asked_name: str
    asked_at: datetime
    approval: Approval
    id: str = ""
    state: State = State.WAITING
    sha: str | None = None
    because: str = ""
    ships: Ships = field(default_factory=Ships)
    before: Version | None = None
    rolls_back: str = ""
    unapproved: str = ""
    overrides: str = ""
    overrides_since: datetime | None = None
    fixes: str = ""
    moved_from: str = ""
    fell_away: int = 0
    sent_back: int = 0
    called: str = ""
    asked: tuple[str, ...] = ()
    through_app: bool = False
    alerts: tuple[str, ...] = ()
    told_next: bool = False
    queued_at: datetime | None = None
    run: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    exit_code: int | None = None
    timed_out: bool = False
    tail: tuple[str, ...] = ()
    stop_asked_by: str = ""
    carried: Carried | None = None
    reference: str = ""
    note: str = ""
    reported_by: str = ""
    seen_by: str = ""
    artifact: str = ""
    artifact_was: str = ""

    @classmethod
    def ask(
        cls,
        service: str,
        version: str,
        environment: Environment,
        by: Person,
        at: datetime,
        *,
        not_by: str = "",
        **about: Unpack[About],
    ) -> Self:
        """A new request; it is queued at once where nobody has to approve it. Raises ``Refusal`` for no version."""
        must_be_nameable(version)
        given: About = {**about, "because": about.get("because", "").strip()}
        needed = yeses_needed(environment.approvals, given)
        return cls(
            service=service,
            version=version,
            environment=environment.name,
            asked_by=by.id,
            asked_name=by.name,
            asked_at=at,
            approval=Approval(by.id, needed, at + environment.expires_after, not_by=not_by),
            state=State.WAITING if needed else State.QUEUED,
            queued_at=None if needed else at,
            **given,
        )

    @property
    def what(self) -> str:
        """ "web v1.4.0 to production"."""
        return f"{self.service} {self.version} to {self.environment}"

    @property
    def bound(self) -> str:
        """Itself and what it is about, as its buttons carry them: whoever clicks means this."""
        return self.bound_with(None)

    def bound_with(self, red: Iterable[str] | None) -> str:
        """The same, with the checks that are red where they are shown."""
        return f"{self.id} {Seen.now(self.sha or '', self.artifact, red if self.sha else None)}".strip()

    @property
    def took(self) -> timedelta | None:
        """How long the last run took, once it has ended."""
        return self.ended_at - self.started_at if self.ended_at and self.started_at else None

    @property
    def run_name(self) -> str:
        """Names one start of it: ``D-12/1``."""
        return f"{self.id}/{self.run}"

    def decide(self, decision: Decision, by: Person, at: datetime) -> Self:
        """With one more vote: refused, queued when nothing is missing any more, or still waiting."""
        self.must_be(State.WAITING, at=at)
        approval = self.approval.decide(decision, by, at, self.what, self.sha or "")
        if decision is Decision.REFUSE:
            return replace(self, approval=approval, state=State.REFUSED, ended_at=at, ended_by=by.id)
        now = replace(self, approval=approval)
        return replace(now, state=State.QUEUED, queued_at=at) if approval.is_given else now

    def override(
        self, where: Environment, by: Person, at: datetime, not_by: str = "", **passes: Unpack[About]
    ) -> Self:
        """Asked for anew, to pass more: votes from before it count no more, and one other person must say yes."""
        self.must_be(State.WAITING, State.QUEUED, at=at)
        needed = max(where.approvals, 1)
        return replace(
            self,
            **passes,
            asked_by=by.id,
            asked_name=by.name,
            approval=Approval(by.id, needed, at + where.expires_after, not_by=not_by),
            state=State.WAITING,
            queued_at=None,
        )

    def alerted(self, alert: str) -> Self:
        """With an alert that began to fire while it is watched; itself where that is noted already."""
        return self if alert in self.alerts else replace(self, alerts=(*self.alerts, alert))

    def expire(self, at: datetime) -> Self:
        """Lapsed, as nobody decided in time."""
        self.must_be(State.WAITING, at=at)
        if not self.approval.has_lapsed(at):
            raise Stale(f"{self.what} can be decided for {rounded(self.approval.expires_at - at)} more.")
        return replace(self, state=State.EXPIRED, ended_at=at)

    def lapse(self, held_by: str, at: datetime) -> Self:
        """Lapsed, as it was held until its approval was too old; ``held_by`` says what held it last."""
        self.must_be(State.QUEUED, at=at)
        return replace(self, state=State.EXPIRED, ended_at=at, note=held_by)

    def cancel(self, by: str, at: datetime) -> Self:
        """Cancelled before it starts; while the command runs, it is only asked to stop."""
        self.must_be(State.WAITING, State.QUEUED, State.RUNNING, at=at)
        if self.state is State.RUNNING:
            if self.stop_asked_by:
                raise Stale(f"{self.what} is being stopped already.")
            return replace(self, stop_asked_by=by)
        return replace(self, state=State.CANCELLED, ended_at=at, ended_by=by)

    def start(
        self,
        at: datetime,
        before: Version | None,
        carried: Carried | None = None,
        reference: str = "",
        called: str = "",
    ) -> Self:
        """Running, for the first time or once more; ``before`` is what is live there until it succeeds.

        ``reference`` is given where what they will call it is known before they are asked.
        """
        self.must_be(State.QUEUED, at=at)
        return replace(
            self,
            state=State.RUNNING,
            before=before if before is None or not before.is_same(self.version, self.sha) else self.before,
            called=called or self.sha or self.version,
            run=self.run + 1,
            started_at=at,
            ended_at=None,
            ended_by="",
            exit_code=None,
            timed_out=False,
            tail=(),
            stop_asked_by="",
            carried=carried,
            reference=reference,
            note="",
        )

    def carry(self, run: int, carried: Carried, at: datetime, reference: str = "") -> Self:
        """With what is known by now of its run elsewhere. Raises ``Stale`` where that run is over."""
        self.must_be(State.RUNNING, State.UNKNOWN, at=at)
        self._must_run(run)
        return replace(self, carried=carried, reference=reference or self.reference)

    def finish(self, run: int, finished: Finished, tail: Iterable[str], at: datetime) -> Self:
        """How this run ended. Another run, or a person, may have had the last word before: then ``Stale``."""
        self.must_be(State.RUNNING, State.UNKNOWN, at=at)
        self._must_run(run)
        # What ran here was ended by us; what runs elsewhere may have gone live before they heard of it.
        is_stopped = self.stop_asked_by and self.carried is None
        return replace(
            self,
            state=State.SUCCEEDED if finished.ok and not is_stopped else State.FAILED,
            ended_at=at,
            exit_code=finished.code,
            timed_out=finished.timed_out,
            tail=tuple(tail)[-TAIL_LINES:],
            note=finished.note,
        )

    def mend(self, note: str, at: datetime) -> Self:
        """Live after all: it was run again where it was carried out, or was said too early to have failed."""
        self.must_be(State.FAILED, at=at)
        mended = replace(self, state=State.SUCCEEDED, ended_at=at, ended_by="", note=note)
        return replace(mended, exit_code=None, timed_out=False)

    def without(self, people: Collection[str], at: datetime) -> Self:
        """Without the votes of these, who are not here any more."""
        self.must_be(State.WAITING, at=at)
        return replace(self, approval=self.approval.without(people))

    def lose(self, at: datetime) -> Self:
        """Unknown: whoever ran it is gone, or silent, and did not say how it ended."""
        self.must_be(State.RUNNING, at=at)
        return replace(self, state=State.UNKNOWN)

    def settle(self, *, is_live: bool, by: str, at: datetime) -> Self:
        """What a person saw, where we could not see how it ended."""
        self.must_be(State.UNKNOWN, at=at)
        return replace(self, state=State.SUCCEEDED if is_live else State.FAILED, ended_at=at, ended_by=by)

    def again(self, at: datetime) -> Self:
        """Queued once more on its approval, if that has not lapsed. Raises ``Refusal`` where nobody asked us for it."""
        self.must_be(State.FAILED, State.UNKNOWN, at=at)
        if self.reported_by:
            how = f'Ask with "/deploy {self.what}".'
            raise Refusal(f"{self.id} was not asked for here, so nobody approved it. {how}")
        if self.approval.needed and self.approval.has_lapsed(at):
            raise Stale(
                f"The approval of {self.what} ended {rounded(at - self.approval.expires_at)} ago. "
                f'Ask for a new one with "/deploy {self.what}".'
            )
        return replace(self, state=State.QUEUED, queued_at=at)

    def standing(self, at: datetime) -> str:
        """Where it stands, as a sentence."""
        return f"{self.what} {standing(self.state, self.approval, at, self.started_at, self.ended_at, self.note)}."

    def _must_run(self, run: int) -> None:
        if run != self.run:
            raise Stale(f"Run {run} of {self.what} is over; run {self.run} is under way.")

    def must_be(self, *states: State, at: datetime) -> None:
        """Raises ``Stale``, with where it stands, unless it is in one of these states."""
        if self.state not in states:
            raise Stale(f"{self.standing(at)} Its card in the deploy channel shows it as it is.")
