"""What people look at: queues with positions, who is concerned with an environment."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.core.find_or_refuse import every
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.stages.deploy import cards as news
from bot.stages.deploy import rules
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.obstacles import Freeze, Obstacle
from bot.stages.deploy.model.slot import Slot
from bot.stages.manage.model.delivery_metrics import Delivery, delivery
from bot.stages.monitor import suspects
from bot.stages.monitor.model.incident import Incident, IncidentState
from bot.team.environments import locks
from bot.team.environments.model.lock import Lock

DAYS = 30  # of which the numbers of delivery are


@dataclass(frozen=True, slots=True)
class Place:
    """One deployment in the queue of its service; 0 is the one whose turn it is."""

    deployment: Deployment
    position: int
    held_by: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """What runs and waits in one environment, service by service, each in its order."""

    environment: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Concerned:
    """Who has to do with one service in an environment."""

    slot: Slot
    last: Deployment | None
    on_call: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Who:
    """Who has to do with an environment; ``approvers`` are roles of the rule that decides, or "members"."""

    environment: str
    services: tuple[Concerned, ...]
    approvers: tuple[str, ...]
    locks: tuple[Lock, ...]
    freezes: tuple[Freeze, ...]


async def queues(work: Work, environment: str | None = None) -> list[Queue]:
    """The queue of one environment, or of each that has one, in the order in which versions travel."""
    where: dict[str, Any] = {"environment": environment} if environment else {}
    coming = await every(work, Deployment, state=(State.QUEUED, State.RUNNING, State.UNKNOWN), **where)
    places = sorted(work.team.environments.values(), key=lambda one: one.order)
    found = [
        Queue(one.name, await _places(work, [d for d in coming if d.environment == one.name])) for one in places
    ]
    return [queue for queue in found if queue.places or queue.environment == environment]


async def who(work: Work, environment: str) -> Who:
    """Who has to do with this environment."""
    where = rules.environment_of(work, environment)
    held = await locks.held(work, environment)
    services: list[Concerned] = []
    for name in work.team.services:
        slot = next(iter(await work.find(Slot, service=name, environment=environment)), Slot.of(name, environment))
        last = await work.get(Deployment, slot.latest) if slot.latest else None
        services.append(Concerned(slot, last, await news.on_call(work, name)))
    return Who(
        environment,
        tuple(services),
        Policy(work.team).roles_for("deploy.approve", environment),
        tuple(held),
        rules.freezes_of(work, "", where, []),
    )


async def _places(work: Work, coming: list[Deployment]) -> tuple[Place, ...]:
    found: list[Place] = []
    for service in sorted({one.service for one in coming}):
        mine = [one for one in coming if one.service == service]
        slot = next(iter(await work.find(Slot, service=service, environment=mine[0].environment)), None)
        first = [one for one in mine if slot and one.id == slot.taken_by]
        rest = sorted((one for one in mine if one not in first), key=lambda one: one.queued_at or one.asked_at)
        for position, one in enumerate([*first, *rest], start=0 if first else 1):
            held = () if one in first else tuple(await rules.holding(work, one))
            found.append(Place(one, position, held))
    return tuple(found)


async def delivery_of(work: Work, service: str | None = None, days: int = DAYS) -> Delivery:
    """How delivery to the last environment went in these days, of one service or all."""
    places = sorted(work.team.environments.values(), key=lambda one: one.order)
    since = work.now - timedelta(days=days)
    live = await suspects.live_since(work, since, service)
    restored = [
        one
        async for one in work.changed(Incident, since)
        if one.state is IncidentState.RESOLVED and service in (None, one.service)
    ]
    return delivery(
        live,
        restored,
        await suspects.change_failure_of(work, live, since, service),
        places[-1].name if places else "",
        since,
        work.now + timedelta(microseconds=1),
    )
