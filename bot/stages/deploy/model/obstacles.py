"""What keeps a deployment from being approved or from starting, rule by rule, each with the name it can be found by."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.core.durations import rounded
from bot.core.events import RunState
from bot.core.incident_severity import IncidentSeverity
from bot.core.refusals import Refusal
from bot.core.team import Environment
from bot.stages.build.model.run import Run
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.monitor.model.incident import Incident
from bot.team.environments.model.lock import Lock


class Kind(StrEnum):
    """Which rule it is."""

    ORDER = "order"
    CHECKS = "checks"
    SOAK = "soak"
    FREEZE = "freeze"
    LOCK = "lock"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One rule that says "not now".

    Attributes:
        rule: where it can be found and changed: a path in the team file, or the id of a lock.
        what: what is so, and why, without its end: it stands on cards, which stay as they are while time passes.
        until: when it ends by itself, where that is known (UTC).
        stops_votes: no yes counts while it is there; else it only keeps the deployment from starting.
        is_warning: it keeps nothing; whoever decides should know.
        key: what somebody has to name to override it; "" where nobody can.
        since: when it began, of what can be overridden: what is approved is to pass this one, and not the next.
    """

    kind: Kind
    rule: str
    what: str
    until: datetime | None = None
    stops_votes: bool = False
    is_warning: bool = False
    key: str = ""
    since: datetime | None = None

    def sentence(self, at: datetime) -> str:
        """What is so, and for how long still."""
        more = f", for {rounded(self.until - at)} more" if self.until and self.until > at else ""
        return f"{self.what[:1].upper()}{self.what[1:]}{more}." if self.kind is Kind.SOAK else f"{self.what}{more}."


class Frozen(Refusal):
    """A freeze stands in the way; the sentence says which, until when, and how it is overridden."""

    def __init__(self, obstacle: Obstacle, at: datetime, command: str) -> None:
        super().__init__(
            f"{obstacle.sentence(at)} Wait for its end, or ask for an override, which somebody else has to approve: "
            f'"{command} because …".'
        )
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True)
class Checks:
    """How the newest run of each pipeline of one commit stands."""

    runs: tuple[Run, ...] = ()
    absent: tuple[str, ...] = ()  # required, and never seen for this commit

    @classmethod
    def of(cls, runs: Collection[Run], required: Sequence[str] = ()) -> "Checks":
        """Of all that counts for a commit: the newest run of each check; a name said by others is another."""
        newest: dict[Hashable, Run] = {}
        for run in sorted(runs, key=lambda one: one.place):
            newest[run.identity] = run
        found = tuple(run for run in newest.values() if not any(one.replaces(run) for one in newest.values()))
        return cls(found, tuple(name for name in required if not any(run.is_named(name) for run in found)))

    def failed_of(self, required: Sequence[str]) -> list[str]:
        """Those of these checks that did not pass; one that several say must pass with each of them."""
        ended = (RunState.FAILED, RunState.CANCELLED)
        return [name for name in required if any(run.state in ended and run.is_named(name) for run in self.runs)]

    def pending_of(self, required: Sequence[str]) -> list[str]:
        """Those of these checks that have not ended, or never began."""
        going = [name for name in required if any(not r.state.ended and r.is_named(name) for r in self.runs)]
        return [*going, *(name for name in required if not any(run.is_named(name) for run in self.runs))]

    @property
    def green(self) -> int:
        """How many passed."""
        return sum(run.state is RunState.PASSED for run in self.runs)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of those that failed, or were cancelled."""
        return tuple(run.name for run in self.runs if run.state in (RunState.FAILED, RunState.CANCELLED))

    @property
    def pending(self) -> tuple[str, ...]:
        """Names of those that have not ended, or never began though they must."""
        return (*(run.name for run in self.runs if not run.state.ended), *self.absent)


@dataclass(frozen=True, slots=True)
class Freeze:
    """An environment that is frozen at an instant: by the calendar, or by somebody."""

    key: str  # name of the window, or id of what somebody set
    rule: str
    since: datetime  # a window of the calendar comes again under its name
    until: datetime
    by_name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Before:
    """How the same commit did in the environment before.

    ``since``: when the stay there that counts began; None where it never went live there. ``until``: when that ended,
    as something else came; None while it is live there.
    """

    environment: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the rules are about, as it is at one instant."""

    now: datetime
    checks: Checks = field(default_factory=Checks)
    before: Before | None = None
    freezes: tuple[Freeze, ...] = ()
    locks: tuple[Lock, ...] = ()
    incidents: tuple[Incident, ...] = ()  # those that are open, of this service or of none in particular
    latest: str = ""  # the deployment that ran last there

    def is_fix(self, deployment: Deployment) -> bool:
        """Whether what it is to fix is still open, and concerns its service."""
        return any(one.id == deployment.fixes for one in self.incidents)


def obstacles(deployment: Deployment, environment: Environment, facts: Facts) -> list[Obstacle]:
    """What stands in its way, warnings last.

    A rollback to what was approved and run here passes every rule: nothing may keep something broken live. One that
    waits for a yes passes all but a required check that failed; one that never ran is for those who say yes. The fix
    of an incident passes whatever asks to wait (locks, freezes, incidents, soak time) while that incident is open, not
    what asks whether it works.
    """
    if deployment.rolls_back:
        return _against_rollback(deployment, environment, facts)
    found = [*_order(deployment, environment, facts), *_checks(environment, facts)]
    if not facts.is_fix(deployment):
        found += _waits(deployment, environment, facts)
    return sorted(found, key=lambda one: one.is_warning)


