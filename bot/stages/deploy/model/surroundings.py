"""What somebody who decides should see beside what ships: checks, what is live, incidents, and the risk in a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.stages.deploy.model.changes_shipped import Version
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.deploy.model.obstacles import Checks, Facts, Obstacle
from bot.stages.flags.model.flag import Flag

MANY_COMMITS, VERY_MANY_COMMITS = 20, 100


class Level(StrEnum):
    """How much may go wrong, as far as can be told from outside."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Risk:
    """A level, and what makes it so."""

    level: Level
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything around a deployment, as it is at one instant.

    ``before`` is the environment before, ``ran_since`` since when the same commit has been there; ``on_call`` are
    user ids; ``flags`` those that hide some of it there, each with who gets it: "checkout_v2 10 %";
    ``starts_by`` until when what holds it may hold it, before its approval is too old; ``passes`` what would hold it
    now, were it not the fix of an incident, and ``fixes_nothing`` that this incident is over.
    """

    checks: Checks = field(default_factory=Checks)
    live: Version | None = None
    obstacles: tuple[Obstacle, ...] = ()
    incidents: tuple[str, ...] = ()
    on_call: tuple[str, ...] = ()
    before: str = ""
    ran_since: datetime | None = None
    risk: Risk = Risk(Level.LOW)
    flags: tuple[str, ...] = ()
    starts_by: datetime | None = None
    passes: tuple[Obstacle, ...] = ()
    fixes_nothing: bool = False

    @property
    def outlasted(self) -> bool:
        """Whether what holds it lasts longer than its approval, as far as that can be told."""
        by = self.starts_by
        return by is not None and any(one.until and one.until > by for one in self.obstacles if not one.is_warning)


def picture(
    deployment: Deployment,
    facts: Facts,
    found: list[Obstacle],
    live: Version | None,
    on_call: tuple[str, ...] = (),
    flags: Sequence[Flag] = (),
    starts_by: datetime | None = None,
    passes: Sequence[Obstacle] = (),
) -> Picture:
    """What the card shows of these facts."""
    before = facts.before
    return Picture(
        facts.checks,
        live,
        tuple(found),
        tuple(f"{one.id} {one.title}" for one in facts.incidents),
        on_call,
        before.environment if before else "",
        before.since if before else None,
        risk(deployment, facts),
        tuple(f"{flag.id} {flag.serving(deployment.environment)}" for flag in flags),
        starts_by,
        tuple(passes),
        bool(deployment.fixes) and not facts.is_fix(deployment),
    )


def concerned(deployment: Deployment, linked: Iterable[Flag], of_service: Iterable[Flag]) -> list[Flag]:
    """Flags that say who will see what ships: those of its changes, then those of its service that are not fully on."""
    partly = (flag for flag in of_service if flag.is_active and not flag.serving(deployment.environment).is_on)
    return list({flag.id: flag for flag in (*linked, *partly)}.values())


def risk(deployment: Deployment, facts: Facts) -> Risk:
    """Counted from what is known; a point for each thing that has gone wrong elsewhere before."""
    ships = deployment.ships
    points: list[tuple[int, str]] = []
    if ships.migrations:
        points.append((2, "migration"))
    if ships.count is None and not deployment.rolls_back:
        points.append((1, "what ships is not known"))
    elif ships.count and ships.count > MANY_COMMITS:
        points.append((1 + (ships.count > VERY_MANY_COMMITS), f"{ships.count} commits"))
    if facts.checks.failed:
        points.append((2, f"{len(facts.checks.failed)} of {len(facts.checks.runs)} checks red"))
    elif not facts.checks.runs and deployment.sha:
        points.append((1, "no checks seen"))
    if ships.goes_back and not deployment.rolls_back:
        points.append((1, "goes back"))
    if facts.incidents:
        points.append((1, "open incident"))
    if facts.before and facts.before.since is None:
        points.append((1, f"not seen in {facts.before.environment}"))
    total = sum(weight for weight, _ in points)
    level = Level.HIGH if total >= 3 else Level.MEDIUM if total else Level.LOW
    return Risk(level, tuple(reason for _, reason in points))
