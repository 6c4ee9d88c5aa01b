"""Has what waits looked at again when the world around it moves: an incident, a lock, a flag, or the calendar."""

from bot.domain.freezes import next_turn
from bot.domain.jobs import Job
from bot.domain.ports import Work

AROUND = "deploy.around"


def look_around(work: Work, why: str, environment: str | None = None, service: str | None = None) -> None:
    """Have whatever waits there looked at once this is committed; without a name, in any environment, of any service.

    ``why`` names the occasion: the same one is looked at once.
    """
    args = {"environment": environment or "", "service": service or ""}
    work.owe(Job(AROUND, f"{AROUND}:{why}", work.now, args))


def look_at_next_turn(work: Work, environment: str) -> None:
    """Have the same done when the next freeze of this environment's calendar begins, or the one that is on ends."""
    where = work.team.environments.get(environment)
    at = next_turn(where.freezes, work.now) if where else None
    if at is not None:
        args = {"environment": environment, "service": ""}
        work.owe(Job(AROUND, f"{AROUND}:{environment}:{at:%Y%m%dT%H%M%S}", at, args))