def passed_as_fix(deployment: Deployment, environment: Environment, facts: Facts) -> list[Obstacle]:
    """What would keep it from starting now, were it not the fix of an open incident."""
    is_fix = facts.is_fix(deployment) and not deployment.rolls_back
    return start_waits(_waits(deployment, environment, facts)) if is_fix else []


def _waits(deployment: Deployment, environment: Environment, facts: Facts) -> list[Obstacle]:
    """What asks it to wait, whether or not it works."""
    passes = (deployment.overrides, deployment.overrides_since)
    people = {deployment.asked_by, *(vote.by for vote in deployment.approval.approvals)}
    return [
        *_soak(environment, facts),
        *(_frozen(environment, freeze) for freeze in facts.freezes if (freeze.key, freeze.since) != passes),
        *_locks(deployment.service, people, facts),
        *_incidents(environment, facts),
    ]


def still(
    service: str,
    environment: Environment,
    facts: Facts,
    people: Collection[str],
    passes: tuple[str, datetime | None] = ("", None),
) -> list[Obstacle]:
    """What keeps an environment still for whatever these people want there, warnings last; incidents only warn.

    ``passes`` is the freeze that was approved to be passed: its key, and when it began.
    """
    found = [_frozen(environment, freeze) for freeze in facts.freezes if (freeze.key, freeze.since) != passes]
    warnings = [replace(one, is_warning=True) for one in _incidents(environment, facts)]
    return [*found, *_locks(service, people, facts), *warnings]


def rule_of(environment: Environment, key: str) -> str:
    """Where the team file says so."""
    return f"environments.{environment.name}.{key}"


def _against_rollback(deployment: Deployment, environment: Environment, facts: Facts) -> list[Obstacle]:
    """Of a rollback that waits for a yes: what is known not to work, and that it takes back what has gone already."""
    if not deployment.unapproved:
        return []
    found = [replace(one, is_warning=not one.stops_votes) for one in _checks(environment, facts)]
    if facts.latest not in ("", deployment.rolls_back, deployment.id):
        what = f"{facts.latest} has come after {deployment.rolls_back}, which this was to take back"
        found.append(Obstacle(Kind.ORDER, facts.latest, what, stops_votes=True))
    return sorted(found, key=lambda one: one.is_warning)


def _order(deployment: Deployment, environment: Environment, facts: Facts) -> list[Obstacle]:
    if facts.before is None or facts.before.since is not None:
        return []
    what = f"{deployment.service} {deployment.version}" + (f" ({deployment.sha[:7]})" if deployment.sha else "")
    what += f" has not been live in {facts.before.environment}, which comes before {environment.name}"
    return [Obstacle(Kind.ORDER, rule_of(environment, "after"), what, stops_votes=True)]


def _checks(environment: Environment, facts: Facts) -> list[Obstacle]:
    rule = rule_of(environment, "checks")
    failed = facts.checks.failed_of(environment.checks)
    pending = facts.checks.pending_of(environment.checks)
    found: list[Obstacle] = []
    if failed:
        found.append(Obstacle(Kind.CHECKS, rule, f"{_listed(failed)} did not pass", stops_votes=True))
    if pending:
        has = "has" if len(pending) == 1 else "have"
        found.append(Obstacle(Kind.CHECKS, rule, f"{_listed(pending)} {has} not passed yet"))
    return found


def _soak(environment: Environment, facts: Facts) -> list[Obstacle]:
    if not environment.soak or facts.before is None or facts.before.since is None:
        return []
    until = facts.before.since + environment.soak
    if (facts.before.until or facts.now) >= until:
        return []
    what = f"it has to be in {facts.before.environment} for {rounded(environment.soak)}"
    if facts.before.until:
        stay = rounded(facts.before.until - facts.before.since)
        return [Obstacle(Kind.SOAK, rule_of(environment, "soak"), f"{what}, and was replaced there after {stay}")]
    return [Obstacle(Kind.SOAK, rule_of(environment, "soak"), what, until)]


def _frozen(environment: Environment, freeze: Freeze) -> Obstacle:
    by = f", set by {freeze.by_name}" if freeze.by_name else ""
    why = f": {freeze.reason}" if freeze.reason else ""
    what = f"{environment.name} is frozen ({freeze.key}{by}{why})"
    return Obstacle(
        Kind.FREEZE, freeze.rule, what, freeze.until, stops_votes=True, key=freeze.key, since=freeze.since
    )


def _locks(service: str, people: Collection[str], facts: Facts) -> list[Obstacle]:
    return [
        Obstacle(
            Kind.LOCK,
            lock.id,
            f"{lock.what} is locked by {lock.by_name}{f' ({lock.reason})' if lock.reason else ''}",
            lock.until,
        )
        for lock in facts.locks
        if lock.stops(service, people, facts.now)
    ]


def _incidents(environment: Environment, facts: Facts) -> list[Obstacle]:
    hold = environment.incidents
    rule = rule_of(environment, "incidents")
    return [
        Obstacle(
            Kind.INCIDENT, rule, f"{one.id} {one.title} is open ({one.severity})", is_warning=not hold.enforces
        )
        for one in facts.incidents
        if is_as_bad(one.severity, hold.severity)
    ]


def is_as_bad(severity: IncidentSeverity, limit: str) -> bool:
    """Whether an incident is at least as bad as this; severities are declared the worst first."""
    order = [str(one) for one in IncidentSeverity]
    return limit in order and order.index(str(severity)) <= order.index(limit)


def start_waits(found: Sequence[Obstacle]) -> list[Obstacle]:
    """Those that keep it from starting."""
    return [one for one in found if not one.is_warning]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
