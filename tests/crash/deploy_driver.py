"""Starts replicas that deploy, moves their clock, kills one after the other, and lets the last come to its end."""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.crash import deploy_replica
from tests.crash.children import Children
from tests.crash.deploy_world import Phase, Shared

# Most often a little; now and then so much that whatever waits for a decision lapses.
MOVES_MINUTES = (*(0.1, 1, 1, 5, 5, 11, 30) * 3, 60, 250)


@dataclass(frozen=True)
class Plan:
    """How much is to happen. ``pause``: between two kills, in seconds, at least and at most."""

    histories: int
    kills: int
    replicas: int
    pause: tuple[float, float]


@dataclass
class Ran:
    """What was done to them, and how the last ones ended."""

    kills: int
    codes: list[int | None]


async def run_and_kill(url: str, folder: Path, chance: Random, plan: Plan) -> Ran:
    """All of it, until the last replicas have ended by themselves."""
    shared, children, kills = Shared(folder), Children(), 0
    moving = asyncio.create_task(_move_the_clock(shared, chance))
    while kills < plan.kills or shared.count()["asked"] < plan.histories:
        while len(children.alive) < plan.replicas:
            await children.start(deploy_replica.live, url, str(folder), chance.randrange(2**32), os.getpid())
        await asyncio.sleep(chance.uniform(*plan.pause))
        await children.kill(chance.choice(children.alive))
        kills += 1
    while len(children.alive) < plan.replicas:
        await children.start(deploy_replica.live, url, str(folder), chance.randrange(2**32), os.getpid())
    moving.cancel()
    await asyncio.gather(moving, return_exceptions=True)
    shared.phase = Phase.ENDING
    return Ran(kills, await children.finish())


async def _move_the_clock(shared: Shared, chance: Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(0.1, 0.7))
        shared.move_to(shared.now() + timedelta(minutes=chance.choice(MOVES_MINUTES)))


def figures(shared: Shared, ran: Ran, ends: Counter[str], starts: int, retried: int) -> dict[str, int]:
    """What happened, counted."""
    noted = shared.count()
    return {
        "histories": sum(ends.values()),
        "clicks": noted["click"],
        "refusals": noted["refusal"],
        "checks told": noted["checked"],
        "ref moves": noted["moved"],
        "kills": ran.kills,
        "starts": starts,
        "retries": retried,
        "unknowns settled": noted["settle"],
        "conflicts retried": noted["conflict"],
        "conflicts given up": noted["gave_up"],
        **{how: ends[how] for how in sorted(ends)},
    }
